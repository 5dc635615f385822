// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "astro/authority.hpp"
#include "astro/export.hpp"
#include "astro/record.hpp"
#include "astro/site.hpp"
#include "astro/telemetry/alarms.hpp"

/// \file
/// The `telemetry:` section of a site file.
///
///     telemetry:
///       store: archive
///       points:
///         dish.altitude: {dead_band: 0.01 deg, every: 10 s}
///         "weather.*": {every: 1 min}
///       alarms:
///         wind:
///           point: weather.wind_speed
///           high_warning: 12
///           high_alarm: 15
///           hysteresis: 1
///           delay: 5 s
///           stale_after: 30 s
///           actions: [{device: dish, command: park}]
///
/// In a pattern `*` stands for any text. A limit is a number in the point's own unit, or a quantity with its unit.
namespace astro::telemetry {

/// What of a point is kept in the history. A change of quality is always kept.
struct PointRule {
  Value dead_band{};    ///< kept when it differs by more from what was kept last
  Duration every{};     ///< at most one in so long
  Duration at_least{};  ///< one in so long also when nothing changes; zero: not
};

enum class ActionAt : std::uint8_t { warning, alarm, cleared };

/// An ordinary command that an alarm gives. In its texts {alarm}, {point}, {value}, {level} and {message} are replaced.
struct AlarmAction {
  std::string device{};
  std::string command{};
  Value parameters{};
  ActionAt at = ActionAt::alarm;
  Rank rank = Rank::operator_;
};

struct AlarmRule {
  std::string point{};  ///< id or pattern
  Value low_alarm{};
  Value low_warning{};
  Value high_warning{};
  Value high_alarm{};
  Value hysteresis{};      ///< back by more than this before the level falls
  Value states{};          ///< a map from a state's name (or true, false) to warning or alarm
  Duration delay{};        ///< before the level rises
  Duration clear_for{};    ///< before it falls
  Duration stale_after{};  ///< nothing good for so long is an alarm itself; zero: not watched
  AlarmLevel stale_level = AlarmLevel::warning;
  std::string says{};
  std::vector<AlarmAction> actions{};
};

struct TelemetrySection {
  std::string store{};  ///< empty: the site's only one, or none
  Duration write_every = std::chrono::seconds(1);
  std::int64_t waiting = 65536;  ///< points at most that wait for the store
  Value points{};                ///< from pattern to PointRule; the first that fits counts
  Value alarms{};                ///< from name to AlarmRule
};

/// The rules of the section. Throw `invalid_argument` where the section is not checked.
ASTRO_API std::vector<std::pair<std::string, PointRule>> point_rules(const TelemetrySection& section);
ASTRO_API std::vector<std::pair<std::string, AlarmRule>> alarm_rules(const TelemetrySection& section);

/// The store that the section means: its own, the site's only one, or none.
ASTRO_API std::optional<std::string> store_of(const TelemetrySection& section, const Site& site);

/// A limit in a point's unit. Throws `invalid_argument`.
ASTRO_API double limit_in(const Value& limit, std::string_view unit);

}  // namespace astro::telemetry

namespace astro {

template <>
struct Description<telemetry::PointRule> {
  using R = telemetry::PointRule;
  static constexpr const char* name = "point_rule";
  static constexpr std::array fields{
      field<&R::dead_band>("dead_band", {.says = "kept when it differs by more from what was kept last"}),
      field<&R::every>("every", {.min = 0, .max = 86400, .says = "at most one in so long"}),
      field<&R::at_least>("at_least", {.min = 0, .max = 864000, .says = "one in so long also when nothing changes"})};
};

template <>
struct Description<telemetry::ActionAt> {
  static constexpr std::array choices{"warning", "alarm", "cleared"};
};

template <>
struct Description<telemetry::AlarmAction> {
  using A = telemetry::AlarmAction;
  static constexpr const char* name = "alarm_action";
  static constexpr std::array fields{
      field<&A::device>("device", {.says = "to which device", .required = true}),
      field<&A::command>("command", {.says = "park, stop, or any other that it understands", .required = true}),
      field<&A::parameters>("parameters", {.says = "of the command"}),
      field<&A::at>("at", {.says = "when the alarm comes to this"}),
      field<&A::rank>("rank", {.says = "with which it commands"})};
};

template <>
struct Description<telemetry::AlarmRule> {
  using R = telemetry::AlarmRule;
  static constexpr const char* name = "alarm_rule";
  static constexpr std::array fields{
      field<&R::point>("point", {.says = "id of a point, or a pattern with *", .required = true}),
      field<&R::low_alarm>("low_alarm", {.says = "an alarm below this"}),
      field<&R::low_warning>("low_warning", {.says = "a warning below this"}),
      field<&R::high_warning>("high_warning", {.says = "a warning above this"}),
      field<&R::high_alarm>("high_alarm", {.says = "an alarm above this"}),
      field<&R::hysteresis>("hysteresis", {.says = "back by more than this before the level falls"}),
      field<&R::states>("states", {.says = "a map from a state to warning or alarm"}),
      field<&R::delay>("delay", {.min = 0, .max = 86400, .says = "so long before the level rises"}),
      field<&R::clear_for>("clear_for", {.min = 0, .max = 86400, .says = "so long before it falls"}),
      field<&R::stale_after>("stale_after",
                             {.min = 0, .max = 864000, .says = "nothing good for so long; 0 s: not watched"}),
      field<&R::stale_level>("stale_level", {.says = "how grave that is"}),
      field<&R::says>("says", {.says = "for people, before the value"}),
      field<&R::actions>("actions", {.says = "commands that it gives"})};
};

template <>
struct Description<telemetry::TelemetrySection> {
  using S = telemetry::TelemetrySection;
  static constexpr const char* name = "telemetry";
  static constexpr std::array fields{
      field<&S::store>("store",
                       {.says = "where the history is kept; if empty the only one, or none", .names = "store"}),
      field<&S::write_every>("write_every", {.min = 0.01, .max = 3600, .says = "how often points go to the store"}),
      field<&S::waiting>("waiting", {.min = 1000, .max = 1e8, .says = "points that may wait for the store"}),
      field<&S::points>("points", {.says = "from a pattern to what of those points is kept"}),
      field<&S::alarms>("alarms", {.says = "from a name to what is an alarm"})};
};

}  // namespace astro
