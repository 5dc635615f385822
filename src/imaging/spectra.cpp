// SPDX-License-Identifier: BSD-3-Clause
#include "imaging/spectra.hpp"

namespace astro::imaging {

void put_psf(const Plane<float>& psf, const signal::PlaneTransform& transform, float* to) {
  for (std::size_t y = 0; y < psf.rows(); ++y) {
    const std::size_t row = (y + transform.rows() - psf.rows() / 2) % transform.rows();
    for (std::size_t x = 0; x < psf.columns(); ++x) {
      const std::size_t column = (x + transform.columns() - psf.columns() / 2) % transform.columns();
      to[row * transform.stride() + column] = psf(y, x);
    }
  }
}

Plane<float> middle_part(const float* plane, const signal::PlaneTransform& transform, std::size_t reach) {
  Plane<float> made(2 * reach + 1, 2 * reach + 1);
  const float scale = 1.0F / (static_cast<float>(transform.rows()) * static_cast<float>(transform.columns()));
  for (std::size_t y = 0; y < made.rows(); ++y) {
    const std::size_t row = (y + transform.rows() - reach) % transform.rows();
    for (std::size_t x = 0; x < made.columns(); ++x) {
      made(y, x) = scale * plane[row * transform.stride() + (x + transform.columns() - reach) % transform.columns()];
    }
  }
  return made;
}

}  // namespace astro::imaging
