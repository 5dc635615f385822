// SPDX-License-Identifier: BSD-3-Clause
#include "imaging/sep_image.hpp"

#include <array>
#include <limits>
#include <string>

#include "imaging/refuse.hpp"

namespace astro::imaging {

SepImage::SepImage(const Image& image, const char* doing) : mask_(image.rows(), image.columns()) {
  if (image.pixels.empty()) refuse(doing, "the image has no pixels");
  if ((!image.variance.empty() && !image.variance.fits(image.pixels)) ||
      (!image.mask.empty() && !image.mask.fits(image.pixels))) {
    refuse(doing, "the variance or the mask of the image has not the shape of its pixels");
  }
  if (image.pixels.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    refuse(doing, "the image of " + size_of(image.pixels) + " has more than 2^31 pixels");
  }
  bool has_usable = false;
  for (std::size_t row = 0; row < image.rows(); ++row) {
    for (std::size_t column = 0; column < image.columns(); ++column) {
      const bool is_good = is_usable(image, row, column);
      mask_(row, column) = is_good ? 0 : 1;
      has_usable = has_usable || is_good;
    }
  }
  if (!has_usable) refuse(doing, "no pixel is usable");
  image_.data = image.pixels.data();
  image_.dtype = SEP_TFLOAT;
  image_.mask = mask_.data();
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
