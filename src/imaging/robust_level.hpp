// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <vector>

#include "astro/imaging/image.hpp"

namespace astro::imaging {

/// The values of all usable pixels.
std::vector<float> usable_values(const Image& image);

struct RobustLevel {
  double median = 0.0;
  double sigma = 0.0;  ///< 1.4826 times the median deviation; of values that are mostly equal, from the mean deviation
};
RobustLevel robust_level(std::vector<float> values);

}  // namespace astro::imaging
