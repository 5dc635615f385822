// SPDX-License-Identifier: BSD-3-Clause
#include "pointing.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <variant>

#include "astro/error.hpp"
#include "axis_turns.hpp"

namespace astro::detail {

namespace {

constexpr Duration kept_for = std::chrono::minutes(20);
constexpr Duration most_apart = std::chrono::seconds(5);

std::string degrees_text(Angle angle) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", angle.degrees());
  return text;
}

[[noreturn]] void refuse(const char* axis, Angle value, const AxisRange& range) {
  throw Error(ErrorCode::out_of_limits, std::string(axis) + " " + degrees_text(value) + " deg is outside its limits, " +
                                            degrees_text(range.from) + " to " + degrees_text(range.to) + " deg");
}

/// The allowed turn that is nearest, if there is one.
std::optional<Angle> nearest_turn(Angle wanted, const AxisRange& range, Angle near) {
  const std::vector<Angle> turns = turns_within(wanted, range);
  const auto nearest = std::min_element(turns.begin(), turns.end(),
                                        [near](Angle a, Angle b) { return (a - near).abs() < (b - near).abs(); });
  return nearest == turns.end() ? std::nullopt : std::optional(*nearest);
}

std::optional<Axes> allowed(const Axes& wanted, const MountLimits& limits, const Axes& near) {
  if (!is_within(wanted.second, limits.second)) return std::nullopt;
  const std::optional<Angle> first = nearest_turn(wanted.first, limits.first, near.first);
  if (!first) return std::nullopt;
  return Axes{*first, clamped(wanted.second, limits.second)};
}

/// Axes whose second is between -90 and 90 degrees and look at the same place.
Axes unflipped(const Axes& axes) {
  const Angle second = axes.second.wrapped_signed();
  if (second.abs() <= degrees(90)) return {axes.first, second};
  return {axes.first + half_turn, (second > Angle() ? half_turn : -half_turn) - second};
}

}  // namespace

std::array<const char*, 2> Pointing::axis_names(Geometry geometry) noexcept {
  switch (geometry) {
    case Geometry::alt_az:
      return {"azimuth", "altitude"};
    case Geometry::hour_angle_dec:
      return {"hour_angle", "declination"};
    case Geometry::ra_dec:
      return {"right_ascension", "declination"};
  }
  return {"first", "second"};
}

AltAz visible_place(const sky::Observer& observer, const Target& target, Time time) {
  const AltAz place = observer.altaz(target, time);
  // Who says an altitude means it: a horn is turned to the ground as to a load. The mount's limits hold.
  if (place.altitude < Angle() && !std::holds_alternative<AltAz>(target)) {
    throw Error(ErrorCode::not_visible, "target " + to_string(target) + " is below the horizon at " +
                                            format_time(time, 0) + ": altitude " + degrees_text(place.altitude) +
                                            " deg; choose another target or time");
  }
  return place;
}

PointingModelPtr pointing_model_of(const DeviceEntry& mount, Geometry geometry, const Location& site) {
  if (mount.pointing.empty()) return nullptr;
  try {
    return std::make_shared<const sky::PointingModel>(geometry, mount.pointing, site.latitude);
  } catch (const Error&) {
    if (mount.node.empty()) throw;
    return nullptr;
  }
}

Axes Pointing::axes_of(const AltAz& place, Time time) const {
  const auto read = [this](const Axes& ideal) { return model_ ? model_->axes_of(ideal) : ideal; };
  if (geometry_ == Geometry::alt_az) return read({place.azimuth, place.altitude});
  const sky::HourAngleDec found = sky::hour_angle_dec(place, site_);
  if (geometry_ == Geometry::hour_angle_dec) return read({found.hour_angle, found.dec});
  return {(sky::sidereal_time(site_, time) - found.hour_angle).wrapped(), found.dec};
}

Axes Pointing::flipped(const Axes& axes) const { return detail::flipped(axes, model_.get()); }

