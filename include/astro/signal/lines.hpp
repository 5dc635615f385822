// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "astro/export.hpp"
#include "astro/frequency.hpp"
#include "astro/signal/interference.hpp"
#include "astro/signal/measured.hpp"
#include "astro/signal/spectrum.hpp"

namespace astro {

/// The spectrum less a polynomial of `order` (0 to 10), fitted to what is not line: what lies further
/// than 3 sigma from it, found by itself, and the ranges in `line`. Channels without weight take no part
/// and are subtracted from as well. Errors stay as they are. Throws `invalid_argument` when fewer than 8
/// channels a coefficient remain.
ASTRO_API CalibratedSpectrum without_baseline(const CalibratedSpectrum& spectrum, int order = 1,
                                              std::span<const FrequencyRange> line = {});

/// Frequency switching: `signal` and `reference` look at the same sky with two tunings and are each
/// other's reference. Both ratios are brought to the sky's frequencies and averaged, which shows the
/// line twice as long (as GBTIDL's `fold` does it). The axis is that of `signal`; channels that only
/// one of the two covers have no weight. `tsys_k` and `level` as `switched`; a shift that is not whole
/// channels interpolates linearly, which smooths half of the data a little. Throws `invalid_argument`
/// unless the axes have one step and overlap, but for their shift, by half.
ASTRO_API CalibratedSpectrum frequency_switched(const Spectrum& signal, const Spectrum& reference, double tsys_k = 1.0,
                                                bool level = true);

/// One line of a fit: Gaussian in frequency.
struct Gaussian {
  Measured peak_k{};
  Measured velocity_km_s{};  ///< of its centre, in the spectrum's frame; topocentric when the pointing is not known
  Measured width_km_s{};     ///< full width at half maximum
  Frequency centre{};        ///< topocentric
};

struct GaussianFit {
  std::vector<Gaussian> lines{};  ///< the strongest first
  double rms_k = 0.0;             ///< of what is left over
  double reduced_chi_square = 0.0;
};

struct GaussianOptions {
  int lines = 1;               ///< how many there are, 1 to 8; each begins at the highest place of what is left over
  double window_km_s = 300.0;  ///< fitted within this of the rest frequency, either side, LSRK
  std::optional<Frequency> rest{};  ///< nothing: the spectrum's
};

/// Fits Gaussians by least squares, weighted by the channels' errors (Levenberg and Marquardt; Press
/// et al., Numerical Recipes, section 15.5). Subtract the baseline first. Errors are those of
/// independent channels, times the root of reduced chi-square where that is more than 1; neighbours in
/// a transform with Hann's window are alike, which makes true errors 1.4 times as large. Throws
/// `invalid_argument` when there are fewer channels than parameters, or the fit does not converge.
ASTRO_API GaussianFit fit_gaussians(const CalibratedSpectrum& spectrum, const GaussianOptions& options = {});

}  // namespace astro
