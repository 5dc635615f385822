// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "astro/imaging/image.hpp"

namespace astro::imaging {

/// The noise that pixels of a difference have in common: its power at a spatial frequency, in units of what the
/// variance of the pixels says. 1 everywhere for white noise, and in the mean. It is not looked for in the images
/// themselves: faint sources, of which the sky is full, are common to them, and are not there in the difference.
class NoisePower {
 public:
  NoisePower() = default;
  /// Products of pixels up to `lags` apart, where both are within 3 sigma of the sky. Throws `invalid_argument` where
  /// there is too little of it.
  NoisePower(const Image& difference, int lags);

  bool is_white() const noexcept { return lags_ == 0; }
  /// For the frequencies k / `columns` of a row of a spectrum, which is at `v` cycles a pixel.
  void row(double v, std::size_t columns, std::span<float> power) const;

 private:
  int lags_ = 0;
  Plane<double>
      products_{};  ///< lags 0 to `lags` along a row, -lags to lags along the columns: (2 lags + 1) x (lags + 1)
};

}  // namespace astro::imaging
