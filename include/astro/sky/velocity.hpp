// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <span>

#include "astro/coordinates.hpp"
#include "astro/export.hpp"
#include "astro/frequency.hpp"
#include "astro/record.hpp"
#include "astro/time.hpp"

/// How fast the telescope moves along the line of sight.
namespace astro::sky {

/// Rest frames of a radial velocity: the telescope, the Earth's centre, the Sun, the solar system's
/// barycentre, the kinematic and the dynamical Local Standard of Rest, the centre of the Galaxy.
enum class VelocityFrame : unsigned char { topo, geo, helio, bary, lsrk, lsrd, galacto };

}  // namespace astro::sky

namespace astro {

template <>
struct Description<sky::VelocityFrame> {
  static constexpr std::array choices{"topo", "geo", "helio", "bary", "lsrk", "lsrd", "galacto"};
};

}  // namespace astro

namespace astro::sky {

/// What is to be added to a topocentric radial velocity (positive: receding) to have it in the
/// frame, in km/s, for a direction seen from a site at a time. Non-relativistic; right to 1 m/s
/// with UT1 within 0.9 s of UTC.
///
/// LSRK: the Sun moves at 20 km/s towards RA 18h, Dec +30 deg of B1900 (Gordon 1976, Methods of
/// Experimental Physics 12C, section 6.1.5.1). LSRD: (9, 12, 7) km/s towards the galactic centre,
/// with the rotation and to the pole (Delhaye 1965, in Galactic Structure, ed. Blaauw and Schmidt).
/// GALACTO: LSRD, which goes round at 220 km/s towards l = 90, b = 0 (Kerr and Lynden-Bell 1986,
/// MNRAS 221, 1023). The names are those of Greisen et al. 2006, A&A 446, 747, table 12.
ASTRO_API double velocity_correction_km_s(const Icrs& direction, const Location& site, Time time, VelocityFrame frame);

/// How a frequency becomes a velocity (the same paper, table 1): v = c (1 - f / rest),
/// v = c (rest / f - 1), or the radial velocity that special relativity gives.
enum class VelocityDefinition : unsigned char { radio, optical, relativistic };

ASTRO_API double velocity_km_s(Frequency frequency, Frequency rest, VelocityDefinition definition) noexcept;
/// The inverse.
ASTRO_API Frequency frequency_at(double velocity_km_s, Frequency rest, VelocityDefinition definition) noexcept;

/// The frequency that an observer at rest in the frame would see, of one seen at the telescope:
/// Doppler's shift by the correction, relativistic. (Adding the correction to a velocity instead is
/// wrong by v times the correction over c: 10 m/s at 100 and 30 km/s.)
ASTRO_API Frequency frequency_in_frame(Frequency topocentric, double correction_km_s) noexcept;
ASTRO_API Frequency frequency_at_telescope(Frequency in_frame, double correction_km_s) noexcept;

/// A whole axis at once: topocentric frequencies in Hz, ascending or not, to velocities in the frame
/// of the correction. The spans are of one length (`invalid_argument` otherwise).
ASTRO_API void velocities_km_s(std::span<const double> frequencies_hz, Frequency rest, VelocityDefinition definition,
                               double correction_km_s, std::span<double> km_s);

/// Radio definition: v = c (1 - f / rest).
ASTRO_API double radio_velocity_km_s(Frequency frequency, Frequency rest) noexcept;
ASTRO_API Frequency radio_frequency(double velocity_km_s, Frequency rest) noexcept;

}  // namespace astro::sky
