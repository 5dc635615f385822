// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>

#include "astro/export.hpp"
#include "astro/imaging/image.hpp"
#include "astro/imaging/registration.hpp"
#include "astro/imaging/wcs.hpp"

namespace astro::imaging {

enum class Kernel : std::uint8_t {
  bilinear,
  lanczos3,  ///< windowed sinc of three lobes: keeps a star's shape and the noise's spectrum to half the pixel rate
};

struct ResamplingOptions {
  Kernel kernel = Kernel::lanczos3;
  /// The sum of the pixels is kept (counts); otherwise their values are (a surface brightness).
  bool keeps_flux = true;
  /// A pixel of the result is `no_data` when unusable pixels would have more than this share of its weights. Below,
  /// what surrounds them stands for them.
  double unusable_share = 0.1;
};

/// An image on other pixels.
struct Resampled {
  Image image{};
  /// Neighbours share noise. The `variance` of the image is that of each of its pixels alone; the sum of many has this
  /// many times the sum of their variances. So has the noise on scales of many pixels: what is measured over an area,
  /// an aperture or a star several pixels wide, is less certain by up to the square root of it.
  double correlation = 1.0;
};

/// The image on the pixels of `to`, `rows` of `columns`. Each pixel of the result is a weighted sum of what lies around
/// its place, its variance the sum of the squared weights times the variances: the right one where the pixels of the
/// image are independent. Pixels larger than those of the image widen the kernel, so that nothing is left out.
/// A mask's bits go where their pixels' share is too large; beyond that unusable pixels leave no trace. What is
/// saturated is masked, and `saturation` 0 from then on. Places are
/// interpolated to 0.001 pixel. Throws `invalid_argument` when the image has no `wcs` or the two do not meet.
ASTRO_API Resampled resample(const Image& image, const Wcs& to, std::size_t rows, std::size_t columns,
                             const ResamplingOptions& options = {});

/// The same by a transform from the image to the result, as `register_stars(image's stars, other's stars)` finds it.
/// The result has no `wcs`.
ASTRO_API Resampled resample(const Image& image, const Transform& to, std::size_t rows, std::size_t columns,
                             const ResamplingOptions& options = {});

}  // namespace astro::imaging
