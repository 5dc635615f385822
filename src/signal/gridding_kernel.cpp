// SPDX-License-Identifier: BSD-3-Clause
#include "signal/gridding_kernel.hpp"

#include <cmath>
#include <numbers>

#include "astro/error.hpp"

namespace astro {
namespace signal {

double Kernel::at(double distance) const noexcept {
  if (distance > reach()) return 0.0;
  const double r = distance / c_;
  if (kind_ == GriddingKernel::gaussian) return std::exp(-4.0 * std::numbers::ln2 * r * r);
  const double x = std::numbers::pi * r / 1.55;
  const double taper = std::exp(-(r / 2.52) * (r / 2.52));
  return taper * (x < 1e-4 ? 1.0 : 2.0 * std::cyl_bessel_j(1.0, x) / x);
}

namespace {

constexpr int radii = 120;
constexpr int angles = 32;

/// A Gaussian of a full width of 1, folded with the kernel, at a distance; not normalised.
double folded(const Kernel& kernel, double distance) noexcept {
  double sum = 0.0;
  for (int i = 0; i < radii; ++i) {
    const double r = kernel.reach() * (i + 0.5) / radii;
    double ring = 0.0;
    for (int k = 0; k < angles; ++k) {
      const double angle = 2.0 * std::numbers::pi * k / angles;
      const double square = distance * distance + r * r - 2.0 * distance * r * std::cos(angle);
      ring += std::exp(-4.0 * std::numbers::ln2 * square);
    }
    sum += ring * kernel.at(r) * r;
  }
  return sum;
}

}  // namespace
}  // namespace signal

Angle map_beam(const GriddingOptions& options) {
  if (!(options.beam.radians() > 0.0) || !(options.width > 0.0) || !std::isfinite(options.width)) {
    throw Error(ErrorCode::invalid_argument,
                "a map cannot be made: say how wide the beam is (its full width at half maximum, positive), and keep "
                "the kernel's width positive");
  }
  const signal::Kernel kernel(options.kernel, options.width);
  const double half = 0.5 * signal::folded(kernel, 0.0);
  double low = 0.0;
  double high = 1.0 + 2.0 * options.width;
  for (int step = 0; step < 40; ++step) {
    const double middle = 0.5 * (low + high);
    (signal::folded(kernel, middle) > half ? low : high) = middle;
  }
  return options.beam * (low + high);  // twice the half width
}

}  // namespace astro