AltAz Pointing::place_of(const Axes& axes, Time time) const {
  const Axes plain = unflipped(model_ ? model_->place_of(axes) : axes);
  if (geometry_ == Geometry::alt_az) return {plain.first.wrapped(), plain.second};
  const Angle hour_angle =
      geometry_ == Geometry::hour_angle_dec ? plain.first : sky::sidereal_time(site_, time) - plain.first;
  return sky::altaz(sky::HourAngleDec{hour_angle, plain.second}, site_);
}

Axes nearest_allowed(const Axes& wanted, const MountLimits& limits, const Axes& near, const Pointing& pointing) {
  if (const auto straight = allowed(wanted, limits, near)) return *straight;
  if (const auto over_the_zenith = allowed(pointing.flipped(wanted), limits, near)) return *over_the_zenith;
  const auto names = Pointing::axis_names(pointing.geometry());
  if (!is_within(wanted.second, limits.second)) refuse(names[1], wanted.second, limits.second);
  refuse(names[0], wanted.first, limits.first);
}

std::vector<Axes> all_allowed(const Axes& wanted, const MountLimits& limits, const Axes& near,
                              const Pointing& pointing) {
  std::vector<Axes> found{nearest_allowed(wanted, limits, near, pointing)};
  for (const Axes& way : {wanted, pointing.flipped(wanted)}) {
    if (!is_within(way.second, limits.second)) continue;
    for (const Angle turn : turns_within(way.first, limits.first)) {
      const Axes one{turn, clamped(way.second, limits.second)};
      if (one != found.front()) found.push_back(one);
    }
  }
  std::sort(found.begin() + 1, found.end(),
            [&](const Axes& a, const Axes& b) { return (a.first - near.first).abs() < (b.first - near.first).abs(); });
  return found;
}

void check_limits(const Axes& axes, const MountLimits& limits, Geometry geometry) {
  const auto names = Pointing::axis_names(geometry);
  if (!std::isfinite(axes.first.radians()) || !std::isfinite(axes.second.radians())) {
    throw Error(ErrorCode::invalid_argument, "an axis was given a value that is not finite");
  }
  if (!is_within(axes.first, limits.first)) refuse(names[0], axes.first, limits.first);
  if (!is_within(axes.second, limits.second)) refuse(names[1], axes.second, limits.second);
}

MountLimits intersection(const MountLimits& a, const MountLimits& b) {
  const auto both = [](const AxisRange& x, const AxisRange& y) {
    return AxisRange{std::max(x.from, y.from), std::min(x.to, y.to)};
  };
  return {both(a.first, b.first), both(a.second, b.second)};
}

void PointingHistory::add(Time time, const AltAz& place) {
  const std::lock_guard lock(mutex_);
  // A clock that was set back would break the order: what lies after it is no history any more.
  while (!readings_.empty() && readings_.back().time >= time) readings_.pop_back();
  readings_.push_back({time, place});
  while (readings_.front().time < time - kept_for) readings_.pop_front();
}

std::optional<AltAz> PointingHistory::at(Time time) const {
  const std::lock_guard lock(mutex_);
  const auto later = std::lower_bound(readings_.begin(), readings_.end(), time,
                                      [](const Reading& reading, Time wanted) { return reading.time < wanted; });
  const bool has_later = later != readings_.end() && later->time - time <= most_apart;
  const bool has_earlier = later != readings_.begin() && time - std::prev(later)->time <= most_apart;
  if (!has_earlier && !has_later) return std::nullopt;
  if (!has_earlier) return later->place;
  const Reading& earlier = *std::prev(later);
  if (!has_later) return earlier.place;
  const double part = seconds(time - earlier.time) / seconds(later->time - earlier.time);
  const Angle turned = (later->place.azimuth - earlier.place.azimuth).wrapped_signed();
  return AltAz{(earlier.place.azimuth + turned * part).wrapped(),
               earlier.place.altitude + (later->place.altitude - earlier.place.altitude) * part};
}

}  // namespace astro::detail
