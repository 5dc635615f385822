// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cmath>
#include <cstddef>

#include "astro/imaging/image.hpp"
#include "imaging/lanczos.hpp"

namespace astro::imaging {

/// A plane with odd sides between its pixels, at a place that counts from its middle; 0 beyond its edges.
inline double sample(const Plane<float>& plane, double x, double y) {
  const double u = x + static_cast<double>(plane.columns() / 2);
  const double v = y + static_cast<double>(plane.rows() / 2);
  const auto column = static_cast<std::ptrdiff_t>(std::floor(u));
  const auto row = static_cast<std::ptrdiff_t>(std::floor(v));
  const auto columns = static_cast<std::ptrdiff_t>(plane.columns());
  const auto rows = static_cast<std::ptrdiff_t>(plane.rows());
  if (column < -3 || row < -3 || column > columns + 2 || row > rows + 2) return 0.0;
  const std::array<double, 6> across = lanczos3_weights(u - static_cast<double>(column));
  const std::array<double, 6> along = lanczos3_weights(v - static_cast<double>(row));
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

}  // namespace astro::imaging
