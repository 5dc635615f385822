// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>  // sep.h does not include what it names

extern "C" {
#include <sep.h>
}

#include <memory>

#include "astro/imaging/image.hpp"

namespace astro::imaging {

/// An image as SEP takes it: pixels and variance where they are, and a mask of bytes where one is needed. It must
/// outlive this.
class SepImage {
 public:
  /// Throws `invalid_argument` when no pixel is usable, or planes do not fit each other.
  SepImage(const Image& image, const char* doing);

  const sep_image* get() const noexcept { return &image_; }
  sep_image& parameters() noexcept { return image_; }

 private:
  Plane<std::uint8_t> mask_{};
  sep_image image_{};
};

/// Throws `invalid_argument` with what SEP says, unless the status is 0.
void check_sep(int status, const char* doing);

}  // namespace astro::imaging
