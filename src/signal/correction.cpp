// SPDX-License-Identifier: BSD-3-Clause
#include "astro/signal/correction.hpp"

#include <array>
#include <cmath>
#include <string>

#include "astro/error.hpp"
#include "signal/scale.hpp"

namespace astro {
namespace {

/// Sums in double: of one block, so that the caller's sums stay exact to many blocks.
struct Sums {
  std::complex<double> sum{};
  std::complex<double> square{};
  double power = 0.0;

  void add(double re, double im) noexcept {
    sum += std::complex<double>(re, im);
    square += std::complex<double>(re * re - im * im, 2.0 * re * im);
    power += re * re + im * im;
  }
};

template <class T>
Sums sums_of(const Block& block) {
  Sums sums;
  const double scale = signal::scale_of(block.settings().dtype);
  const double zero = signal::zero_of(block.settings().dtype);
  for (const auto& pair : block.as<std::array<T, 2>>()) {
    sums.add((static_cast<double>(pair[0]) - zero) * scale, (static_cast<double>(pair[1]) - zero) * scale);
  }
  return sums;
}

Sums sums_of_floats(const Block& block) {
  Sums sums;
  for (const auto& sample : block.as<std::complex<float>>()) {
    sums.add(static_cast<double>(sample.real()), static_cast<double>(sample.imag()));
  }
  return sums;
}

Sums sums_of(const Block& block, Dtype dtype) {
  switch (dtype) {
    case Dtype::cu8:
      return sums_of<std::uint8_t>(block);
    case Dtype::ci8:
      return sums_of<std::int8_t>(block);
    case Dtype::ci16:
      return sums_of<std::int16_t>(block);
    case Dtype::cf32:
      return sums_of_floats(block);
    default:
      throw Error(ErrorCode::invalid_argument, "the IQ correction cannot be estimated from " +
                                                   std::string(to_string(dtype)) +
                                                   " samples: cu8, ci8, ci16 or cf32 were expected");
  }
}

}  // namespace

void IqEstimator::add(const Block& block) {
  if (!block.settings().is_iq()) {
    throw Error(ErrorCode::invalid_argument, "the IQ correction cannot be estimated from spectra or frames");
  }
  const Sums sums = sums_of(block, block.settings().dtype);
  samples_ += block.items();
  sum_ += sums.sum;
  square_ += sums.square;
  power_ += sums.power;
}

IqCorrection IqEstimator::correction() const {
  const auto count = static_cast<double>(samples_);
  const std::complex<double> mean = samples_ == 0 ? 0.0 : sum_ / count;
  const double power = samples_ == 0 ? 0.0 : power_ / count - std::norm(mean);
  if (!(power > 1e-12 * std::norm(mean)) || !std::isfinite(power)) {
    throw Error(ErrorCode::invalid_argument, "the IQ correction cannot be estimated: of " + std::to_string(samples_) +
                                                 " samples none differs from the others, or one is not finite");
  }
  // E[y^2] of y = s + c conj(s), s circular, over E[|y|^2] is 2c / (1 + |c|^2).
  const std::complex<double> ratio = (square_ / count - mean * mean) / power;
  const double circular = std::sqrt(std::max(0.0, 1.0 - std::norm(ratio)));
  return {.offset = mean, .image = ratio / (1.0 + circular)};
}

}  // namespace astro
