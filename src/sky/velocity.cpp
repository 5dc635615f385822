// SPDX-License-Identifier: BSD-3-Clause
#include "astro/sky/velocity.hpp"

#include <erfa.h>

#include <array>
#include <cmath>

#include "erfa_time.hpp"

namespace astro::sky {

namespace {

using Vector = std::array<double, 3>;

constexpr double light_km_s = 299792.458;
constexpr double km_an_au = 149597870.7;  // IAU 2012 resolution B2

double dot(const Vector& a, const Vector& b) noexcept { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

Vector unit_vector(Angle longitude, Angle latitude) noexcept {
  Vector made{};
  eraS2c(longitude.radians(), latitude.radians(), made.data());
  return made;
}

/// The site's motion about the Earth's centre, km/s, along the axes of the ICRS.
Vector rotation_velocity(const Location& site, const TimeScales& scales) {
  double intermediate[2][3];
  eraPvtob(site.longitude.radians(), site.latitude.radians(), site.height_m, 0.0, 0.0, 0.0,
           eraEra00(scales.ut1.day, scales.ut1.fraction), intermediate);
  double to_intermediate[3][3];
  eraC2i06a(scales.tt.day, scales.tt.fraction, to_intermediate);
  double celestial[2][3];
  eraTrxpv(to_intermediate, intermediate, celestial);
  return {celestial[1][0] / 1e3, celestial[1][1] / 1e3, celestial[1][2] / 1e3};
}

struct EarthVelocity {
  Vector heliocentric;
  Vector barycentric;
};

EarthVelocity earth_velocity(const TimeScales& scales) {
  double heliocentric[2][3];
  double barycentric[2][3];
  eraEpv00(scales.tt.day, scales.tt.fraction, heliocentric, barycentric);
  constexpr double km_s = km_an_au / 86400.0;  // of an au a day
  EarthVelocity velocity{};
  for (std::size_t i = 0; i < 3; ++i) {
    velocity.heliocentric[i] = heliocentric[1][i] * km_s;
    velocity.barycentric[i] = barycentric[1][i] * km_s;
  }
  return velocity;
}

/// The Sun's motion in the Local Standard of Rest along the direction: 20 km/s towards 18h, +30 deg
/// of B1900, which is 18h03m50.24s, +30d00m16.8s of J2000 (the apex as radio observatories use it).
double solar_motion_km_s(const Vector& direction) noexcept {
  constexpr Angle apex_ra = hours(18.0 + 3.0 / 60 + 50.24 / 3600);
  constexpr Angle apex_dec = degrees(30.0 + 16.8 / 3600);
  return 20.0 * dot(direction, unit_vector(apex_ra, apex_dec));
}

}  // namespace

// An observer that moves towards the source sees it approach: what is to be added is the observer's
// own velocity along the line of sight.
double velocity_correction_km_s(const Icrs& direction, const Location& site, Time time, VelocityFrame frame) {
  require_finite("a direction for a velocity", direction.ra, direction.dec);
  require_finite(site);
  if (frame == VelocityFrame::topo) return 0.0;
  const TimeScales scales = time_scales(time);
  const Vector line_of_sight = unit_vector(direction.ra, direction.dec);
  const double geocentric = dot(line_of_sight, rotation_velocity(site, scales));
  if (frame == VelocityFrame::geo) return geocentric;
  const EarthVelocity earth = earth_velocity(scales);
  if (frame == VelocityFrame::helio) return geocentric + dot(line_of_sight, earth.heliocentric);
  const double barycentric = geocentric + dot(line_of_sight, earth.barycentric);
  return frame == VelocityFrame::bary ? barycentric : barycentric + solar_motion_km_s(line_of_sight);
}

double radio_velocity_km_s(Frequency frequency, Frequency rest) noexcept {
  // (rest - f) / rest keeps the digits that 1 - f / rest loses near rest.
  return light_km_s * ((rest - frequency) / rest);
}

Frequency radio_frequency(double velocity_km_s, Frequency rest) noexcept {
  return rest - rest * (velocity_km_s / light_km_s);
}

}  // namespace astro::sky
