// SPDX-License-Identifier: BSD-3-Clause
#include "signal/robust.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "astro/error.hpp"

namespace astro::signal {
namespace {

constexpr int highest_order = 10;
constexpr std::size_t channels_per_coefficient = 8;
constexpr int most_rounds = 50;
/// Standard deviation of a normal distribution whose median absolute deviation is 1.
constexpr double sigma_per_mad = 1.4826;

/// Channel number as x in [-1, 1].
double position_of(std::size_t channel, std::size_t channels) noexcept {
  if (channels < 2) return 0.0;
  return 2.0 * static_cast<double>(channel) / static_cast<double>(channels - 1) - 1.0;
}

/// P0(x), P1(x), ... by Bonnet's recursion.
void legendre(double x, std::span<double> values) noexcept {
  for (std::size_t n = 0; n < values.size(); ++n) {
    const auto degree = static_cast<double>(n);
    if (n == 0) values[n] = 1.0;
    else if (n == 1) values[n] = x;
    else values[n] = ((2.0 * degree - 1.0) * x * values[n - 1] - (degree - 1.0) * values[n - 2]) / degree;
  }
}

/// Solves the symmetric, positive definite `matrix` (row-major) for `right`, by Cholesky, in place.
void solve(std::vector<double>& matrix, std::vector<double>& right) {
  const std::size_t n = right.size();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = matrix[i * n + j];
      for (std::size_t k = 0; k < j; ++k) sum -= matrix[i * n + k] * matrix[j * n + k];
      if (i != j) {
        matrix[i * n + j] = sum / matrix[j * n + j];
        continue;
      }
      if (!(sum > 0.0)) {
        throw Error(ErrorCode::invalid_argument,
                    "a polynomial of order " + std::to_string(n - 1) +
                        " cannot be fitted: its channels lie too close together; use a lower order");
      }
      matrix[i * n + i] = std::sqrt(sum);
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < i; ++k) right[i] -= matrix[i * n + k] * right[k];
    right[i] /= matrix[i * n + i];
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) right[i] -= matrix[k * n + i] * right[k];
    right[i] /= matrix[i * n + i];
  }
}

/// Least squares, each channel with its weight (1 where there are none).
Polynomial fit(std::span<const double> values, const Mask& used, int order, std::span<const double> weights = {}) {
  const auto n = static_cast<std::size_t>(order) + 1;
  std::vector<double> matrix(n * n);
  std::vector<double> right(n);
  std::vector<double> basis(n);
  for (std::size_t channel = 0; channel < values.size(); ++channel) {
    if (!used[channel]) continue;
    legendre(position_of(channel, values.size()), basis);
    const double weight = weights.empty() ? 1.0 : weights[channel];
    for (std::size_t i = 0; i < n; ++i) {
      right[i] += weight * basis[i] * values[channel];
      for (std::size_t j = 0; j <= i; ++j) matrix[i * n + j] += weight * basis[i] * basis[j];
    }
  }
  solve(matrix, right);
  return {std::move(right), values.size()};
}

std::vector<double> deviations(std::span<const double> values, const Polynomial& curve) {
  std::vector<double> result = curve.everywhere();
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = std::abs(values[i] - result[i]);
  return result;
}

/// The usable channels without those that deviate by more than `limit`, and their neighbours.
Mask without_outliers(const std::vector<double>& deviation, const Mask& usable, double limit, std::size_t widen) {
  Mask kept = usable;
  for (std::size_t i = 0; i < deviation.size(); ++i) {
    if (!usable[i] || deviation[i] <= limit) continue;
    const std::size_t from = i - std::min(i, widen);
    const std::size_t to = std::min(deviation.size(), i + widen + 1);
    std::fill(kept.begin() + static_cast<std::ptrdiff_t>(from), kept.begin() + static_cast<std::ptrdiff_t>(to), 0);
  }
  return kept;
}

/// Values that are noiseless to rounding are no outliers of one another.
double rounding_of(std::span<const double> values, const Mask& usable) noexcept {
  double largest = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (usable[i]) largest = std::max(largest, std::abs(values[i]));
  }
  return 1e-9 * largest;
}

