// SPDX-License-Identifier: BSD-3-Clause
#include "imaging/sep_image.hpp"

#include <array>
#include <limits>
#include <string>

#include "imaging/image_parts.hpp"
#include "imaging/refuse.hpp"

namespace astro::imaging {

SepImage::SepImage(const Image& image, const char* doing) {
  check_planes(doing, image);
  if (image.pixels.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    refuse(doing, "the image of " + size_of(image.pixels) + " has more than 2^31 pixels");
  }
  std::size_t unusable = 0;
  for (std::size_t row = 0; row < image.rows(); ++row) {
    if (is_usable_row(image, row)) continue;
    if (mask_.empty()) mask_ = Plane<std::uint8_t>(image.rows(), image.columns());
    for (std::size_t column = 0; column < image.columns(); ++column) {
      if (is_usable(image, row, column)) continue;
      mask_(row, column) = 1;
      ++unusable;
    }
  }
  if (unusable == image.pixels.size()) refuse(doing, "no pixel is usable");
  image_.data = image.pixels.data();
  image_.dtype = SEP_TFLOAT;
  image_.mask = mask_.empty() ? nullptr : mask_.data();  // SEP is quicker without
  image_.mdtype = SEP_TBYTE;
  image_.w = static_cast<int>(image.columns());
  image_.h = static_cast<int>(image.rows());
  image_.noise_type = SEP_NOISE_NONE;
  if (image.variance.empty()) return;
  image_.noise = image.variance.data();
  image_.ndtype = SEP_TFLOAT;
  image_.noise_type = SEP_NOISE_VAR;
}

void check_sep(int status, const char* doing) {
  if (status == 0) return;
  std::array<char, 61> reason{};
  std::array<char, 513> detail{};
  sep_get_errmsg(status, reason.data());
  sep_get_errdetail(detail.data());
  refuse(doing, std::string("SEP says \"") + reason.data() + '"' +
                    (detail[0] == '\0' ? std::string() : std::string(": ") + detail.data()));
}

}  // namespace astro::imaging
