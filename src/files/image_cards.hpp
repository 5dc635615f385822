// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>

#include "astro/imaging/image.hpp"
#include "files/fits_header.hpp"
#include "files/fits_writer.hpp"

namespace astro::files {

/// Everything but pixels and world coordinates, as the cards say it; what they do not say stays.
void read_cards(const FitsHeader& header, imaging::Image& image);
void write_cards(FitsWriter& fits, const imaging::Image& image);

/// What an extension is to the image beside it.
enum class ImagePart : unsigned char { none, variance, deviation, weight, mask, quality };
ImagePart part_of_image(const FitsHeader& header);

/// Which of our flags each bit of a mask means; 0: none.
class MaskBits {
 public:
  MaskBits(const FitsHeader& header, ImagePart part);
  std::uint16_t flags(std::uint64_t stored) const noexcept;

 private:
  std::array<std::uint16_t, 64> flags_{};
};
/// Names each of our bits for who reads the mask.
void write_mask_bits(FitsWriter& fits);

}  // namespace astro::files