/// Least absolute deviations, by weighting least squares anew (Schlossmacher 1973, J. Am. Stat. Assoc. 68, 857): a
/// bright line over a third of the channels draws least squares to it so far that nothing stands out any more.
Polynomial fit_absolutely(std::span<const double> values, const Mask& usable, int order, double rounding) {
  constexpr int rounds = 20;
  Polynomial curve = fit(values, usable, order);
  for (int round = 0; round < rounds; ++round) {
    std::vector<double> weights = deviations(values, curve);
    const double least = std::max(1e-3 * median(weights, usable), rounding);
    if (!(least > 0.0)) break;  // all lies on the curve
    for (double& weight : weights) weight = 1.0 / std::max(weight, least);
    curve = fit(values, usable, order, weights);
  }
  return curve;
}

double rms_of(const std::vector<double>& deviation, const Mask& used, std::size_t coefficients) noexcept {
  double sum = 0.0;
  for (std::size_t i = 0; i < deviation.size(); ++i) {
    if (used[i]) sum += deviation[i] * deviation[i];
  }
  return std::sqrt(sum / static_cast<double>(std::max(count(used), coefficients + 1) - coefficients));
}

void check(const Mask& usable, int order) {
  if (order < 0 || order > highest_order) {
    throw Error(ErrorCode::invalid_argument,
                "a polynomial of order " + std::to_string(order) + " cannot be fitted: 0 to 10 are possible");
  }
  const std::size_t needed = channels_per_coefficient * (static_cast<std::size_t>(order) + 1);
  if (count(usable) < needed) {
    throw Error(ErrorCode::invalid_argument, "a polynomial of order " + std::to_string(order) + " needs " +
                                                 std::to_string(needed) + " channels with weight, and there are " +
                                                 std::to_string(count(usable)));
  }
}

}  // namespace

std::size_t count(const Mask& mask) noexcept {
  return static_cast<std::size_t>(std::count_if(mask.begin(), mask.end(), [](char in) { return in != 0; }));
}

double median(std::vector<double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return 0.5 * (*middle + *std::max_element(values.begin(), middle));
}

double median(std::span<const double> values, const Mask& mask) {
  std::vector<double> chosen;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (mask[i]) chosen.push_back(values[i]);
  }
  return median(std::move(chosen));
}

Polynomial::Polynomial(std::vector<double> coefficients, std::size_t channels)
    : coefficients_(std::move(coefficients)), channels_(channels) {}

double Polynomial::at(std::size_t channel) const {
  std::vector<double> basis(coefficients_.size());
  legendre(position_of(channel, channels_), basis);
  double sum = 0.0;
  for (std::size_t i = 0; i < basis.size(); ++i) sum += coefficients_[i] * basis[i];
  return sum;
}

std::vector<double> Polynomial::everywhere() const {
  std::vector<double> values(channels_);
  for (std::size_t channel = 0; channel < channels_; ++channel) values[channel] = at(channel);
  return values;
}

RobustFit fit_robustly(std::span<const double> values, const Mask& usable, int order, std::size_t widen) {
  check(usable, order);
  const auto coefficients = static_cast<std::size_t>(order) + 1;
  const std::size_t fewest = std::max(count(usable) / 4, 2 * coefficients);
  const double rounding = rounding_of(values, usable);
  Mask used = usable;
  Polynomial curve = fit_absolutely(values, usable, order, rounding);
  for (int round = 0; round < most_rounds; ++round) {
    const auto deviation = deviations(values, curve);
    const double sigma = sigma_per_mad * median(deviation, used);
    Mask kept = without_outliers(deviation, usable, 3.0 * sigma + rounding, widen);
    if (kept == used || count(kept) < fewest) break;
    used = std::move(kept);
    curve = fit(values, used, order);
  }
  const double rms = rms_of(deviations(values, curve), used, coefficients);
  const double error = rms * std::sqrt(static_cast<double>(coefficients) / static_cast<double>(count(used)));
  return {std::move(curve), std::move(used), rms, error};
}

}  // namespace astro::signal
