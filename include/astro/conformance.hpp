// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "astro/export.hpp"
#include "astro/record.hpp"
#include "astro/registry.hpp"

/// \file
/// Whether a driver keeps what the header of its interface promises: the checks behind `astro conform`, and behind
/// the tests of all drivers of this project.
namespace astro {

/// One promise of a header, and how it is tried.
struct ConformanceCheck {
  std::string id{};       ///< stable: "M-03"
  std::string header{};   ///< "astro/mount.hpp"
  std::string promise{};  ///< the sentence of the header
  std::string tries{};    ///< what is done
};

/// Those for a kind of driver, in the order in which they are tried: first what holds for all drivers.
ASTRO_API std::vector<ConformanceCheck> conformance_checks(DeviceKind kind);

enum class Verdict : std::uint8_t {
  passed,
  failed,
  blocked,      ///< cannot be judged, because a more basic promise is not kept
  not_offered,  ///< the driver's description says that it does not do this, or it cannot be seen from here
  left_out      ///< by whoever asked
};

/// What became of one check.
struct CheckResult {
  std::string id{};
  std::string header{};
  std::string promise{};
  Verdict verdict = Verdict::passed;
  std::string message{};  ///< what was seen, unless it passed
  Duration took{};
};

struct ConformanceReport {
  std::string driver{};
  std::string kind{};
  std::string plugin{};
  std::string version{};
  std::string runs{};  ///< "here", "apart", or "node NAME"
  std::vector<CheckResult> results{};

  ASTRO_API std::size_t count(Verdict verdict) const noexcept;
  /// Nothing failed, and nothing is blocked.
  bool is_kept() const noexcept { return count(Verdict::failed) == 0 && count(Verdict::blocked) == 0; }
};

/// Which driver is tried: a device of a site. Its settings, where it runs and the transports on the way to it are
/// those of the site, and a device of the same plugin that its settings name is open beside it, where both run here. A
/// limit of a mount is never passed.
struct ConformanceSubject {
  std::string site{};            ///< YAML; empty: what the file has
  std::filesystem::path file{};  ///< empty: none
  std::string device{};
};

/// A site with nothing but this driver. `settings` are keys of a device in a site file, `runs` among them, with values
/// as one writes them there: {"port", "4533"}, {"runs", "apart"}.
ASTRO_API ConformanceSubject conformance_subject(DeviceKind kind, const std::string& driver,
                                                 const std::vector<std::pair<std::string, std::string>>& settings = {});

struct ConformanceOptions {
  std::vector<std::string> only{};                 ///< ids; empty: all
  std::vector<std::string> except{};               ///< ids that are left out, and said to be
  Duration at_most = std::chrono::minutes(3);      ///< of one check
  std::function<void(const CheckResult&)> told{};  ///< called after each
};

/// Tries each promise in a process of its own, so that a driver that crashes, hangs or leaves threads behind is
/// reported and no more. This moves the device, and uses whatever it has. Throws `invalid_site` for a site with
/// problems, `not_found` for a device or a check that is not there.
ASTRO_API ConformanceReport run_conformance(const ConformanceSubject& subject, const ConformanceOptions& options = {});

template <>
struct Description<Verdict> {
  static constexpr std::array choices{"passed", "failed", "blocked", "not_offered", "left_out"};
};

template <>
struct Description<ConformanceCheck> {
  static constexpr std::array fields{
      field<&ConformanceCheck::id>("id", {.says = "stable"}),
      field<&ConformanceCheck::header>("header", {.says = "that makes the promise"}),
      field<&ConformanceCheck::promise>("promise", {.says = "the sentence of the header"}),
      field<&ConformanceCheck::tries>("tries", {.says = "what is done"})};
};

template <>
struct Description<CheckResult> {
  static constexpr std::array fields{
      field<&CheckResult::id>("id", {.says = "of the check"}),
      field<&CheckResult::header>("header", {.says = "that makes the promise"}),
      field<&CheckResult::promise>("promise", {.says = "the sentence of the header"}),
      field<&CheckResult::verdict>("verdict", {.says = "whether it is kept"}),
      field<&CheckResult::message>("message", {.says = "what was seen, unless it passed"}),
      field<&CheckResult::took>("took", {.says = "real time"})};
};

template <>
struct Description<ConformanceReport> {
  static constexpr std::array fields{
      field<&ConformanceReport::driver>("driver", {.says = "as a site file names it"}),
      field<&ConformanceReport::kind>("kind", {.says = "mount, receiver, controller, transport or store"}),
      field<&ConformanceReport::plugin>("plugin", {.says = "that brought it"}),
      field<&ConformanceReport::version>("version", {.says = "of the plugin"}),
      field<&ConformanceReport::runs>("runs", {.says = "here, apart, or on which node"}),
      field<&ConformanceReport::results>("results", {.says = "of each check"})};
};

}  // namespace astro
