// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>

#include "astro/imaging/image.hpp"
#include "imaging/lanczos.hpp"

namespace astro::imaging {

/// A plane between its pixels, by Lanczos-3; 0 beyond its edges.
inline double value_at(const Plane<float>& plane, PixelPosition place) {
  const auto column = static_cast<std::ptrdiff_t>(std::floor(place.x));
  const auto row = static_cast<std::ptrdiff_t>(std::floor(place.y));
  const auto columns = static_cast<std::ptrdiff_t>(plane.columns());
  const auto rows = static_cast<std::ptrdiff_t>(plane.rows());
  if (column < -3 || row < -3 || column > columns + 2 || row > rows + 2) return 0.0;
  const std::array<double, 6> across = lanczos3_weights(place.x - static_cast<double>(column));
  const std::array<double, 6> along = lanczos3_weights(place.y - static_cast<double>(row));
  double sum = 0.0;
  for (std::ptrdiff_t j = 0; j < 6; ++j) {
    const std::ptrdiff_t r = row + j - 2;
    if (r < 0 || r >= rows) continue;
    double line = 0.0;
    for (std::ptrdiff_t i = 0; i < 6; ++i) {
      const std::ptrdiff_t c = column + i - 2;
      if (c < 0 || c >= columns) continue;
      line += across[static_cast<std::size_t>(i)] * plane(static_cast<std::size_t>(r), static_cast<std::size_t>(c));
    }
    sum += along[static_cast<std::size_t>(j)] * line;
  }
  return sum;
}

/// The same of a plane with odd sides, at a place that counts from its middle.
inline double sample(const Plane<float>& plane, double x, double y) {
  return value_at(plane, {x + static_cast<double>(plane.columns() / 2), y + static_cast<double>(plane.rows() / 2)});
}

/// Width of the circle that has as many pixels as are at least half as bright as the brightest.
inline double coarse_fwhm(const Plane<float>& psf) {
  const float half = 0.5F * *std::max_element(psf.values().begin(), psf.values().end());
  const auto area = std::count_if(psf.values().begin(), psf.values().end(), [&](float v) { return v >= half; });
  return 2.0 * std::sqrt(static_cast<double>(area) / std::numbers::pi);
}

}  // namespace astro::imaging
