// SPDX-License-Identifier: BSD-3-Clause
#include "signal/window.hpp"

#include <array>
#include <cmath>
#include <numbers>

namespace astro::signal {
namespace {

/// Coefficients a of w(x) = a0 - a1 cos(x) + a2 cos(2x), x over one turn (Harris 1978, Proc. IEEE
/// 66, 51, equations 27, 30 and 32).
std::array<double, 3> cosines_of(Window window) noexcept {
  switch (window) {
    case Window::hann:
      return {0.5, 0.5, 0.0};
    case Window::hamming:
      return {0.54, 0.46, 0.0};
    case Window::blackman:
      return {0.42, 0.5, 0.08};
    case Window::rectangular:
      break;
  }
  return {1.0, 0.0, 0.0};
}

}  // namespace

std::vector<double> make_window(Window window, std::size_t size) {
  const auto a = cosines_of(window);
  std::vector<double> coefficients(size);
  for (std::size_t i = 0; i < size; ++i) {
    const double x = 2.0 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(size);
    coefficients[i] = a[0] - a[1] * std::cos(x) + a[2] * std::cos(2.0 * x);
  }
  return coefficients;
}

std::vector<double> make_taps(Window window, std::size_t taps, std::size_t size) {
  std::vector<double> coefficients = make_window(window, taps * size);
  if (taps == 1) return coefficients;
  for (std::size_t i = 0; i < coefficients.size(); ++i) {
    const double x =
        std::numbers::pi * (static_cast<double>(i) / static_cast<double>(size) - 0.5 * static_cast<double>(taps));
    if (x != 0.0) coefficients[i] *= std::sin(x) / x;
  }
  return coefficients;
}

double correlation_of(const std::vector<double>& taps, std::size_t size) noexcept {
  double power = 0.0;
  for (const double tap : taps) power += tap * tap;
  double factor = 1.0;
  for (std::size_t shift = size; shift < taps.size(); shift += size) {
    double product = 0.0;
    for (std::size_t i = shift; i < taps.size(); ++i) product += taps[i] * taps[i - shift];
    factor += 2.0 * (product / power) * (product / power);
  }
  return factor;
}

}  // namespace astro::signal
