// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace astro::signal {

/// Which channels of a spectrum take part in something; one element a channel.
using Mask = std::vector<char>;

std::size_t count(const Mask& mask) noexcept;

/// Median of the values; NaN when there are none.
double median(std::vector<double> values);
/// Median of the values that the mask names.
double median(std::span<const double> values, const Mask& mask);

/// A polynomial over the channels of a spectrum, kept as Legendre coefficients on [-1, 1], where
/// the fit stays well conditioned.
class Polynomial {
 public:
  Polynomial(std::vector<double> coefficients, std::size_t channels);
  double at(std::size_t channel) const;
  std::vector<double> everywhere() const;

 private:
  std::vector<double> coefficients_;
  std::size_t channels_;
};

/// A polynomial through most of the values, and which of them it is.
struct RobustFit {
  Polynomial curve;
  Mask used;
  double rms = 0.0;  ///< of what was used, around the curve
  /// Standard error of the curve, averaged over the channels that were used.
  double standard_error = 0.0;
};

/// Least absolute deviations over the `usable` channels, then least squares, again and again without those that lie
/// further than 3 sigma (from the median deviation) from the curve, and `widen` channels to either side of them, until
/// the choice stays as it is. At least a quarter of the usable channels is kept. Throws `invalid_argument` unless 0 <=
/// order <= 10 and there are at least 8 usable channels a coefficient.
RobustFit fit_robustly(std::span<const double> values, const Mask& usable, int order, std::size_t widen);

}  // namespace astro::signal
