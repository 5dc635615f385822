// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>

#include "earth_cell.hpp"

// One site in one cell, and one instant in it: all that the light of a star meets on its way.
namespace astro::sky {

/// Constants of eraRefco for a site's weather; zero without refraction.
struct Refraction {
  double a = 0.0;
  double b = 0.0;
};

struct SiteCell {
  Time start{};
  std::shared_ptr<const EarthCell> earth;
  double rotation_start = 0.0;   ///< Earth rotation angle at the start, rad
  double rotation_growth = 0.0;  ///< and over the cell
  Matrix to_horizon{};           ///< from the turning equator to north, east, up, with the pole of the start
  Matrix to_horizon_growth{};
  Vector site_au{};  ///< from the Earth's centre along the turning equator's axes
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

double part_of(const SiteCell& cell, Time time) noexcept;
void set_instant(const SiteCell& cell, double part, Instant& instant) noexcept;

}  // namespace astro::sky
