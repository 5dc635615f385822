// SPDX-License-Identifier: BSD-3-Clause
#include "imaging/numbers.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace astro::imaging {

namespace {

template <class T>
T middle_of(std::span<T> values) {
  if (values.empty()) return std::numeric_limits<T>::quiet_NaN();
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return T{0.5} * (*middle + *std::max_element(values.begin(), middle));
}

template <class T>
Robust robust_of(std::span<T> values) {
  if (values.empty()) return {};
  const T middle = middle_of(values);
  std::vector<T> away(values.size());
  std::transform(values.begin(), values.end(), away.begin(), [&](T value) { return std::abs(value - middle); });
  return {static_cast<double>(middle), 1.4826 * static_cast<double>(middle_of(std::span<T>(away)))};
}

}  // namespace

double median_of(std::span<double> values) { return middle_of(values); }
float median_of(std::span<float> values) { return middle_of(values); }

Robust robust(std::span<double> values) { return robust_of(values); }
Robust robust(std::span<float> values) { return robust_of(values); }

void NormalEquations::add(std::span<const double> terms, std::span<const double> values, double weight) {
  for (std::size_t i = 0; i < unknowns_; ++i) {
    const double weighted = weight * terms[i];
    for (std::size_t k = 0; k <= i; ++k) matrix_[i * unknowns_ + k] += weighted * terms[k];
    for (std::size_t side = 0; side < sides_; ++side) right_[side * unknowns_ + i] += weighted * values[side];
  }
}

std::optional<std::vector<double>> NormalEquations::solve() const {
  // A matrix with a diagonal of 1 says by its pivots whether its equations can be told apart.
  const std::size_t n = unknowns_;
  std::vector<double> scale(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double diagonal = matrix_[i * n + i];
    if (!(diagonal > 0.0) || !std::isfinite(diagonal)) return std::nullopt;
    scale[i] = 1.0 / std::sqrt(diagonal);
  }
  std::vector<double> scaled = matrix_;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k <= i; ++k) scaled[i * n + k] *= scale[i] * scale[k];
  }
  std::vector<double> result = right_;
  for (std::size_t i = 0; i < result.size(); ++i) result[i] *= scale[i % n];
  if (!solve_positive(scaled, result, 1e-13)) return std::nullopt;
  for (std::size_t i = 0; i < result.size(); ++i) result[i] *= scale[i % n];
  return result;
}

bool solve_positive(std::span<double> matrix, std::span<double> sides, double least_pivot) {
  const auto n = static_cast<std::size_t>(std::llround(std::sqrt(static_cast<double>(matrix.size()))));
  // The factor, with the inverse of its diagonal.
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k <= i; ++k) {
      double sum = matrix[i * n + k];
      for (std::size_t m = 0; m < k; ++m) sum -= matrix[i * n + m] * matrix[k * n + m];
      if (i == k && !(sum > least_pivot)) return false;
      matrix[i * n + k] = i == k ? 1.0 / std::sqrt(sum) : sum * matrix[k * n + k];
    }
  }
  for (std::size_t first = 0; first < sides.size(); first += n) {
    const std::span<double> x = sides.subspan(first, n);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t k = 0; k < i; ++k) x[i] -= matrix[i * n + k] * x[k];
      x[i] *= matrix[i * n + i];
    }
    for (std::size_t i = n; i-- > 0;) {
      for (std::size_t k = i + 1; k < n; ++k) x[i] -= matrix[k * n + i] * x[k];
      x[i] *= matrix[i * n + i];
    }
  }
  return true;
}

std::size_t terms_of_order(int order) noexcept {
  const auto n = static_cast<std::size_t>(order);
  return (n + 1) * (n + 2) / 2;
}

void powers(double x, double y, int order, std::span<double> terms) noexcept {
  std::size_t at = 0;
  for (int total = 0; total <= order; ++total) {
    for (int of_y = 0; of_y <= total; ++of_y) {
      terms[at++] = std::pow(x, total - of_y) * std::pow(y, of_y);
    }
  }
}

}  // namespace astro::imaging
