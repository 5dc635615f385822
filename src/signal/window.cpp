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

}  // namespace astro::signal
