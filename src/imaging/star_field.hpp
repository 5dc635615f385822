// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "astro/imaging/image.hpp"

namespace astro::imaging {

/// Places in cells, so that the nearest one within a reach is found at once. Those that are not finite are none.
class StarField {
 public:
  StarField(std::span<const PixelPosition> places, double reach) : places_(places) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    PixelPosition most{-infinity, -infinity};
    least_ = {infinity, infinity};
    for (const PixelPosition p : places) {
      if (!is_place(p)) continue;
      least_ = {std::min(least_.x, p.x), std::min(least_.y, p.y)};
      most = {std::max(most.x, p.x), std::max(most.y, p.y)};
    }
    if (!(least_.x <= most.x)) return;
    // Cells are at least as wide as the reach, and not too many.
    constexpr double most_cells = 1000.0;
    cell_ = std::max({reach, (most.x - least_.x) / most_cells, (most.y - least_.y) / most_cells});
    columns_ = static_cast<std::ptrdiff_t>((most.x - least_.x) / cell_) + 1;
    rows_ = static_cast<std::ptrdiff_t>((most.y - least_.y) / cell_) + 1;
    starts_.assign(static_cast<std::size_t>(columns_ * rows_) + 1, 0);
    const auto cell_of = [this](PixelPosition p) {
      return static_cast<std::size_t>(index(p.y - least_.y) * columns_ + index(p.x - least_.x));
    };
    for (const PixelPosition p : places) {
      if (is_place(p)) ++starts_[cell_of(p) + 1];
    }
    for (std::size_t i = 1; i < starts_.size(); ++i) starts_[i] += starts_[i - 1];
    members_.resize(starts_.back());
    std::vector<std::size_t> next(starts_.begin(), starts_.end() - 1);
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (is_place(places[i])) members_[next[cell_of(places[i])]++] = i;
    }
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

  /// All within the reach of the constructor, and some beyond.
  template <class Function>
  void for_each_near(PixelPosition to, Function function) const {
    const double x = to.x - least_.x;
    const double y = to.y - least_.y;
    const bool is_near = x >= -cell_ && y >= -cell_ && x < static_cast<double>(columns_ + 1) * cell_ &&
                         y < static_cast<double>(rows_ + 1) * cell_;
    if (members_.empty() || !is_near) return;
    const std::ptrdiff_t last_column = std::min(index(x) + 1, columns_ - 1);
    for (std::ptrdiff_t row = std::max<std::ptrdiff_t>(index(y) - 1, 0); row <= std::min(index(y) + 1, rows_ - 1);
         ++row) {
      for (std::ptrdiff_t column = std::max<std::ptrdiff_t>(index(x) - 1, 0); column <= last_column; ++column) {
        const auto cell = static_cast<std::size_t>(row * columns_ + column);
        for (std::size_t i = starts_[cell]; i < starts_[cell + 1]; ++i) function(members_[i]);
      }
    }
  }

 private:
  static bool is_place(PixelPosition p) { return std::isfinite(p.x) && std::isfinite(p.y); }
  std::ptrdiff_t index(double from_least) const { return static_cast<std::ptrdiff_t>(std::floor(from_least / cell_)); }

  std::span<const PixelPosition> places_;
  PixelPosition least_{};
  double cell_ = 1.0;
  std::ptrdiff_t rows_ = 0;
  std::ptrdiff_t columns_ = 0;
  std::vector<std::size_t> starts_{};   ///< of each cell in `members_`, and the end
  std::vector<std::size_t> members_{};  ///< indices of places, cell after cell
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
