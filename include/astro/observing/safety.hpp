// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "astro/observatory.hpp"
#include "astro/record.hpp"

/// \file
/// What keeps a mount, and who stands beside it, from harm: the `safety:` section of a site file.
///
///     safety:
///       dish:
///         horizon: [{azimuth: 0 deg, altitude: 8 deg}, {azimuth: 90 deg, altitude: 25 deg}]
///         sun_distance: 10 deg
///         starts_per_minute: 20
///         conditions:
///           - {point: weather.wind_speed, above: 15, for: 5 s, clear_for: 60 s, action: park}
///
/// It holds for everybody who moves the mount through libastro: observations, people, handsets.
namespace astro {

namespace detail {
struct SkyRules;
}

/// A point of the line above which the sky is free. Between two points it runs straight.
struct HorizonPoint {
  Angle azimuth{};
  Angle altitude{};

  bool operator==(const HorizonPoint&) const = default;
};

template <>
struct Description<HorizonPoint> {
  static constexpr std::array fields{
      field<&HorizonPoint::azimuth>("azimuth",
                                    {.min = 0, .max = 360, .says = "from north through east", .required = true}),
      field<&HorizonPoint::altitude>("altitude", {.min = 0, .max = 90, .says = "free sky above", .required = true})};
};

/// What is done about something: each includes those before it.
enum class SafetyAction : std::uint8_t {
  warn,    ///< said and written down
  refuse,  ///< nothing but stop and park is taken any more
  stop,    ///< what the mount does is ended
  park     ///< and it is parked
};

template <>
struct Description<SafetyAction> {
  static constexpr std::array choices{"warn", "refuse", "stop", "park"};
};

/// Something of another device under which the mount must not work: wind, rain, an alarm. A value of
/// bad quality, and one that has not come for `missing_after`, counts as if the condition were met:
/// who does not know how strong the wind is stays in.
struct SafetyCondition {
  std::string point{};            ///< its id: "weather.wind_speed"; of a bare device the point's name alone
  std::optional<double> above{};  ///< in the point's own unit
  std::optional<double> below{};
  Value equals{};                                 ///< true for an alarm; the name of a choice
  Duration lasting{};                             ///< met for so long before it counts
  Duration clear_for = std::chrono::seconds(60);  ///< not met for so long before it is over
  Duration missing_after = std::chrono::seconds(30);
  SafetyAction action = SafetyAction::park;

  bool operator==(const SafetyCondition&) const = default;
};

template <>
struct Description<SafetyCondition> {
  using C = SafetyCondition;
  static constexpr std::array fields{
      field<&C::point>("point", {.says = "id of a point, \"weather.wind_speed\"", .required = true}),
      field<&C::above>("above", {.says = "met above this, in the point's own unit"}),
      field<&C::below>("below", {.says = "met below this, in the point's own unit"}),
      field<&C::equals>("equals", {.says = "met when it is this: true, or the name of a choice"}),
      field<&C::lasting>("for", {.min = 0, .max = 86400, .says = "met for so long before it counts"}),
      field<&C::clear_for>("clear_for", {.min = 0, .max = 86400, .says = "not met for so long before it is over"}),
      field<&C::missing_after>("missing_after",
                               {.min = 0.1, .max = 86400, .says = "counts as met when no value has come for so long"}),
      field<&C::action>("action", {.says = "what is done about it"})};
};

/// The rules of one mount. What is left out is not watched.
struct SafetySection {
  std::vector<HorizonPoint> horizon{};
  Angle sun_distance{};
  SafetyAction sun_action = SafetyAction::warn;
  Angle moon_distance{};
  Duration braking = std::chrono::seconds(1);
  std::optional<Axes> park{};
  Angle slew_limit{};
  std::int64_t starts_per_minute = 0;
  Duration least_pause{};
  Duration stall_after = std::chrono::seconds(10);
  Angle stray{};
  Duration stray_after = std::chrono::seconds(5);
  std::vector<SafetyCondition> conditions{};

