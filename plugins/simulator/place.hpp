// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>

#include "astro/coordinates.hpp"
#include "astro/mount.hpp"
#include "astro/time.hpp"

namespace simulator {

using Vector = std::array<double, 3>;

double dot(const Vector& a, const Vector& b) noexcept;
Vector unit_vector(astro::Angle longitude, astro::Angle latitude) noexcept;
/// Angle between two unit vectors, right at all separations.
astro::Angle separation(const Vector& a, const Vector& b) noexcept;

/// Where a beam truly points.
struct Place {
  astro::AltAz apparent{};  ///< as the axes stand, refraction in it
  astro::Icrs direction{};  ///< astrometric: what catalogues have
  astro::Galactic galactic{};
  double velocity_km_s = 0.0;   ///< of the observer towards it in the LSRK: VLSR is the topocentric velocity plus this
  astro::Angle sun_distance{};  ///< from the centre of the Sun
};

/// The place of a beam from its axes, with ERFA (IAU 2006/2000A, radio refraction of a standard
/// atmosphere, UT1 = UTC). Its velocity is that of the observer in the Local Standard of Rest: the
/// Earth's orbit and rotation, and the Sun's 20 km/s towards RA 18h, Dec +30d of 1900.
Place place_of(const astro::Axes& axes, astro::Geometry geometry, const astro::Location& site, astro::Time time);

}  // namespace simulator
