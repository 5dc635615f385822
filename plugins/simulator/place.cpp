// SPDX-License-Identifier: BSD-3-Clause
#include "place.hpp"

#include <erfa.h>

#include <cmath>
#include <numbers>
#include <optional>

#include "constants.hpp"

namespace simulator {
namespace {

constexpr double radio_um = 210000.0;  // ERFA takes its radio refraction above 100 um

struct JulianDate {
  double day;
  double fraction;
};

JulianDate utc_of(astro::Time time) noexcept {
  const auto days = std::chrono::floor<std::chrono::days>(time);
  return {2440587.5 + static_cast<double>(days.time_since_epoch().count()), astro::seconds(time - days) / 86400.0};
}

/// International Standard Atmosphere (ISO 2533) at the site's height.
double pressure_hpa(double height_m) noexcept { return 1013.25 * std::pow(1.0 - 2.25577e-5 * height_m, 5.25588); }

eraASTROM surroundings(astro::Time time, const astro::Location& site) noexcept {
  const JulianDate utc = utc_of(time);
  eraASTROM astrom;
  double origins = 0.0;
  eraApco13(utc.day, utc.fraction, 0.0, site.longitude.radians(), site.latitude.radians(), site.height_m, 0.0, 0.0,
            pressure_hpa(site.height_m), 15.0 - 0.0065 * site.height_m, 0.5, radio_um, &astrom, &origins);
  return astrom;
}

/// All but the rotation of the Earth is taken from the middle of a span of time: this turns the observer's
/// velocity by 5 s at most (0.2 m/s), and the rest by far less.
eraASTROM surroundings_near(astro::Time time, const astro::Location& site) noexcept {
  struct Known {
    astro::Time middle;
    astro::Location site;
    eraASTROM astrom;
  };
  thread_local std::optional<Known> known;
  using Span = std::chrono::duration<std::int64_t, std::ratio<10>>;
  const astro::Time middle = std::chrono::floor<Span>(time) + std::chrono::seconds(5);
  if (!known || known->middle != middle || known->site != site) {
    known = Known{middle, site, surroundings(middle, site)};
  }
  eraASTROM astrom = known->astrom;
  const JulianDate ut1 = utc_of(time);
  eraAper13(ut1.day, ut1.fraction, &astrom);
  return astrom;
}

/// Solar motion of the "standard" LSR (Gordon 1976, Methods of Experimental Physics 12C, ch. 6.1):
/// 20 km/s towards RA 18h, Dec +30d at the epoch 1900, which is RA 18h 03m 50.29s, Dec +30d 00' 16.8"
/// at J2000. Returned in ICRS axes, km/s.
Vector solar_motion() noexcept {
  const Vector apex =
      unit_vector(astro::hours(18.0 + 3.0 / 60.0 + 50.29 / 3600.0), astro::degrees(30.0 + 16.8 / 3600.0));
  return {20.0 * apex[0], 20.0 * apex[1], 20.0 * apex[2]};
}

/// Axes of an alt-az mount past the zenith are the place behind it.
astro::AltAz altaz_of(double azimuth, double altitude) noexcept {
  const double up = std::sin(altitude);
  const double forward = std::cos(altitude);
  if (forward < 0.0) azimuth += std::numbers::pi;
  return {astro::radians(azimuth).wrapped(), astro::radians(std::atan2(up, std::abs(forward)))};
}

void from_observed(const char* kind, double first, double second, eraASTROM& astrom, astro::Icrs& direction) noexcept {
  double cirs_ra = 0.0;
  double cirs_dec = 0.0;
  double ra = 0.0;
  double dec = 0.0;
  eraAtoiq(kind, first, second, &astrom, &cirs_ra, &cirs_dec);
  eraAticq(cirs_ra, cirs_dec, &astrom, &ra, &dec);
  direction = {astro::radians(ra), astro::radians(dec)};
}

astro::AltAz observed(const astro::Icrs& direction, eraASTROM& astrom) noexcept {
  double cirs_ra = 0.0;
  double cirs_dec = 0.0;
  double azimuth = 0.0;
  double zenith = 0.0;
  double hour_angle = 0.0;
  double dec = 0.0;
  double ra = 0.0;
  eraAtciq(direction.ra.radians(), direction.dec.radians(), 0.0, 0.0, 0.0, 0.0, &astrom, &cirs_ra, &cirs_dec);
  eraAtioq(cirs_ra, cirs_dec, &astrom, &azimuth, &zenith, &hour_angle, &dec, &ra);
  return {astro::radians(azimuth), astro::radians(std::numbers::pi / 2.0 - zenith)};
}

}  // namespace

double dot(const Vector& a, const Vector& b) noexcept { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

Vector unit_vector(astro::Angle longitude, astro::Angle latitude) noexcept {
  const double flat = std::cos(latitude.radians());
  return {flat * std::cos(longitude.radians()), flat * std::sin(longitude.radians()), std::sin(latitude.radians())};
}

astro::Angle separation(const Vector& a, const Vector& b) noexcept {
  const Vector cross{a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
  return astro::radians(std::atan2(std::sqrt(dot(cross, cross)), dot(a, b)));
}

Place place_of(const astro::Axes& axes, astro::Geometry geometry, const astro::Location& site, astro::Time time) {
  eraASTROM astrom = surroundings_near(time, site);
  Place place;
  switch (geometry) {
    case astro::Geometry::alt_az:
      place.apparent = altaz_of(axes.first.radians(), axes.second.radians());
      from_observed("A", place.apparent.azimuth.radians(), std::numbers::pi / 2.0 - place.apparent.altitude.radians(),
                    astrom, place.direction);
      break;
    case astro::Geometry::hour_angle_dec:
      from_observed("H", axes.first.radians(), axes.second.radians(), astrom, place.direction);
      place.apparent = observed(place.direction, astrom);
      break;
    case astro::Geometry::ra_dec:
      place.direction = {axes.first.wrapped(), axes.second};
      place.apparent = observed(place.direction, astrom);
      break;
  }
  double l = 0.0;
  double b = 0.0;
  eraIcrs2g(place.direction.ra.radians(), place.direction.dec.radians(), &l, &b);
  place.galactic = {astro::radians(l), astro::radians(b)};
  const Vector direction = unit_vector(place.direction.ra, place.direction.dec);
  const Vector observer{astrom.v[0], astrom.v[1], astrom.v[2]};  // barycentric, in units of c
  place.velocity_km_s = light_km_s * dot(observer, direction) + dot(solar_motion(), direction);
  place.sun_distance = separation({-astrom.eh[0], -astrom.eh[1], -astrom.eh[2]}, direction);
  return place;
}

}  // namespace simulator
