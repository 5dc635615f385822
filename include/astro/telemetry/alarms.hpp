// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "astro/export.hpp"
#include "astro/record.hpp"
#include "astro/store_handle.hpp"

namespace astro::telemetry {

enum class AlarmLevel : std::uint8_t { normal, warning, alarm };
enum class AlarmState : std::uint8_t { raised, cleared };

/// A command that an alarm gave, and what became of it.
struct AlarmCommand {
  std::string id{};
  std::string device{};
  std::string command{};
  std::string state{};    ///< "completed", "rejected", ...
  std::string message{};  ///< why it failed
};

/// One occurrence of an alarm, from raised to cleared. It is over when it is cleared; somebody has seen it when it
/// is acknowledged: neither waits for the other.
struct Alarm {
  std::string id{};
  std::int64_t revision = 0;
  std::string name{};   ///< of the rule
  std::string point{};  ///< id of the point
  AlarmLevel level = AlarmLevel::normal;
  AlarmState state = AlarmState::raised;
  std::string message{};
  Value value{};  ///< at the last change
  std::string unit{};
  Time raised{};
  Time changed{};  ///< level or state
  std::optional<Time> cleared{};
  std::optional<Time> acknowledged{};  ///< taken back when the level rises
  std::string acknowledged_by{};
  std::string note{};  ///< of who acknowledged
  std::vector<AlarmCommand> commands{};
};

/// Newest first: those that are raised or that nobody has acknowledged, or all.
ASTRO_API std::vector<Alarm> list_alarms(const StoreHandle& store, bool with_ended = false);

/// Throws `not_found`; `invalid_argument` without a name, or for one that is acknowledged already.
ASTRO_API Alarm acknowledge_alarm(const StoreHandle& store, const std::string& id, const std::string& who, Time now,
                                  const std::string& note = "");

}  // namespace astro::telemetry

namespace astro {

template <>
struct Description<telemetry::AlarmLevel> {
  static constexpr std::array choices{"normal", "warning", "alarm"};
};

template <>
struct Description<telemetry::AlarmState> {
  static constexpr std::array choices{"raised", "cleared"};
};

template <>
struct Description<telemetry::AlarmCommand> {
  using C = telemetry::AlarmCommand;
  static constexpr std::array fields{
      field<&C::id>("id", {.says = "the command's id"}), field<&C::device>("device", {.says = "to which device"}),
      field<&C::command>("command", {.says = "its name"}), field<&C::state>("state", {.says = "how far it is"}),
      field<&C::message>("message", {.says = "what the device said"})};
};

template <>
struct Description<telemetry::Alarm> {
  using A = telemetry::Alarm;
  static constexpr const char* name = "alarm";
  static constexpr std::array fields{
      field<&A::id>("id", {.says = "of this occurrence"}),
      field<&A::revision>("revision", {.says = "counts changes"}),
      field<&A::name>("name", {.says = "of the rule in the site file"}),
      field<&A::point>("point", {.says = "id of the point"}),
      field<&A::level>("level", {.says = "how grave it is now; of a cleared one, how grave it was at last"}),
      field<&A::state>("state", {.says = "whether it is over"}),
      field<&A::message>("message", {.says = "for people"}),
      field<&A::value>("value", {.says = "of the point at the last change"}),
      field<&A::unit>("unit", {.says = "of the value"}),
      field<&A::raised>("raised", {.says = "when it began"}),
      field<&A::changed>("changed", {.says = "when level or state changed last"}),
      field<&A::cleared>("cleared", {.says = "when it was over"}),
      field<&A::acknowledged>("acknowledged", {.says = "when somebody had seen it; taken back when its level rises"}),
      field<&A::acknowledged_by>("acknowledged_by", {.says = "who"}),
      field<&A::note>("note", {.says = "of who acknowledged it"}),
      field<&A::commands>("commands", {.says = "that it gave, and what became of them"})};
};

}  // namespace astro
