// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

#include "astro/export.hpp"

namespace astro {

/// Where the spectral kurtosis of pure noise lies.
struct KurtosisLimits {
  double low = 0.0;
  double high = 0.0;
};

/// Spectral kurtosis of one channel from `count` powers of single transforms, their sum and the sum of
/// their squares: (M + 1) / (M - 1) (M S2 / S1^2 - 1). It is 1 for noise whatever its level, more for
/// what comes and goes, less for what is steady; a signal that is there half of the time is not seen.
/// Nita and Gary 2010, PASP 122, 595, equation 8. Infinite sums and a sum of 0 give NaN.
ASTRO_API double spectral_kurtosis(double sum, double sum_of_squares, std::uint32_t count) noexcept;

/// Limits that noise exceeds, on either side, as rarely as a normal distribution exceeds `sigma` (3: 1
/// in 741), for single transforms of complex samples: a Pearson distribution (type IV) by the
/// estimator's first four moments, Nita and Gary 2010, PASP 122, 595, section 3. Throws
/// `invalid_argument` unless count >= 24, from where on it is of that type, and 0.5 <= sigma <= 6.
ASTRO_API KurtosisLimits kurtosis_limits(std::uint32_t count, double sigma = 3.0);

}  // namespace astro
