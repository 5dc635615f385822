// SPDX-License-Identifier: BSD-3-Clause
#include "imaging/moments.hpp"

#include <algorithm>
#include <cmath>

#include "imaging/lanczos.hpp"

namespace astro::imaging {
namespace {

/// Eigenvalues of the moments, the larger first.
std::pair<double, double> axes_of(const Moments& m) {
  const double mean = 0.5 * (m.xx + m.yy);
  const double spread = std::hypot(0.5 * (m.xx - m.yy), m.xy);
  return {mean + spread, mean - spread};
}

struct WeightedSums {
  double sum = 0.0;
  double x = 0.0;
  double y = 0.0;
  double xx = 0.0;
  double xy = 0.0;
  double yy = 0.0;
};

/// Sums of the pixels times the Gaussian of these moments, about its centre.
WeightedSums weighted_sums(const Plane<float>& pixels, const Moments& m) {
  const double determinant = m.xx * m.yy - m.xy * m.xy;
  const double reach_x = 4.0 * std::sqrt(m.xx);
  const double reach_y = 4.0 * std::sqrt(m.yy);
  const auto clipped = [](double value, std::size_t size) {
    return static_cast<std::size_t>(std::clamp(value, 0.0, static_cast<double>(size)));
  };
  const std::size_t first_row = clipped(std::ceil(m.centre.y - reach_y), pixels.rows());
  const std::size_t end_row = clipped(std::floor(m.centre.y + reach_y) + 1.0, pixels.rows());
  const std::size_t first_column = clipped(std::ceil(m.centre.x - reach_x), pixels.columns());
  const std::size_t end_column = clipped(std::floor(m.centre.x + reach_x) + 1.0, pixels.columns());
  WeightedSums sums;
  for (std::size_t row = first_row; row < end_row; ++row) {
    const double y = static_cast<double>(row) - m.centre.y;
    for (std::size_t column = first_column; column < end_column; ++column) {
      const double value = pixels(row, column);
      if (!std::isfinite(value)) continue;
      const double x = static_cast<double>(column) - m.centre.x;
      const double squared = (m.yy * x * x - 2.0 * m.xy * x * y + m.xx * y * y) / determinant;
      if (squared > 16.0) continue;
      const double weighted = value * std::exp(-0.5 * squared);
      sums.sum += weighted;
      sums.x += weighted * x;
      sums.y += weighted * y;
      sums.xx += weighted * x * x;
      sums.xy += weighted * x * y;
      sums.yy += weighted * y * y;
    }
  }
  return sums;
}

}  // namespace

double Moments::sigma() const { return std::pow(std::max(0.0, xx * yy - xy * xy), 0.25); }

double Moments::ellipticity() const {
  const auto [large, small] = axes_of(*this);
  return small > 0.0 ? 1.0 - std::sqrt(small / large) : 1.0;
}

std::optional<Moments> adaptive_moments(const Plane<float>& pixels, PixelPosition start, double sigma) {
  constexpr double least = 0.09;  // a pixel alone has 1/12
  Moments m{start, sigma * sigma, 0.0, sigma * sigma};
  const double most = 0.25 * static_cast<double>(std::min(pixels.rows(), pixels.columns()));
  for (int turn = 0; turn < 100; ++turn) {
    const WeightedSums sums = weighted_sums(pixels, m);
    if (!(sums.sum > 0.0)) return std::nullopt;
    const double dx = sums.x / sums.sum;
    const double dy = sums.y / sums.sum;
    // The product of two Gaussians of the same moments has half of them, and its centre lies in the middle.
    Moments next{{m.centre.x + 2.0 * dx, m.centre.y + 2.0 * dy},
                 2.0 * (sums.xx / sums.sum - dx * dx),
                 2.0 * (sums.xy / sums.sum - dx * dy),
                 2.0 * (sums.yy / sums.sum - dy * dy)};
    next.xx = std::max(next.xx, least);
    next.yy = std::max(next.yy, least);
    next.xy = std::clamp(next.xy, -0.95 * std::sqrt(next.xx * next.yy), 0.95 * std::sqrt(next.xx * next.yy));
    if (next.sigma() > most || std::hypot(next.centre.x - start.x, next.centre.y - start.y) > 2.0 * sigma + 3.0) {
      return std::nullopt;
    }
    const double change = std::abs(next.xx - m.xx) + std::abs(next.yy - m.yy) + std::abs(next.xy - m.xy);
    const double moved_by = std::hypot(next.centre.x - m.centre.x, next.centre.y - m.centre.y);
    m = next;
    if (change < 1e-6 * (m.xx + m.yy) && moved_by < 1e-6) return m;
  }
  return m;
}

Plane<float> moved(const Plane<float>& plane, double dx, double dy) {
  // Whole rows at once: the weights are the same for all pixels.
  const auto rows = static_cast<std::ptrdiff_t>(plane.rows());
  const auto columns = static_cast<std::ptrdiff_t>(plane.columns());
  const auto for_each_tap = [](double by, const auto& add) {
    const double whole = std::floor(-by);
    const auto weights = lanczos3_weights(-by - whole);
    for (std::size_t k = 0; k < weights.size(); ++k) {
      add(static_cast<std::ptrdiff_t>(whole) - 2 + static_cast<std::ptrdiff_t>(k), static_cast<float>(weights[k]));
    }
  };
  Plane<float> across(plane.rows(), plane.columns());
  for_each_tap(dx, [&](std::ptrdiff_t offset, float weight) {
    const std::ptrdiff_t first = std::max<std::ptrdiff_t>(0, -offset);
    const std::ptrdiff_t last = std::min(columns, columns - offset);
    for (std::ptrdiff_t row = 0; row < rows; ++row) {
      const float* from = plane.data() + row * columns + offset;
      float* to = across.data() + row * columns;
      for (std::ptrdiff_t i = first; i < last; ++i) to[i] += weight * from[i];
    }
  });
  Plane<float> result(plane.rows(), plane.columns());
  for_each_tap(dy, [&](std::ptrdiff_t offset, float weight) {
    for (std::ptrdiff_t row = std::max<std::ptrdiff_t>(0, -offset); row < std::min(rows, rows - offset); ++row) {
      const float* from = across.data() + (row + offset) * columns;
      float* to = result.data() + row * columns;
      for (std::ptrdiff_t i = 0; i < columns; ++i) to[i] += weight * from[i];
    }
  });
  return result;
}

}  // namespace astro::imaging
