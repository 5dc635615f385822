// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <vector>

#include "astro/export.hpp"
#include "astro/imaging/image.hpp"

namespace astro::imaging {

/// The image of a point of unit flux, which may change over the field: a polynomial in the place whose coefficients are
/// planes (odd sides, centred on the middle pixel; at each place they add up to a sum of 1).
class ASTRO_API Psf {
 public:
  /// The same everywhere. Normalised; throws `invalid_argument` for even sides, what is not finite, and a sum that is
  /// not positive.
  explicit Psf(Plane<float> everywhere);
  /// `terms` are the coefficients of 1, x, y, x^2, xy, y^2, ... up to `order`, with x and y from -1 to 1 over an image
  /// of so many rows and columns: (order + 1)(order + 2) / 2 planes of one shape.
  Psf(std::vector<Plane<float>> terms, int order, std::size_t rows, std::size_t columns);

  /// Centred, sum 1. Beyond the edges of the image it is as at the edge.
  Plane<float> at(PixelPosition place) const;
  std::size_t rows() const noexcept;     ///< of each plane
  std::size_t columns() const noexcept;  ///< of each plane
  bool is_constant() const noexcept { return order_ == 0; }
  int order() const noexcept { return order_; }

  /// Full width at half maximum of an equal-area circle, in pixels.
  double fwhm(PixelPosition place) const;
  /// 1 - b / a from the second moments weighted by a Gaussian of its own width.
  double ellipticity(PixelPosition place) const;
  /// Effective number of pixels of the noise of a fit: 1 / sum of squares (King 1983, PASP 95, 163).
  double noise_pixels(PixelPosition place) const;

 private:
  std::vector<Plane<float>> terms_;
  int order_ = 0;
  std::size_t image_rows_ = 0;
  std::size_t image_columns_ = 0;
};

}  // namespace astro::imaging
