// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "astro/angle.hpp"
#include "astro/export.hpp"
#include "astro/frequency.hpp"
#include "astro/signal/gridding.hpp"
#include "astro/signal/measured.hpp"
#include "astro/signal/spectrum.hpp"

/// What the hydrogen line tells: how much gas there is, and how the Galaxy turns.
namespace astro {

/// Radial velocities in the LSRK, `from` below `to`.
struct VelocityRange {
  double from_km_s = 0.0;
  double to_km_s = 0.0;
};

/// The integral of a spectrum over velocities, in K km/s; channels that lie partly within count by
/// their part. Its error takes channels to be independent. The baseline is to be subtracted first. Throws
/// `invalid_argument` when the range is empty or not wholly covered by channels that have weight. `rest`: of the
/// spectrum's line, without it.
ASTRO_API Measured integrated_k_km_s(const CalibratedSpectrum& spectrum, VelocityRange range,
                                     std::optional<Frequency> rest = std::nullopt);

/// The same for each pixel of a cube (the moment 0): an image in K km/s, NaN where a plane in the range is.
ASTRO_API SkyMap integrated(const SkyMap& cube, VelocityRange range);

/// How hydrogen hides itself.
struct HydrogenOptions {
  /// Spin temperature; infinite: the gas is thin. Cold gas has some 100 K (Dickey and Lockman 1990).
  double spin_k = std::numeric_limits<double>::infinity();
  double background_k = 0.0;  ///< brightness behind the gas, which was subtracted with the baseline
};

/// Column density of neutral hydrogen in cm^-2, of brightness temperatures (antenna temperature over the
/// beam's efficiency): 1.823e18 cm^-2 times the integral of T over velocity in km/s where the gas is
/// thin; with a spin temperature Ts before a background Tb 1.823e18 Ts times the integral of the opacity,
/// -ln(1 - T / (Ts - Tb)). (Dickey and Lockman 1990, ARA&A 28, 215.) Throws as `integrated_k_km_s`, and
/// `invalid_argument` where the line is as bright as Ts - Tb or brighter.
ASTRO_API Measured column_density_cm2(const CalibratedSpectrum& spectrum, VelocityRange range,
                                      const HydrogenOptions& options = {}, Frequency rest = hydrogen_line);
/// The same for each pixel of a cube; NaN where the line is too bright for the spin temperature.
ASTRO_API SkyMap column_density_cm2(const SkyMap& cube, VelocityRange range, const HydrogenOptions& options = {});

/// What is the edge of a line.
struct TerminalOptions {
  double threshold_k =
      0.0;              ///< brightness above the baseline at the edge; 0: `sigmas` times the scatter beside the line
  double sigmas = 6.0;  ///< is the least in any case
  double window_km_s = 500.0;  ///< the baseline, a line or a higher polynomial, is fitted within this of rest
  int baseline_order = 1;
  int run = 2;  ///< channels in a row that must be above: more than interference has
  Frequency rest = hydrogen_line;
};

/// The terminal velocity of a spectrum, LSRK: the highest (first quadrant of the Galaxy) or the lowest
/// (fourth) at which there is gas, where the brightness falls below a threshold, between channels by a
/// straight line. The error is that of the noise at this slope and of a channel's width; random motions
/// of the gas (6 to 9 km/s) put it further out by about as much, and more for a brighter line (McClure-Griffiths and
/// Dickey 2007, ApJ 671, 427, who compare thresholds). Throws `invalid_argument` for the outer Galaxy (second and
/// third quadrant), where there is none, when the pointing is not known, and when nothing stands above the threshold.
ASTRO_API Measured terminal_velocity_km_s(const CalibratedSpectrum& spectrum, const TerminalOptions& options = {});

/// The Sun's orbit about the centre: distance and circular speed (Reid et al. 2019, ApJ 885, 131).
struct SunsOrbit {
  double radius_kpc = 8.15;
  double speed_km_s = 236.0;
};

/// A point of the rotation curve.
struct TangentPoint {
  Angle longitude{};  ///< galactic, in which it was seen, -90 to 90 degrees
  Measured terminal_km_s{};
  Measured speed_km_s{};      ///< about the centre
  double radius_kpc = 0.0;    ///< from the centre
  double distance_kpc = 0.0;  ///< from us
};

/// Where a line of sight inside the Sun's orbit comes nearest to the centre, gas on circular orbits moves
/// straight away from us (first quadrant) or towards us (fourth), faster than all other gas on that line: R = R0
/// sin |l|, V = |v| + V0 sin |l|, at a distance R0 cos l (e.g. Binney and Merrifield 1998, Galactic
/// Astronomy, section 9.1.1). For gas in the plane. The error is the velocity's alone: the Sun's orbit, which all
/// points have in common, is taken as given. Throws `invalid_argument` unless 0 < |l| < 90 degrees.
ASTRO_API TangentPoint tangent_point(Angle longitude, Measured terminal_km_s, const SunsOrbit& sun = {});

/// The tangent points of spectra in the plane, by longitude. Throws as the two functions above.
ASTRO_API std::vector<TangentPoint> rotation_curve(std::span<const CalibratedSpectrum> spectra,
                                                   const TerminalOptions& options = {}, const SunsOrbit& sun = {});

}  // namespace astro
