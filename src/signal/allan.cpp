// SPDX-License-Identifier: BSD-3-Clause
#include "astro/signal/allan.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "astro/error.hpp"

namespace astro {
namespace {

constexpr std::size_t fewest = 6;

[[noreturn]] void refuse_allan(const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "the Allan variance cannot be computed: " + why);
}

}  // namespace

std::vector<AllanPoint> allan_variance(std::span<const double> power, double interval_s) {
  if (power.size() < fewest) refuse_allan(std::to_string(power.size()) + " values were given, and 6 are the fewest");
  if (!(interval_s > 0.0)) refuse_allan("the time from one value to the next is not positive");
  std::vector<double> sums(power.size() + 1);  // of all values before
  for (std::size_t i = 0; i < power.size(); ++i) sums[i + 1] = sums[i] + power[i];
  const double mean = sums.back() / static_cast<double>(power.size());
  if (!std::isfinite(mean) || mean == 0.0) refuse_allan("the mean of the values is 0, or one is not finite");
  std::vector<AllanPoint> points;
  for (std::size_t length = 1; 3 * length <= power.size(); length *= 2) {
    const std::size_t pairs = power.size() + 1 - 2 * length;
    double square = 0.0;
    for (std::size_t i = 0; i < pairs; ++i) {
      const double step = sums[i + 2 * length] - 2.0 * sums[i + length] + sums[i];
      square += step * step;
    }
    const auto n = static_cast<double>(length);
    const double variance = square / (2.0 * static_cast<double>(pairs) * n * n * mean * mean);
    const double independent = static_cast<double>(power.size()) / n - 1.0;
    points.push_back({n * interval_s, variance, variance * std::sqrt(2.0 / independent)});
  }
  return points;
}

double allan_time_s(std::span<const AllanPoint> points) {
  if (points.empty()) refuse_allan("there are no points to take the smallest of");
  return std::ranges::min_element(points, {}, &AllanPoint::variance)->time_s;
}

}  // namespace astro
