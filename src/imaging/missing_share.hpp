// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "astro/imaging/image.hpp"

namespace astro::imaging {

/// The share of each place's weight that lies on pixels without data or outside, with a Gaussian in place of a kernel's
/// square.
class MissingShare {
 public:
  /// `squared_kernel` has its middle in the middle, and counts up to `reach` from there.
  MissingShare(const Plane<std::uint8_t>& bad, const Plane<float>& squared_kernel, std::size_t reach);

  /// Of a row, from column `first` on.
  void row(std::size_t row, std::size_t first, std::span<float> share) const;

 private:
  std::size_t rows_;
  std::size_t reach_ = 0;
  std::vector<float> weights_{};
  std::vector<float> edges_{};               ///< of a row in which all is there
  std::vector<std::vector<float>> along_{};  ///< of each row along itself; empty: `edges_`
};

}  // namespace astro::imaging
