// SPDX-License-Identifier: BSD-3-Clause
#include "astro/sky/velocity.hpp"

#include <erfa.h>

#include <array>
#include <cmath>
#include <string>

#include "astro/error.hpp"
#include "erfa_time.hpp"
#include "light.hpp"
#include "velocity_frames.hpp"

namespace astro::sky {

namespace {

constexpr double light_km_s = 299792.458;
constexpr double km_an_au = 149597870.7;  // IAU 2012 resolution B2

/// The site's motion about the Earth's centre, km/s, along the axes of the ICRS.
Vector rotation_velocity(const Location& site, const TimeScales& scales) {
  double intermediate[2][3];
  const EarthOrientationValues& orientation = scales.orientation;
  eraPvtob(site.longitude.radians(), site.latitude.radians(), site.height_m, orientation.xp.radians(),
           orientation.yp.radians(), eraSp00(scales.tt.day, scales.tt.fraction),
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

/// A galactic vector of this length along the axes of the ICRS.
Vector galactic_vector(double u, double v, double w) noexcept {
  // eraG2icrs turns directions: three of them are its matrix.
  Vector made{};
  const double parts[3] = {u, v, w};
  const Galactic axes[3] = {{degrees(0), degrees(0)}, {degrees(90), degrees(0)}, {degrees(0), degrees(90)}};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    double ra = 0.0;
    double dec = 0.0;
    eraG2icrs(axes[axis].l.radians(), axes[axis].b.radians(), &ra, &dec);
    const Vector direction = unit_vector(radians(ra), radians(dec));
    for (std::size_t i = 0; i < 3; ++i) made[i] += parts[axis] * direction[i];
  }
  return made;
}

Vector kinematic_sun() noexcept {
  // 20 km/s towards 18h, +30 deg of B1900, which is 18h03m50.24s, +30d00m16.8s of J2000 (the apex as
  // radio observatories use it).
  constexpr Angle apex_ra = hours(18.0 + 3.0 / 60 + 50.24 / 3600);
  constexpr Angle apex_dec = degrees(30.0 + 16.8 / 3600);
  Vector made = unit_vector(apex_ra, apex_dec);
  for (double& component : made) component *= 20.0;
  return made;
}

}  // namespace

Vector barycentre_velocity_km_s(VelocityFrame frame) noexcept {
  static const Vector lsrk = kinematic_sun();
  static const Vector lsrd = galactic_vector(9.0, 12.0, 7.0);
  static const Vector galacto = galactic_vector(9.0, 12.0 + 220.0, 7.0);
  if (frame == VelocityFrame::lsrk) return lsrk;
  if (frame == VelocityFrame::lsrd) return lsrd;
  if (frame == VelocityFrame::galacto) return galacto;
  return {};
}

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
  return barycentric + dot(line_of_sight, barycentre_velocity_km_s(frame));
}

double velocity_km_s(Frequency frequency, Frequency rest, VelocityDefinition definition) noexcept {
  const double f = frequency.hertz();
  const double f0 = rest.hertz();
  // Differences first: they keep the digits that 1 - f / rest loses near rest.
  switch (definition) {
    case VelocityDefinition::radio:
      return light_km_s * ((f0 - f) / f0);
    case VelocityDefinition::optical:
      return light_km_s * ((f0 - f) / f);
    case VelocityDefinition::relativistic:
      return light_km_s * ((f0 - f) * (f0 + f) / (f0 * f0 + f * f));
  }
  return 0.0;
}

Frequency frequency_at(double velocity_km_s, Frequency rest, VelocityDefinition definition) noexcept {
  const double beta = velocity_km_s / light_km_s;
  switch (definition) {
    case VelocityDefinition::radio:
      return rest - rest * beta;
    case VelocityDefinition::optical:
      return rest / (1.0 + beta);
    case VelocityDefinition::relativistic:
      return rest * std::sqrt((1.0 - beta) / (1.0 + beta));
  }
  return rest;
}

Frequency frequency_in_frame(Frequency topocentric, double correction_km_s) noexcept {
  const double beta = correction_km_s / light_km_s;
  return topocentric * std::sqrt((1.0 - beta) / (1.0 + beta));
}

Frequency frequency_at_telescope(Frequency in_frame, double correction_km_s) noexcept {
  return frequency_in_frame(in_frame, -correction_km_s);
}

void velocities_km_s(std::span<const double> frequencies_hz, Frequency rest, VelocityDefinition definition,
                     double correction_km_s, std::span<double> km_s) {
  if (frequencies_hz.size() != km_s.size()) {
    throw Error(ErrorCode::invalid_argument, "velocities of an axis: " + std::to_string(frequencies_hz.size()) +
                                                 " frequencies, and room for " + std::to_string(km_s.size()));
  }
  // One factor for all channels.
  const double shift = frequency_in_frame(hertz(1.0), correction_km_s).hertz();
  for (std::size_t i = 0; i < km_s.size(); ++i) {
    km_s[i] = velocity_km_s(hertz(frequencies_hz[i] * shift), rest, definition);
  }
}

double radio_velocity_km_s(Frequency frequency, Frequency rest) noexcept {
  return velocity_km_s(frequency, rest, VelocityDefinition::radio);
}

Frequency radio_frequency(double velocity_km_s, Frequency rest) noexcept {
  return frequency_at(velocity_km_s, rest, VelocityDefinition::radio);
}

}  // namespace astro::sky
