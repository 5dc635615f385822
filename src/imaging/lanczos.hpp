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

/// Weights of the six samples around a place, `fraction` (0 to 1) behind the third; their sum is 1. All sines are those
/// of one angle and of a third of it, turned by thirds of pi.
inline std::array<double, 6> lanczos3_weights(double fraction) noexcept {
  if (fraction < 1e-9) return {0.0, 0.0, 1.0, 0.0, 0.0, 0.0};
  if (fraction > 1.0 - 1e-9) return {0.0, 0.0, 0.0, 1.0, 0.0, 0.0};
  constexpr double half = 0.5;
  constexpr double high = 0.86602540378443865;  // sin(pi / 3)
  constexpr std::array sines{-high, -high, 0.0, high, high, 0.0};
  constexpr std::array cosines{-half, half, 1.0, half, -half, -1.0};
  const double third = std::numbers::pi / 3.0 * fraction;
  const double sine = std::sin(third);
  const double cosine = std::cos(third);
  std::array<double, 6> weights{};
  double sum = 0.0;
  for (std::size_t i = 0; i < 6; ++i) {
    const double x = static_cast<double>(i) - 2.0 - fraction;
    const double sign = i % 2 == 0 ? -1.0 : 1.0;
    sum += weights[i] = sign * (sines[i] * cosine - cosines[i] * sine) / (x * x);
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

}  // namespace astro::imaging
