// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "astro/imaging/image.hpp"

namespace astro::imaging {

inline bool is_saturated(const Image& image, std::size_t row, std::size_t column) noexcept {
  return (image.saturation > 0.0 && image.pixels(row, column) >= static_cast<float>(image.saturation)) ||
         (!image.mask.empty() && (image.mask(row, column) & bit(Flag::saturated)) != 0);
}
/// The same of a row from column `first` on, at once: 0 for what can be used, else `mine`, and `bad_saturated`. False:
/// all can be used.
bool find_flaws(const Image& image, std::size_t row, std::size_t first, std::uint8_t mine,
                std::span<std::uint8_t> flaws);

/// The sky of an image: its background, and the noise of a pixel.
class SkyLevel {
 public:
  /// The background from clipped medians in cells of so many pixels; 0: there is none.
  SkyLevel(const Image& image, std::size_t cell, int threads);

  /// Of a row; `first` is the first of its columns that is asked for.
  void background(std::size_t row, std::size_t first, std::span<float> values) const;
  bool has_background() const noexcept { return cell_ > 0; }
  double noise() const noexcept { return noise_; }  ///< standard deviation of a pixel of the sky
  float per_count() const noexcept {
    return per_count_;
  }  ///< variance that a count brings; 0 where the image has its own
  /// Of a pixel that can be used, with its value less the background.
  float variance(const Image& image, std::size_t row, std::size_t column, float above) const noexcept {
    if (!image.variance.empty()) return image.variance(row, column);
    // Noise alone is no light of a source.
    return sky_variance_ + (above > 2.0F * static_cast<float>(noise_) ? above * per_count_ : 0.0F);
  }
  /// The same of as many pixels of a row as there is memory for, from column `first` on: the image's own or in the
  /// memory; anything for pixels that cannot be used.
  std::span<const float> variance_row(const Image& image, std::size_t row, std::size_t first,
                                      std::span<float> memory) const;

 private:
  void measure_cells(const Image& image, int threads);
  void measure_noise(const Image& image);
  void smooth_cells();

  std::size_t cell_ = 0;
  Plane<float> cells_{};
  float step_y_ = 1.0F;  ///< rows of the image to a cell
  float step_x_ = 1.0F;
  double noise_ = 0.0;
  float sky_variance_ = 0.0F;
  float per_count_ = 0.0F;
};

}  // namespace astro::imaging
