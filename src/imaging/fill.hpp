// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "astro/imaging/image.hpp"

namespace astro::imaging {

/// Why a pixel cannot be used: bits. Of one image alone, or of the first of a pair, it is `bad_science`.
enum : std::uint8_t { bad_science = 1, bad_reference = 2, bad_saturated = 4 };

/// An image while its gaps are filled: less its background, rows at a distance of `stride`.
struct Filling {
  float* pixels = nullptr;
  std::size_t stride = 0;
  const Plane<float>* psf = nullptr;
  double noise = 0.0;      ///< of a pixel of the sky
  float per_count = 0.0F;  ///< variance that a count brings
};

/// A pixel that was filled, and the variance that says how little is known of it.
struct Filled {
  std::size_t row = 0;
  std::size_t column = 0;
  std::array<float, 2> variance{};  ///< science, reference; negative where the image was not filled
};

/// Fills what cannot be used, of an image or of both of a pair. Where one is saturated, both get the star that fits
/// around the gap, so that what is wrong with it goes out of the difference; other gaps get what their neighbours have.
std::vector<Filled> fill(const Plane<std::uint8_t>& bad, std::span<const Filling> images);

}  // namespace astro::imaging
