// SPDX-License-Identifier: BSD-3-Clause
#include "equator.hpp"

#include "astro/sky/frames.hpp"

namespace telescope_kit {

namespace sky = astro::sky;

namespace {

constexpr int most_tries = 4;  // a mount that does not hold still where it was sent is not sent for ever

}  // namespace

Equatorial Equator::of(const astro::Axes& axes, astro::Time time) const {
  sky::HourAngleDec seen{axes.first, axes.second};
  if (system_ == System::of_date && !refracts_) {
    return {(sky::sidereal_time(site_, time) - seen.hour_angle).wrapped(), seen.dec};
  }
  const astro::Icrs source = sky::icrs(sky::altaz(seen, site_), site_, time, sky::standard_weather(site_));
  if (system_ == System::j2000) return {source.ra.wrapped(), source.dec};
  const sky::HourAngleDec without_air = sky::hour_angle_dec(sky::altaz(source, site_, time), site_);
  return {(sky::sidereal_time(site_, time) - without_air.hour_angle).wrapped(), without_air.dec};
}

astro::Axes Equator::axes(const Equatorial& place, astro::Time time) const {
  const astro::Angle hour_angle = sky::sidereal_time(site_, time) - place.ra;
  if (system_ == System::of_date && !refracts_) return {hour_angle.wrapped_signed(), place.dec};
  const astro::Icrs source = system_ == System::j2000
                                 ? astro::Icrs{place.ra, place.dec}
                                 : sky::icrs(sky::altaz(sky::HourAngleDec{hour_angle, place.dec}, site_), site_, time);
  const auto seen = sky::hour_angle_dec(sky::altaz(source, site_, time, sky::standard_weather(site_)), site_);
  return {seen.hour_angle.wrapped_signed(), seen.dec};
}

void Approach::begin(const astro::Axes& goal) {
  goal_ = goal;
  under_way_ = true;
  tries_ = 0;
}

Approach::Step Approach::step(const astro::Axes& position, bool is_moving, bool follows_sky, astro::Angle accuracy) {
  if (!under_way_ || is_moving) return Step::none;
  const bool is_near = (position.first - goal_.first).wrapped_signed().abs() <= accuracy / 2 &&
                       (position.second - goal_.second).abs() <= accuracy;
  if (!follows_sky && !is_near && ++tries_ < most_tries) return Step::again;
  under_way_ = false;
  return Step::there;
}

}  // namespace telescope_kit
