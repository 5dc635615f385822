// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>

#include "astro/export.hpp"
#include "astro/signal/measured.hpp"

/// The beam of a telescope, from scans over a source.
namespace astro {

/// The disc of the Sun, in degrees: 32 arcmin as its photosphere has it, within 2 % over the year.
inline constexpr double sun_disc_deg = 32.0 / 60.0;

/// A straight scan over a source: power = base + slope * offset + amplitude * shape, where the shape is a
/// Gaussian folded with the source's disc, 1 in its middle.
struct ASTRO_API BeamFit {
  Measured centre_deg{};  ///< where the source was, on the scale of the offsets
  Measured fwhm_deg{};    ///< of the beam itself, full width at half maximum
  Measured amplitude{};   ///< what the source adds in its middle, units of the power
  Measured base{};        ///< at offset 0
  Measured slope_per_deg{};
  double disc_deg = 0.0;
  double reduced_chi_square = 0.0;

  double power_at(double offset_deg) const;
};

struct BeamOptions {
  double disc_deg = 0.0;  ///< diameter of the source, a disc of even brightness; 0: a point
};

/// Fits a cross scan by least squares (as `fit_gaussians`). Offsets in degrees on the sky (an azimuth times
/// the cosine of the altitude), through the middle of the source; `sigma` the errors of the powers, or
/// empty: all alike, taken from the scatter. With errors those of the result are multiplied by the root of
/// reduced chi-square where that is more than 1. The disc enters by its convolution with the beam, not by a
/// formula for wide beams. Throws `invalid_argument` for fewer than 6 points, for lists of different lengths,
/// and when no source stands out: chi-square not lower by 25 (5 sigma) than with the base alone, a centre outside the
/// scan, or a width that the scan cannot tell (more than three times its length, less than half a step).
ASTRO_API BeamFit fit_beam(std::span<const double> offset_deg, std::span<const double> power,
                           std::span<const double> sigma = {}, const BeamOptions& options = {});

/// A beam in two dimensions, its axes along those of the offsets.
struct ASTRO_API BeamGridFit {
  Measured x_deg{};
  Measured y_deg{};
  Measured fwhm_x_deg{};
  Measured fwhm_y_deg{};
  Measured amplitude{};
  Measured base{};
  Measured slope_x_per_deg{};  ///< 0 without `slope`
  Measured slope_y_per_deg{};
  double disc_deg = 0.0;
  double reduced_chi_square = 0.0;  ///< 0 where there are as many parameters as points

  double power_at(double x_deg, double y_deg) const;
};

struct BeamGridOptions {
  double disc_deg = 0.0;
  bool round = false;  ///< one width for both axes
  bool slope = true;   ///< the base is a plane, not a constant
};

/// Fits the powers of an n-point grid, or of any scattered points around a source: dx, dy in degrees on the
/// sky. The parameters are place, amplitude and base, one width or two, and two slopes or none; 5 points do
/// for a round beam on an even base, whose errors then follow from `sigma` alone. Otherwise as the scan's.
ASTRO_API BeamGridFit fit_beam(std::span<const double> dx_deg, std::span<const double> dy_deg,
                               std::span<const double> power, std::span<const double> sigma,
                               const BeamGridOptions& options);

}  // namespace astro
