// SPDX-License-Identifier: BSD-3-Clause
#include "observing/forbidden_sky.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numbers>
#include <tuple>
#include <utility>

#include "astro/sky/frames.hpp"

namespace astro::detail {

namespace {

constexpr double pi = std::numbers::pi;
/// The finest that is looked at: half of 0.02 degrees.
constexpr double finest = 0.01 * pi / 180.0;
/// How fast the sky turns at most, with what the Moon adds to it: 15.04 arcsec a second of time.
constexpr double sky_rate = 15.1 / 3600.0 * pi / 180.0;

using Vector = std::array<double, 3>;

Vector vector_of(const AltAz& place) {
  const double cosine = std::cos(place.altitude.radians());
  return {cosine * std::cos(place.azimuth.radians()), cosine * std::sin(place.azimuth.radians()),
          std::sin(place.altitude.radians())};
}

/// The angle between two unit vectors by their chord: right also where it is small.
double between(const Vector& a, const Vector& b) {
  const double x = a[0] - b[0];
  const double y = a[1] - b[1];
  const double z = a[2] - b[2];
  return 2.0 * std::asin(std::min(1.0, 0.5 * std::sqrt(x * x + y * y + z * z)));
}

std::string shown(Angle angle) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g deg", angle.degrees());
  return text;
}

}  // namespace

Horizon::Horizon(std::vector<HorizonPoint> points) : points_(std::move(points)) {
  for (HorizonPoint& point : points_) point.azimuth = point.azimuth.wrapped();
  std::ranges::sort(points_, {}, &HorizonPoint::azimuth);
}

Angle Horizon::at(Angle azimuth) const noexcept {
  const Angle here = azimuth.wrapped();
  const auto after = std::ranges::upper_bound(points_, here, {}, &HorizonPoint::azimuth);
  const HorizonPoint& right = after == points_.end() ? points_.front() : *after;
  const HorizonPoint& left = after == points_.begin() ? points_.back() : *std::prev(after);
  const double width = (right.azimuth - left.azimuth).wrapped().radians();
  if (width == 0.0) return left.altitude;
  return left.altitude + (right.altitude - left.altitude) * ((here - left.azimuth).wrapped().radians() / width);
}

Angle Horizon::highest(Angle from, Angle width) const noexcept {
  Angle found = std::max(at(from), at(from + width));
  for (const HorizonPoint& point : points_) {
    if (width >= degrees(360) || (point.azimuth - from).wrapped() <= width) found = std::max(found, point.altitude);
  }
  return found;
}

namespace {

/// Near the zenith a term that is a part of a degree of the sky is many of the axis: a quarter of the way, where the
/// model bounds it.
double bends_of(const PointingModelPtr& model) {
  if (!model || model->bend() == Angle()) return 0.0;
  return 0.5 + model->bend().radians();
}

}  // namespace

SkyRules::SkyRules(const Location& where, Geometry which, const MountLimits& given, SafetySection wanted,
                   PointingModelPtr model)
    : site(where),
      geometry(which),
      limits(given),
      section(std::move(wanted)),
      horizon(section.horizon),
      pointing(which == Geometry::alt_az ? which : Geometry::hour_angle_dec, where, std::move(model)),
      bends(bends_of(pointing.model())),
      observer(where, sky::standard_weather(where)) {}

ForbiddenSky::ForbiddenSky(const SkyRules& rules, Time time, Duration lasts)
    : rules_(rules), has_horizon_(!rules.horizon.empty()) {
  if (rules.geometry == Geometry::ra_dec) sidereal_ = sky::sidereal_time(rules.site, time);
  add(Obstacle::sun, Body::sun, rules.section.sun_distance, time, lasts);
  add(Obstacle::moon, Body::moon, rules.section.moon_distance, time, lasts);
}

void ForbiddenSky::add(Obstacle obstacle, Body body, Angle radius, Time time, Duration lasts) {
  if (radius <= Angle()) return;
  const AltAz centre = rules_.observer.altaz(body, time + lasts / 2);
  const double swept = 0.5 * seconds(lasts) * sky_rate;
  discs_[static_cast<std::size_t>(obstacle)] = Disc{vector_of(centre), radius.radians() + swept};
}

AltAz ForbiddenSky::look(const Axes& axes) const {
  const Axes on_ground = rules_.geometry == Geometry::ra_dec ? Axes{sidereal_ - axes.first, axes.second} : axes;
  return rules_.pointing.place_of(on_ground, Time{});
}

