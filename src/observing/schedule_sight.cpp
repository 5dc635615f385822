// SPDX-License-Identifier: BSD-3-Clause
#include "observing/schedule_sight.hpp"

#include <algorithm>
#include <cmath>
#include <variant>

#include "astro/error.hpp"
#include "observing/beam_path.hpp"

namespace astro::detail {

namespace {

/// Whether some turn of the first axis and the second are within the limits.
bool is_within(const Axes& axes, const MountLimits& limits) {
  if (axes.second < limits.second.from || axes.second > limits.second.to) return false;
  const double turn = std::ceil((limits.first.from - axes.first).degrees() / 360.0 - 1e-12);
  return axes.first + degrees(360.0 * turn) <= limits.first.to;
}

/// Whether it is too low for an alt-az mount, rather than too high or to one side.
bool is_under(const Axes& axes, const PlanningMount& mount) {
  return mount.description.geometry == Geometry::alt_az && axes.second < mount.limits.second.from;
}

/// How a mount that reaches over the zenith looks at what it cannot look at otherwise.
std::optional<Axes> over_the_zenith(const Axes& axes, const PlanningMount& mount) {
  if (mount.limits.second.to <= degrees(90)) return std::nullopt;
  try {
    return nearest_allowed(axes, mount.limits, mount.axes, mount.pointing);
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// The same place in the turn that is nearest to another.
Angle near_to(Angle angle, Angle other) {
  return angle + degrees(360.0 * std::round((other - angle).degrees() / 360.0));
}

/// Places that stand for all steps on the sky: for each target those whose offsets reach farthest.
std::vector<Step> places_of(const std::vector<Step>& steps) {
  constexpr Angle worth_it = degrees(0.2);
  std::vector<Step> places;
  const auto add = [&](const Step& step, Angle x, Angle y) {
    Step place{.target = step.target, .frame = step.frame, .x = x, .y = y, .to_x = x, .to_y = y, .drift = step.drift};
    if (x.abs() < worth_it && y.abs() < worth_it) place.x = place.y = place.to_x = place.to_y = Angle();
    if (std::ranges::find(places, place) == places.end()) places.push_back(std::move(place));
  };
  std::vector<const Step*> sited;
  for (const Step& step : steps) {
    if (!step.target.empty()) sited.push_back(&step);
  }
  if (sited.empty()) return places;
  add(*sited.front(), sited.front()->x, sited.front()->y);
  const auto farthest = [&](auto reach) {
    const Step& step = **std::ranges::max_element(sited, {}, [&](const Step* each) { return reach(*each); });
    add(step, step.x, step.y);
    add(step, step.to_x, step.to_y);
  };
  for (const double sign : {-1.0, 1.0}) {
    farthest([&](const Step& s) { return std::max(s.x * sign, s.to_x * sign); });
    farthest([&](const Step& s) { return std::max(s.y * sign, s.to_y * sign); });
  }
  std::vector<std::string> targets;
  for (const Step* step : sited) {  // a tipping curve has a target for each altitude
    if (std::ranges::find(targets, step->target) != targets.end()) continue;
    targets.push_back(step->target);
    add(*step, step->x, step->y);
  }
  return places;
}

}  // namespace

SkyTimes::SkyTimes(const Location& site, Time from, Duration every, std::size_t count)
    : SkyTimes(sky::Observer(site, sky::standard_weather(site)), from, every, count) {}

SkyTimes::SkyTimes(const sky::Observer& observer, Time from, Duration every, std::size_t count)
    : observer_(observer), every_(every) {
  times_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) times_.push_back(from + every * static_cast<std::int64_t>(i));
  sun_.resize(count);
  moon_.resize(count);
  observer_.altaz(Body::sun, times_, sun_);
  observer_.altaz(Body::moon, times_, moon_);
}

Wanted::Wanted(const Location& site, const QueuedRequest& queued, const std::vector<Step>& steps)
    : site_(site),
      places_(places_of(steps)),
      min_altitude_(queued.min_altitude),
      min_sun_distance_(queued.min_sun_distance),
      min_moon_distance_(queued.min_moon_distance) {
  for (const Step& place : places_) {
    const Target target = parse_target(place.target);
    if (std::holds_alternative<Body>(target) || std::holds_alternative<Ephemeris>(target)) repeats_daily_ = false;
  }
}

std::vector<AltAz> Wanted::place(const Step& step, const SkyTimes& sky) const {
  const sky::Observer& observer = sky.observer();
  std::vector<AltAz> places(sky.times().size());
  if (step.x == Angle() && step.y == Angle()) {
    const Target target = parse_target(step.target);
    if (!std::holds_alternative<Ephemeris>(target)) {
      observer.altaz(target, sky.times(), places);
      return places;
    }
  }
  const BeamPath path(step, site_);
  for (std::size_t i = 0; i < places.size(); ++i) {
    try {
      places[i] = path.place(observer, sky.times()[i], sky.times()[i]);
    } catch (const Error&) {  // before an ephemeris begins, after it ends: nobody knows where it is
      places[i] = {.azimuth = Angle(), .altitude = degrees(-90)};
    }
  }
  return places;
}

Bar Wanted::bar(const AltAz& place, std::size_t at, const SkyTimes& sky) const {
  if (place.altitude < std::max(Angle(), min_altitude_)) return Bar::below;
  if (min_sun_distance_ > Angle() && separation(place, sky.sun()[at]) < min_sun_distance_) return Bar::sun;
  if (min_moon_distance_ > Angle() && separation(place, sky.moon()[at]) < min_moon_distance_) return Bar::moon;
  return Bar::none;
}

std::vector<Sight> Wanted::at(const SkyTimes& sky, const PlanningMount* mount, const SafeSky* rules) const {
  std::vector<Sight> sights(sky.times().size());
  bool first = true;
  for (const Step& step : places_) {
    const std::vector<AltAz> places = place(step, sky);
    for (std::size_t i = 0; i < sights.size(); ++i) {
      Sight& sight = sights[i];
      if (sight.bar == Bar::none) sight.bar = bar(places[i], i, sky);
      if (mount == nullptr) continue;
      const Time time = sky.times()[i];
      const Axes axes = mount->pointing.axes_of(places[i], time);
      if (first) {
        sight.axes = axes;
        if (i > 0) sight.axes.first = near_to(axes.first, sights[i - 1].axes.first);
      }
      if (sight.bar != Bar::none) continue;
      if (!is_within(axes, mount->limits)) {
        const std::optional<Axes> flipped = over_the_zenith(axes, *mount);
        if (!flipped) sight.bar = is_under(axes, *mount) ? Bar::below : Bar::reach;
        else if (first)
          sight.axes = {near_to(flipped->first, i > 0 ? sights[i - 1].axes.first : axes.first), flipped->second};
      }
      if (sight.bar == Bar::none && rules != nullptr && rules->objection(places[i], time)) {
        sight.bar = separation(places[i], sky.sun()[i]) <= rules->section().sun_distance     ? Bar::sun
                    : separation(places[i], sky.moon()[i]) <= rules->section().moon_distance ? Bar::moon
                                                                                             : Bar::below;
      }
    }
    first = false;
  }
  return sights;
}

}  // namespace astro::detail
