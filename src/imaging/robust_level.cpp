// SPDX-License-Identifier: BSD-3-Clause
#include "imaging/robust_level.hpp"

#include <cmath>
#include <numeric>
#include <span>

#include "imaging/numbers.hpp"

namespace astro::imaging {

std::vector<float> usable_values(const Image& image) {
  std::vector<float> values;
  values.reserve(image.pixels.size());
  for (std::size_t row = 0; row < image.rows(); ++row) {
    for (std::size_t column = 0; column < image.columns(); ++column) {
      if (is_usable(image, row, column)) values.push_back(image.pixels(row, column));
    }
  }
  return values;
}

RobustLevel robust_level(std::vector<float> values) {
  const float median = median_of(std::span(values));
  for (float& value : values) value = std::abs(value - median);
  const double typical = 1.4826 * static_cast<double>(median_of(std::span(values)));
  if (typical > 0.0) return {median, typical};
  // sqrt(pi / 2) of a normal distribution
  return {median, 1.2533 * std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size())};
}

}  // namespace astro::imaging
