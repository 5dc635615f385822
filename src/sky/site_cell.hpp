// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <memory>

#include "earth_cell.hpp"

// One site in one cell, and one instant in it: all that the light of a star meets on its way.
namespace astro::sky {

/// Constants of eraRefco for a site's weather; zero without refraction.
struct Refraction {
  double a = 0.0;
  double b = 0.0;
};

/// What the site adds to the Earth's cell.
struct SiteInCell {
  double rotation_start = 0.0;   ///< Earth rotation angle at the start, rad
  double rotation_growth = 0.0;  ///< and over the cell
  Matrix to_horizon{};           ///< from the turning equator to north, east, up, with the pole of the start
  Matrix to_horizon_growth{};
  Vector site_au{};  ///< from the Earth's centre along the turning equator's axes
};
struct SiteCell : SiteInCell {
  Time start{};
  std::shared_ptr<const EarthCell> earth;
};
SiteCell make_site_cell(const Location& site, const EarthOrientation* table, std::int64_t number);

/// The observer at an instant.
struct Instant {
  Matrix to_horizon;  ///< from the axes of the ICRS (after aberration) to north, east, up
  Vector velocity;    ///< from the barycentre, of light's
  Vector rotation;    ///< its part about the Earth's centre
  double inverse_lorentz = 1.0;
  Vector from_earth_au;  ///< the site from the Earth's centre
  Vector from_sun;       ///< unit vector
  double sun_au = 1.0;   ///< its distance
};

[[gnu::always_inline]] inline double part_of(const SiteCell& cell, Time time) noexcept {
  constexpr double cells_a_nanosecond = 1.0 / static_cast<double>(cell_length.count());
  return static_cast<double>((time - cell.start).count()) * cells_a_nanosecond;
}

inline constexpr double two_pi = 6.283185307179586476925287;
/// Turns of the Earth a day of UT1 (Capitaine et al. 2000, A&A 355, 398).
inline constexpr double turns_a_day = 1.00273781191135448;

/// With sine and cosine of the Earth rotation angle. Inline: it is compiled into the kernels' loops.
[[gnu::always_inline]] inline void set_instant(const SiteInCell& cell, const Interpolated<16, 4>& earth, double part,
                                               double s, double c, Instant& instant) noexcept {
  const auto slow = [&](std::size_t which) __attribute__((always_inline)) { return earth.at(which, part); };

  // Axes of the ICRS to the turning equator.
  Matrix turned;
  for (std::size_t k = 0; k < 3; ++k) {
    const double x = slow(k);
    const double y = slow(3 + k);
    turned[0][k] = c * x + s * y;
    turned[1][k] = c * y - s * x;
    turned[2][k] = slow(6 + k);
  }
  Matrix horizon;
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t k = 0; k < 3; ++k) {
      horizon[i][k] = cell.to_horizon[i][k] + part * cell.to_horizon_growth[i][k];
    }
  }
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t k = 0; k < 3; ++k) {
      instant.to_horizon[i][k] =
          horizon[i][0] * turned[0][k] + horizon[i][1] * turned[1][k] + horizon[i][2] * turned[2][k];
    }
  }

  constexpr double rotation_of_light = two_pi * turns_a_day / 86400.0 * 499.004782;
  const Vector& site = cell.site_au;
  double speed = 0.0;
  double distance = 0.0;
  for (std::size_t k = 0; k < 3; ++k) {
    const double place = turned[0][k] * site[0] + turned[1][k] * site[1] + turned[2][k] * site[2];
    const double rotation = (turned[1][k] * site[0] - turned[0][k] * site[1]) * rotation_of_light;
    instant.from_earth_au[k] = place;
    instant.rotation[k] = rotation;
    instant.velocity[k] = slow(12 + k) + rotation;
    instant.from_sun[k] = slow(9 + k) + place;
    speed += instant.velocity[k] * instant.velocity[k];
    distance += instant.from_sun[k] * instant.from_sun[k];
  }
  instant.inverse_lorentz = std::sqrt(1.0 - speed);
  instant.sun_au = std::sqrt(distance);
  const double inverse = 1.0 / instant.sun_au;
  for (double& component : instant.from_sun) component *= inverse;
}

[[gnu::always_inline]] inline void set_instant(const SiteCell& cell, double part, Instant& instant) noexcept {
  const double angle = cell.rotation_start + cell.rotation_growth * part;
  set_instant(cell, cell.earth->apparent, part, std::sin(angle), std::cos(angle), instant);
}

}  // namespace astro::sky
