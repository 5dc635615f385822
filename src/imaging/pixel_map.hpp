// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "astro/imaging/image.hpp"
#include "astro/imaging/registration.hpp"
#include "astro/imaging/wcs.hpp"

namespace astro::imaging {

/// Places of an image for the pixels of another one, row by row, from a net of exact ones that is as fine as it must
/// be.
class PixelMap {
 public:
  /// Exact places of many pixels; NaN where there is none.
  using Exact = std::function<std::vector<PixelPosition>(std::span<const PixelPosition>)>;

  PixelMap(Exact exact, std::size_t rows, std::size_t columns);

  /// Of one row: a place for each pixel, and the area there of a pixel of the result, in pixels of the image.
  void row(std::size_t row, std::span<PixelPosition> places, std::span<double> areas) const;
  /// Area of a pixel in the middle of what is mapped; NaN when nothing is.
  double middle_area() const;

 private:
  bool is_fine_enough() const;
  void lay_net(std::size_t step);
  PixelPosition node(std::size_t i, std::size_t k) const { return nodes_[i * net_columns_ + k]; }
  double area_of_cell(std::size_t i, std::size_t k) const;

  Exact exact_;
  std::size_t rows_;
  std::size_t columns_;
  std::size_t step_ = 1;
  std::size_t net_rows_ = 0;
  std::size_t net_columns_ = 0;
  std::vector<PixelPosition> nodes_{};
};

}  // namespace astro::imaging
