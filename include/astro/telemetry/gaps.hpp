// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "astro/record.hpp"
#include "astro/time.hpp"

/// \file
/// What is known of points that are not there. Both ends of a range belong to it.
namespace astro::telemetry {

struct SequenceRange {
  std::int64_t first = 0;
  std::int64_t last = 0;

  bool operator==(const SequenceRange&) const = default;
};

/// How far a source has come since a start of it.
struct SourceMark {
  std::string key{};
  std::int64_t revision = 0;
  std::string source{};
  std::int64_t boot = 0;
  std::int64_t first = 0;   ///< of which one knows
  std::int64_t last = 0;    ///< the highest so far
  std::int64_t points = 0;  ///< that came, each counted once
  Time seen{};              ///< the time of the newest
};

/// Points of a source that did not come in their turn. What comes late is taken out of `missing`.
struct Gap {
  std::string key{};
  std::int64_t revision = 0;
  std::string source{};
  std::int64_t boot = 0;
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::vector<SequenceRange> missing{};
  Time noticed{};
  std::optional<Time> closed{};  ///< when the last of it had come
};

enum class LossReason : std::uint8_t {
  shed,    ///< there was no room for them, in the hub or on a node: the store or the broker was away for too long
  cleared  ///< somebody removed them from the history
};

struct Loss {
  std::string id{};
  Time time{};
  LossReason reason = LossReason::shed;
  std::int64_t points = 0;
  std::optional<Time> from{};  ///< of the measurements
  std::optional<Time> to{};
  std::string says{};  ///< who, or why
};

}  // namespace astro::telemetry

namespace astro {

template <>
struct Description<telemetry::SequenceRange> {
  using R = telemetry::SequenceRange;
  static constexpr std::array fields{field<&R::first>("first"), field<&R::last>("last")};
};

template <>
struct Description<telemetry::SourceMark> {
  using S = telemetry::SourceMark;
  static constexpr const char* name = "telemetry_source";
  static constexpr std::array fields{field<&S::key>("key", {.says = "source/boot"}),
                                     field<&S::revision>("revision", {.says = "counts changes"}),
                                     field<&S::source>("source", {.says = "who counts: device, or node/device"}),
                                     field<&S::boot>("boot", {.says = "rises with each start of the source"}),
                                     field<&S::first>("first", {.says = "sequence of the first point known of"}),
                                     field<&S::last>("last", {.says = "the highest sequence so far"}),
                                     field<&S::points>("points", {.says = "that came, each counted once"}),
                                     field<&S::seen>("seen", {.says = "the time of the newest point"})};
};

template <>
struct Description<telemetry::Gap> {
  using G = telemetry::Gap;
  static constexpr const char* name = "telemetry_gap";
  static constexpr std::array fields{field<&G::key>("key", {.says = "source/boot/first"}),
                                     field<&G::revision>("revision", {.says = "counts changes"}),
                                     field<&G::source>("source", {.says = "who counts: device, or node/device"}),
                                     field<&G::boot>("boot", {.says = "of the source"}),
                                     field<&G::first>("first", {.says = "sequence of the first that did not come"}),
                                     field<&G::last>("last", {.says = "sequence of the last that did not come"}),
                                     field<&G::missing>("missing", {.says = "what of it is missing still"}),
                                     field<&G::noticed>("noticed", {.says = "when the jump was seen"}),
                                     field<&G::closed>("closed", {.says = "when the last of it had come"})};
};

template <>
struct Description<telemetry::LossReason> {
  static constexpr std::array choices{"shed", "cleared"};
};

template <>
struct Description<telemetry::Loss> {
  using L = telemetry::Loss;
  static constexpr const char* name = "telemetry_loss";
  static constexpr std::array fields{field<&L::id>("id", {.says = "unlike any other"}),
                                     field<&L::time>("time", {.says = "when it was written down"}),
                                     field<&L::reason>("reason", {.says = "why they are not there"}),
                                     field<&L::points>("points", {.says = "how many"}),
                                     field<&L::from>("from", {.says = "time of the first measurement"}),
                                     field<&L::to>("to", {.says = "time of the last measurement"}),
                                     field<&L::says>("says", {.says = "who did it, or why"})};
};

}  // namespace astro
