// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace astro::imaging {

/// Lanczos's windowed sinc of three lobes (Duchon 1979, J. Appl. Meteorol. 18, 1016).
inline double lanczos3(double x) noexcept {
  if (std::abs(x) < 1e-9) return 1.0;
  if (std::abs(x) >= 3.0) return 0.0;
  const double t = std::numbers::pi * x;
  return 3.0 * std::sin(t) * std::sin(t / 3.0) / (t * t);
}

/// Weights of the six samples around a place, `fraction` (0 to 1) behind the third; their sum is 1.
inline std::array<double, 6> lanczos3_weights(double fraction) noexcept {
  std::array<double, 6> weights{};
  double sum = 0.0;
  for (std::size_t i = 0; i < 6; ++i) sum += weights[i] = lanczos3(static_cast<double>(i) - 2.0 - fraction);
  for (double& weight : weights) weight /= sum;
  return weights;
}

}  // namespace astro::imaging
