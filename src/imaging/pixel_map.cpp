// SPDX-License-Identifier: BSD-3-Clause
#include "imaging/pixel_map.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace astro::imaging {

PixelMap::PixelMap(Exact exact, std::size_t rows, std::size_t columns)
    : exact_(std::move(exact)), rows_(rows), columns_(columns) {
  for (std::size_t step = 64; step >= 1; step /= 2) {
    lay_net(step);
    if (step == 1 || is_fine_enough()) return;
  }
}

void PixelMap::lay_net(std::size_t step) {
  step_ = step;
  // One node beyond the last pixel, so that each pixel lies in a cell.
  net_rows_ = (rows_ - 1) / step + 2;
  net_columns_ = (columns_ - 1) / step + 2;
  std::vector<PixelPosition> pixels;
  pixels.reserve(net_rows_ * net_columns_);
  for (std::size_t i = 0; i < net_rows_; ++i) {
    for (std::size_t k = 0; k < net_columns_; ++k) {
      pixels.push_back({static_cast<double>(k * step), static_cast<double>(i * step)});
    }
  }
  nodes_ = exact_(pixels);
}

bool PixelMap::is_fine_enough() const {
  constexpr double tolerance = 1e-3;
  std::vector<PixelPosition> middles;
  std::vector<PixelPosition> guesses;
  const double half = 0.5 * static_cast<double>(step_);
  for (std::size_t i = 0; i + 1 < net_rows_; ++i) {
    for (std::size_t k = 0; k + 1 < net_columns_; ++k) {
      const PixelPosition a = node(i, k);
      const PixelPosition b = node(i, k + 1);
      const PixelPosition c = node(i + 1, k);
      const PixelPosition d = node(i + 1, k + 1);
      middles.push_back({static_cast<double>(k * step_) + half, static_cast<double>(i * step_) + half});
      guesses.push_back({0.25 * (a.x + b.x + c.x + d.x), 0.25 * (a.y + b.y + c.y + d.y)});
    }
  }
  const std::vector<PixelPosition> exact = exact_(middles);
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const bool is_place = std::isfinite(exact[i].x) && std::isfinite(exact[i].y);
    const bool is_guess = std::isfinite(guesses[i].x) && std::isfinite(guesses[i].y);
    if (is_place != is_guess) return false;
    if (is_place && !(std::hypot(exact[i].x - guesses[i].x, exact[i].y - guesses[i].y) < tolerance)) return false;
  }
  return true;
}

double PixelMap::area_of_cell(std::size_t i, std::size_t k) const {
  const PixelPosition a = node(i, k);
  const PixelPosition b = node(i, k + 1);
  const PixelPosition c = node(i + 1, k);
  const PixelPosition d = node(i + 1, k + 1);
  const double across = (d.x - a.x) * (c.y - b.y) - (d.y - a.y) * (c.x - b.x);
  return 0.5 * std::abs(across) / static_cast<double>(step_ * step_);
}

void PixelMap::row(std::size_t row, std::span<PixelPosition> places, std::span<double> areas) const {
  const std::size_t i = row / step_;
  const double down = static_cast<double>(row % step_) / static_cast<double>(step_);
  for (std::size_t k = 0; k + 1 < net_columns_; ++k) {
    const PixelPosition a = node(i, k);
    const PixelPosition b = node(i, k + 1);
    const PixelPosition c = node(i + 1, k);
    const PixelPosition d = node(i + 1, k + 1);
    const PixelPosition left{a.x + down * (c.x - a.x), a.y + down * (c.y - a.y)};
    const PixelPosition right{b.x + down * (d.x - b.x), b.y + down * (d.y - b.y)};
    const double area = area_of_cell(i, k);
    const std::size_t end = std::min((k + 1) * step_, columns_);
    for (std::size_t column = k * step_; column < end; ++column) {
      const double along = static_cast<double>(column - k * step_) / static_cast<double>(step_);
      places[column] = {left.x + along * (right.x - left.x), left.y + along * (right.y - left.y)};
      areas[column] = area;
    }
  }
}

double PixelMap::middle_area() const {
  std::vector<double> areas;
  for (std::size_t i = 0; i + 1 < net_rows_; ++i) {
    for (std::size_t k = 0; k + 1 < net_columns_; ++k) {
      const double area = area_of_cell(i, k);
      if (std::isfinite(area)) areas.push_back(area);
    }
  }
  if (areas.empty()) return std::numeric_limits<double>::quiet_NaN();
  const auto middle = areas.begin() + static_cast<std::ptrdiff_t>(areas.size() / 2);
  std::nth_element(areas.begin(), middle, areas.end());
  return *middle;
}

}  // namespace astro::imaging
