// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "astro/imaging/image.hpp"

namespace astro::imaging {

/// Places in cells, so that the nearest one within a reach is found at once.
class StarField {
 public:
  StarField(std::span<const PixelPosition> places, double reach) : places_(places), cell_(reach) {
    for (std::size_t i = 0; i < places.size(); ++i)
      cells_[key(column_of(places[i].x), column_of(places[i].y))].push_back(i);
  }

  /// The nearest within `reach` (at most that of the constructor).
  std::optional<std::size_t> nearest(PixelPosition to, double reach) const {
    std::optional<std::size_t> found;
    double best = reach * reach;
    for_each_near(to, [&](std::size_t i) {
      const double x = places_[i].x - to.x;
      const double y = places_[i].y - to.y;
      if (x * x + y * y > best) return;
      best = x * x + y * y;
      found = i;
    });
    return found;
  }

  template <class Function>
  void for_each_near(PixelPosition to, Function function) const {
    if (!std::isfinite(to.x) || !std::isfinite(to.y)) return;
    const std::int64_t column = column_of(to.x);
    const std::int64_t row = column_of(to.y);
    for (std::int64_t y = row - 1; y <= row + 1; ++y) {
      for (std::int64_t x = column - 1; x <= column + 1; ++x) {
        const auto cell = cells_.find(key(x, y));
        if (cell == cells_.end()) continue;
        for (const std::size_t i : cell->second) function(i);
      }
    }
  }

 private:
  std::int64_t column_of(double x) const {
    return static_cast<std::int64_t>(std::clamp(std::floor(x / cell_), -1e9, 1e9));
  }
  static std::int64_t key(std::int64_t x, std::int64_t y) { return x * 4'000'000'007 + y; }

  std::span<const PixelPosition> places_;
  double cell_;
  std::unordered_map<std::int64_t, std::vector<std::size_t>> cells_{};
};

/// Pairs of places that are each other's nearest within a reach: of `from` and of `to`.
inline std::vector<std::pair<std::size_t, std::size_t>> mutual_pairs(std::span<const PixelPosition> from,
                                                                     std::span<const PixelPosition> to, double reach) {
  const StarField of_from(from, reach);
  const StarField of_to(to, reach);
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const auto there = of_to.nearest(from[i], reach);
    if (there && of_from.nearest(to[*there], reach) == i) pairs.emplace_back(i, *there);
  }
  return pairs;
}

}  // namespace astro::imaging
