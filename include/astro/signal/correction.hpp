// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <complex>
#include <cstdint>

#include "astro/block.hpp"
#include "astro/export.hpp"

namespace astro {

/// What a quadrature receiver does wrong: it adds a constant, and its two halves differ in gain and
/// are not at 90 degrees, so that each signal has an image on the other side of the centre. Samples
/// x are made right by y = x - offset, z = (y - image conj(y)) / (1 - |image|^2).
struct IqCorrection {
  std::complex<double> offset{};  ///< on the scale of the samples: integers are scaled to [-1, 1]
  std::complex<double> image{};   ///< amplitude of the image over that of its signal

  double image_db() const noexcept { return 10.0 * std::log10(std::norm(image)); }  ///< -inf: there is none
  bool operator==(const IqCorrection&) const = default;
};

/// Estimates the correction from the samples themselves: whatever comes from the sky or the receiver
/// before its mixer is circular, its mean and the mean of its square are zero (e.g. Anttila, Valkama
/// and Renfors 2008, IEEE Trans. Veh. Tech. 57, 2099, the one-tap compensator). The image is known to
/// about 1 / sqrt(samples); a carrier right at the centre of the band is taken for the offset.
class ASTRO_API IqEstimator {
 public:
  /// Adds a block of IQ; gaps do not matter. Throws `invalid_argument` when it holds something else.
  void add(const Block& block);
  /// Of all samples added; throws `invalid_argument` when there are none, or all are equal.
  IqCorrection correction() const;
  std::uint64_t samples() const noexcept { return samples_; }

 private:
  std::uint64_t samples_ = 0;
  std::complex<double> sum_{};
  std::complex<double> square_{};  ///< sum of x^2
  double power_ = 0.0;             ///< sum of |x|^2
};

}  // namespace astro
