// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

// Small numerics that several files of this room need.
namespace astro::imaging {

/// Median; NaN when there are none. The order of the values is lost.
double median_of(std::span<double> values);
float median_of(std::span<float> values);
inline double median_of(std::vector<double>&& values) { return median_of(std::span(values)); }

struct Robust {
  double middle = 0.0;  ///< median
  double sigma = 0.0;   ///< 1.4826 times the median deviation from it: of a normal distribution its standard deviation
};
/// The order of the values is lost; zeros when there are none.
Robust robust(std::span<double> values);
Robust robust(std::span<float> values);
inline Robust robust(std::vector<double>&& values) { return robust(std::span(values)); }

/// Solves equations with a symmetric positive matrix in place, by Cholesky's decomposition, for each of the right-hand
/// sides that follow each other. False where a pivot is not more than the least: they do not say all unknowns.
bool solve_positive(std::span<double> matrix, std::span<double> sides, double least_pivot);

/// Sums of weighted least squares, one equation after the other; solved for as many right-hand sides as each has.
class NormalEquations {
 public:
  NormalEquations(std::size_t unknowns, std::size_t sides = 1)
      : unknowns_(unknowns), sides_(sides), matrix_(unknowns * unknowns), right_(unknowns * sides) {}

  void add(std::span<const double> terms, std::span<const double> values, double weight = 1.0);
  void add(std::span<const double> terms, double value, double weight = 1.0) {
    add(terms, std::span(&value, 1), weight);
  }
  /// Unknowns of the first side, then those of the next; nothing when the equations do not say them.
  std::optional<std::vector<double>> solve() const;

 private:
  std::size_t unknowns_;
  std::size_t sides_;
  std::vector<double> matrix_;
  std::vector<double> right_;
};

/// 1, x, y, x^2, xy, y^2, ... up to an order.
std::size_t terms_of_order(int order) noexcept;
void powers(double x, double y, int order, std::span<double> terms) noexcept;

}  // namespace astro::imaging
