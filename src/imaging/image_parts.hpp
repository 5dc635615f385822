// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <vector>

#include "astro/imaging/image.hpp"

namespace astro::imaging {

/// What the gain and the read noise predict for a pixel, in its own unit.
struct NoiseModel {
  float per_count = 1.0F;  ///< variance of each count
  float floor = 0.0F;      ///< variance without any

  /// No count and no read noise: one electron, since no pixel is without any.
  float of(float counts) const noexcept {
    const float own = (counts > 0.0F ? counts * per_count : 0.0F) + floor;
    return own > 0.0F ? own : per_count * per_count;
  }
};

/// Throws `invalid_argument` for a gain or read noise that cannot be.
NoiseModel noise_model(const Image& image);

/// What nothing reaches, a NaN, where it is not known.
float saturation_of(const Image& image) noexcept;

/// Whether all pixels of a row are usable; quick where they are.
bool is_usable_row(const Image& image, std::size_t row) noexcept;

/// The values of all usable pixels.
std::vector<float> usable_values(const Image& image);

/// Throws `invalid_argument` for an image without pixels, or with a variance or mask of another shape.
void check_planes(const char* doing, const Image& image);

/// All but planes and world coordinates.
void copy_description(const Image& from, Image& to);

}  // namespace astro::imaging
