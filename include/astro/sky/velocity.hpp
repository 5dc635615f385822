// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "astro/coordinates.hpp"
#include "astro/export.hpp"
#include "astro/frequency.hpp"
#include "astro/time.hpp"

/// How fast the telescope moves along the line of sight.
namespace astro::sky {

/// Rest frames of a radial velocity: the telescope, the Earth's centre, the Sun, the solar system's
/// barycentre, the kinematic Local Standard of Rest.
enum class VelocityFrame : unsigned char { topo, geo, helio, bary, lsrk };

/// What is to be added to a topocentric radial velocity (positive: receding) to have it in the
/// frame, in km/s, for a direction seen from a site at a time. Non-relativistic; right to 1 m/s
/// with UT1 within 0.9 s of UTC. LSRK: the Sun moves at 20 km/s towards RA 18h, Dec +30 deg of
/// B1900 (Gordon 1976, Methods of Experimental Physics 12C, section 6.1.5.1).
ASTRO_API double velocity_correction_km_s(const Icrs& direction, const Location& site, Time time, VelocityFrame frame);

/// Radio definition (Greisen et al. 2006, A&A 446, 747, table 1): v = c (1 - f / rest).
ASTRO_API double radio_velocity_km_s(Frequency frequency, Frequency rest) noexcept;
ASTRO_API Frequency radio_frequency(double velocity_km_s, Frequency rest) noexcept;

}  // namespace astro::sky
