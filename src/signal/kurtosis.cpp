// SPDX-License-Identifier: BSD-3-Clause
#include "astro/signal/kurtosis.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include "astro/error.hpp"
#include "text.hpp"

namespace astro {
namespace {

constexpr std::uint32_t fewest = 24;

/// Pearson's differential equation, p'(x) / p(x) = -(c1 + x) / (c0 + c1 x + c2 x^2), around the mean.
struct Pearson {
  double c0;
  double c1;
  double c2;
  double deviation;  ///< standard

  double slope(double x) const noexcept { return -(c1 + x) / (c0 + c1 * x + c2 * x * x); }
};

/// By the estimator's moments: variance, squared skewness and kurtosis.
Pearson pearson_of(std::uint32_t count) noexcept {
  const double m = count;
  const double variance = 4.0 * m * m / ((m - 1.0) * (m + 2.0) * (m + 3.0));
  const double beta1 =
      4.0 * (m + 2.0) * (m + 3.0) * std::pow(5.0 * m - 7.0, 2) / ((m - 1.0) * std::pow((m + 4.0) * (m + 5.0), 2));
  const double beta2 = 3.0 * (m + 2.0) * (m + 3.0) * (m * m * m + 98.0 * m * m - 185.0 * m + 78.0) /
                       ((m - 1.0) * (m + 4.0) * (m + 5.0) * (m + 6.0) * (m + 7.0));
  const double scale = 10.0 * beta2 - 12.0 * beta1 - 18.0;
  return {(4.0 * beta2 - 3.0 * beta1) / scale * variance, std::sqrt(variance * beta1) * (beta2 + 3.0) / scale,
          (2.0 * beta2 - 3.0 * beta1 - 6.0) / scale, std::sqrt(variance)};
}

/// A density on a grid, not normalised.
struct Density {
  double first;
  double step;
  std::vector<double> values;
};

/// From 0, the least there can be, to where nothing is left.
Density density_of(const Pearson& pearson, std::uint32_t count) {
  constexpr int steps = 40000;
  const double first = std::max(-1.0, -12.0 * pearson.deviation);
  const double last = std::min(static_cast<double>(count), 60.0 * pearson.deviation);
  Density density{first, (last - first) / steps, std::vector<double>(steps + 1)};
  double logarithm = 0.0;
  double highest = 0.0;
  double slope = pearson.slope(first);
  for (int i = 0; i <= steps; ++i) {
    const double next = pearson.slope(first + density.step * i);
    if (i > 0) logarithm += 0.5 * density.step * (slope + next);
    slope = next;
    density.values[static_cast<std::size_t>(i)] = logarithm;
    highest = std::max(highest, logarithm);
  }
  for (double& value : density.values) value = std::exp(value - highest);
  return density;
}

/// Steps from the first value on until this part of the whole is reached.
template <class Iterator>
double steps_to(Iterator begin, Iterator end, double part) {
  double sum = 0.0;
  for (Iterator at = begin; at + 1 != end; ++at) {
    const double more = 0.5 * (*at + *(at + 1));
    if (sum + more >= part) return static_cast<double>(at - begin) + (part - sum) / more;
    sum += more;
  }
  return static_cast<double>(end - begin - 1);
}

}  // namespace

double spectral_kurtosis(double sum, double sum_of_squares, std::uint32_t count) noexcept {
  if (!(sum > 0.0) || count < 2) return std::numeric_limits<double>::quiet_NaN();
  const double m = count;
  return (m + 1.0) / (m - 1.0) * (m * sum_of_squares / (sum * sum) - 1.0);
}

KurtosisLimits kurtosis_limits(std::uint32_t count, double sigma) {
  if (count < fewest || !(sigma >= 0.5) || sigma > 6.0) {
    throw Error(ErrorCode::invalid_argument,
                "limits of the spectral kurtosis of " + std::to_string(count) + " transforms at " + text::of(sigma) +
                    " sigma cannot be given: at least 24 transforms and 0.5 to 6 sigma are possible");
  }
  const Density density = density_of(pearson_of(count), count);
  double whole = 0.0;
  for (const double value : density.values) whole += value;
  whole -= 0.5 * (density.values.front() + density.values.back());
  const double beyond = 0.5 * std::erfc(sigma / std::numbers::sqrt2) * whole;
  const double low = steps_to(density.values.begin(), density.values.end(), beyond);
  const double high = steps_to(density.values.rbegin(), density.values.rend(), beyond);
  const double last = density.first + density.step * static_cast<double>(density.values.size() - 1);
  return {1.0 + density.first + density.step * low, 1.0 + last - density.step * high};
}

}  // namespace astro
