// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gmock/gmock.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "astro/observatory.hpp"
#include "core/bench.hpp"
#include "testing/testing.hpp"

/// \file
/// What is true of every device, wherever its driver runs. Whoever makes another place for drivers says how a site is
/// opened whose drivers run there, and runs the suite:
///
///     INSTANTIATE_TEST_SUITE_P(Elsewhere, DeviceConformance, ::testing::Values(Place{...}), name_of);
namespace astro::testing {

/// A site that is open, and whatever else has to live as long.
struct Opened {
  Opened(Observatory opened, std::shared_ptr<void> server = {}) : served_by(std::move(server)), site(opened) {}
  std::shared_ptr<void> served_by;
  Observatory site;  // goes first
};

struct Place {
  std::string name{};
  /// Opens the site with its drivers there. They belong to the plugin "obliging", see plugin/obliging.cpp.
  std::function<Opened(Site site, const OpenOptions& options)> open{};
};
inline std::string name_of(const ::testing::TestParamInfo<Place>& info) { return info.param.name; }
inline void PrintTo(const Place& place, std::ostream* out) { *out << place.name; }

Place here();
Place apart();
Place on_node();  ///< of this process, over a real broker

/// A site with a mount `dish`, a receiver `hydrogen` on it and a controller `lamp`, each with a folder in which its
/// driver is asked for things and tells what was called.
class Obliging final : public Listener {
 public:
  explicit Obliging(const Place& place, std::shared_ptr<Clock> clock = nullptr);
  ~Obliging() override;

  const Observatory& site() const { return site_->site; }
  MountHandle dish() const { return site().mount("dish"); }
  ReceiverHandle hydrogen() const { return site().receiver("hydrogen"); }
  ControllerHandle lamp() const { return site().controller("lamp"); }
  void close() { site_.reset(); }
  const std::filesystem::path& folder() const { return folder_.path(); }

  /// "hang.move_to", "throw.poll", ...: as the driver's source has it.
  void ask(const std::string& device, const std::string& what, const std::string& text = {}) const;
  void ask_no_more(const std::string& device, const std::string& what) const;
  /// What the driver told, a line each.
  std::vector<std::string> told(const std::string& device) const;
  bool tells(const std::string& device, const std::string& line) const;
  std::size_t count(const std::string& device, const std::string& beginning) const;
  /// Of the driver's process, from the last time that it was opened.
  int process(const std::string& device) const;
  /// What was noticed of a device.
  std::string noticed() const;

  void notice(const Notice& notice) override;

 private:
  TemporaryFolder folder_;
  Registry registry_;
  mutable std::mutex mutex_;
  std::string noticed_;
  std::optional<Opened> site_;
  Subscription subscription_;
};

class DeviceConformance : public ::testing::TestWithParam<Place> {};

}  // namespace astro::testing
