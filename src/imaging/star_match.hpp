// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "imaging/pair_tile.hpp"

namespace astro::imaging {

/// Both images, each through the PSF of the other, at half their resolution: where nothing has changed they differ by
/// a factor and a shift.
struct MatchedPair {
  const float* science = nullptr;
  const float* reference = nullptr;
  std::size_t stride = 0;
  std::size_t rows = 0;
  std::size_t columns = 0;
};

/// Factor and shift of each bright star, by least squares of the science image against the reference and its
/// gradients.
std::vector<StarMatch> match_stars(const MatchedPair& pair, const Plane<std::uint8_t>& bad,
                                   const std::array<Plane<float>, 2>& psfs);

/// What most of the stars agree on.
struct Agreement {
  double ratio = 1.0;
  double ratio_scatter = 0.0;  ///< relative
  double dx = 0.0;
  double dy = 0.0;
  double scatter_x = 0.0;  ///< of the places, what noise explains taken off; pixels
  double scatter_y = 0.0;
};
Agreement agreement(const std::vector<StarMatch>& stars);

}  // namespace astro::imaging