ForbiddenSky::Clearances ForbiddenSky::clearances(const AltAz& place) const {
  Clearances found;
  found.fill(free_of_all);
  const Vector beam = vector_of(place);
  for (std::size_t i = 0; i < discs_.size(); ++i) {
    if (discs_[i]) found[i] = between(beam, discs_[i]->centre) - discs_[i]->radius;
  }
  if (has_horizon_) found[2] = (place.altitude - rules_.horizon.at(place.azimuth)).radians();
  return found;
}

std::optional<ForbiddenSky::Found> ForbiddenSky::objection(const AltAz& place) const {
  const Clearances clear = clearances(place);
  for (const auto& [obstacle, name, wanted] : {std::tuple{Obstacle::sun, "Sun", rules_.section.sun_distance},
                                               std::tuple{Obstacle::moon, "Moon", rules_.section.moon_distance}}) {
    const double distance = clear[static_cast<std::size_t>(obstacle)];
    if (distance >= 0.0) continue;
    const Angle is = radians(distance + discs_[static_cast<std::size_t>(obstacle)]->radius);
    return Found{obstacle, std::string("the ") + name + " is " + shown(is) + " from azimuth " + shown(place.azimuth) +
                               ", altitude " + shown(place.altitude) + "; the beam must stay " + shown(wanted) +
                               " from it"};
  }
  // An end of the horizon that was given by hand is no reason to refuse the last digit.
  constexpr double hair = 1e-8;
  if (clear[2] >= -hair) return std::nullopt;
  return Found{Obstacle::horizon, "altitude " + shown(place.altitude) + " is below the horizon's line at azimuth " +
                                      shown(place.azimuth) + ", " + shown(rules_.horizon.at(place.azimuth))};
}

bool ForbiddenSky::is_free(const Axes& corner, const Axes& other) const {
  return is_free(Cell{{(corner.first + other.first) / 2, (corner.second + other.second) / 2},
                      0.5 * (corner.first - other.first).abs().radians(),
                      0.5 * (corner.second - other.second).abs().radians()});
}

/// A cell is free when its middle is further from all that is forbidden than the cell reaches;
/// what that does not decide is halved.
bool ForbiddenSky::is_free(const Cell& cell) const {
  const double middle = cell.middle.second.radians();
  const double low = middle - cell.second;
  const double high = middle + cell.second;
  const bool spans_equator = std::floor(low / pi) != std::floor(high / pi);
  const double widest = spans_equator ? 1.0 : std::max(std::abs(std::cos(low)), std::abs(std::cos(high)));
  const double along = cell.first * widest;
  const double reach = std::hypot(along, cell.second) * (1.0 + rules_.bends);
  const Verdict found = verdict(cell, reach);
  if (found != Verdict::mixed) return found == Verdict::free;
  if (reach <= finest) return true;
  Cell half = cell;
  if (along > cell.second) {
    half.first /= 2;
    half.middle.first = cell.middle.first - radians(half.first);
    if (!is_free(half)) return false;
    half.middle.first = cell.middle.first + radians(half.first);
  } else {
    half.second /= 2;
    half.middle.second = cell.middle.second - radians(half.second);
    if (!is_free(half)) return false;
    half.middle.second = cell.middle.second + radians(half.second);
  }
  return is_free(half);
}

ForbiddenSky::Verdict ForbiddenSky::verdict(const Cell& cell, double reach) const {
  const AltAz place = look(cell.middle);
  const Clearances clear = clearances(place);
  constexpr double hair = 1e-8;
  if (clear[0] < 0.0 || clear[1] < 0.0 || clear[2] < -hair) return Verdict::forbidden;
  if (clear[0] < reach || clear[1] < reach) return Verdict::mixed;
  if (!has_horizon_ || is_above_horizon(cell, place, reach)) return Verdict::free;
  return Verdict::mixed;
}

bool ForbiddenSky::is_above_horizon(const Cell& cell, const AltAz& middle, double reach) const {
  const bool is_alt_az = rules_.geometry == Geometry::alt_az && rules_.bends == 0.0;
  const double fall = is_alt_az ? cell.second : reach;
  const double lowest = middle.altitude.radians() - fall;
  double aside = pi;
  if (middle.altitude.radians() + fall < pi / 2) {
    aside = is_alt_az ? cell.first : std::asin(std::min(1.0, std::sin(reach) / std::cos(middle.altitude.radians())));
  }
  aside = std::min(aside, pi);
  return lowest >= rules_.horizon.highest(middle.azimuth - radians(aside), radians(2.0 * aside)).radians();
}

}  // namespace astro::detail