  bool operator==(const SafetySection&) const = default;
};

template <>
struct Description<SafetySection> {
  using S = SafetySection;
  static constexpr const char* name = "safety";
  static constexpr std::array fields{
      field<&S::horizon>("horizon", {.says = "the line above which the sky is free, straight between its points"}),
      field<&S::sun_distance>("sun_distance", {.min = 0, .max = 90, .says = "the beam stays so far from the Sun"}),
      field<&S::sun_action>("sun_action", {.says = "when the Sun comes to the beam"}),
      field<&S::moon_distance>("moon_distance", {.min = 0, .max = 90, .says = "the beam stays so far from the Moon"}),
      field<&S::braking>("braking",
                         {.min = 0, .max = 60, .says = "from the fastest rate to rest, where the driver does not say"}),
      field<&S::park>("park", {.says = "where it parks, where the driver does not say"}),
      field<&S::slew_limit>("slew_limit", {.min = 0, .says = "no axis turns faster, per second; 0: any rate"}),
      field<&S::starts_per_minute>("starts_per_minute",
                                   {.min = 0, .max = 6000, .says = "of the motors, while tracking; 0: any number"}),
      field<&S::least_pause>("least_pause", {.min = 0, .max = 60, .says = "between two starts while tracking"}),
      field<&S::stall_after>("stall_after",
                             {.min = 0, .max = 600, .says = "without getting nearer to its goal; 0: not watched"}),
      field<&S::stray>("stray", {.min = 0, .max = 180, .says = "this far from where it should be; 0: not watched"}),
      field<&S::stray_after>("stray_after", {.min = 0, .max = 600, .says = "for so long"}),
      field<&S::conditions>("conditions", {.says = "of other devices under which it must not work"})};
};

/// The rules of a mount as its site file has them; what does nothing where it has none.
ASTRO_API SafetySection safety_of(const Site& site, std::string_view mount);

/// Where a mount may look: a pure function of site, geometry, limits, rules and time. It holds no
/// device; copies share what they have computed, and any thread may ask. Places in the sky are apparent, as
/// refraction is in (radio, average weather of the site's height).
///
/// Sun and Moon are discs of forbidden sky of the radii that the rules give, also when they are a
/// little below the horizon: a rule that began at sunrise would come too late. Their places are
/// those of `sky::Observer`. Below the horizon's line, where there is one, all is forbidden.
class ASTRO_API SafeSky {
 public:
  /// `model`: null where the axes read where the beam is.
  SafeSky(const Location& site, Geometry geometry, const MountLimits& limits, SafetySection section,
          std::shared_ptr<const sky::PointingModel> model = nullptr);

  const SafetySection& section() const noexcept;
  const MountLimits& limits() const noexcept;

  /// Why the beam must not be there, in one sentence; nothing: it may. About 1 us.
  std::optional<std::string> objection(const AltAz& place, Time time) const;
  /// The same for the axes, which also have limits.
  std::optional<std::string> objection(const Axes& axes, Time time) const;
  /// As what the mount itself would throw: `unsafe` for Sun and Moon, `out_of_limits` for the axes and the horizon's
  /// line.
  std::optional<Error> refusal(const Axes& axes, Time time) const;

  /// How far from forbidden sky the beam is; negative: how far within (of the horizon's line the
  /// difference in altitude counts). 180 degrees where nothing is forbidden.
  Angle clearance(const AltAz& place, Time time) const;

  /// Way points, the last of which is the goal: moved to one after the other they pass no forbidden
  /// sky and no limit, however fast each axis turns: on a leg where both turn, all places that the two
  /// can combine to are free. From within forbidden sky the way first leads out and never deeper
  /// in. Checked to 0.02 degrees; the way that the Sun goes during the motion counts in full. The fastest
  /// of the ways that are tried (one leg, two, three); throws `unsafe` or `out_of_limits` with the
  /// reason when there is none.
  std::vector<Axes> route(const MountDescription& mount, const Axes& from, const Axes& to, Time time) const;

 private:
  std::shared_ptr<const detail::SkyRules> rules_;
};

/// The one of a mount of an open observatory, with its limits and what its driver found.
ASTRO_API SafeSky safe_sky(const Observatory& site, const std::string& mount);

}  // namespace astro
