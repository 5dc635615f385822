// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <vector>

namespace astro::signal {

/// The sum of squares at some parameters, half its gradient and the curvature without second
/// derivatives (row-major): all that a step of a fit needs.
struct Normal {
  double chi_square = 0.0;
  std::vector<double> gradient;
  std::vector<double> curvature;
};

struct Fitted {
  std::vector<double> parameters;
  std::vector<double> covariance;  ///< row-major; inverse of the curvature
  double chi_square = 0.0;
};

/// Levenberg and Marquardt from a first guess. Throws `invalid_argument` when it does not converge or
/// a parameter has no influence.
Fitted fit_least_squares(std::vector<double> guess, const std::function<Normal(const std::vector<double>&)>& normal);

}  // namespace astro::signal
