// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "astro/signal/measured.hpp"

namespace astro::signal {

/// The model's value at a point, by number, with some parameters.
using Model = std::function<double(const std::vector<double>& parameters, std::size_t point)>;

struct ModelFit {
  std::vector<Measured> parameters;  ///< errors times the root of reduced chi-square where that is more than 1
  std::vector<double> covariance;    ///< row-major, with the same factor's square
  double chi_square = 0.0;           ///< in units of the values' errors; without `sigma` of the values squared
  double reduced_chi_square = 0.0;   ///< 0 without freedom
};

/// Least squares from a guess; derivatives by differences of a small part of `scale`, one for each
/// parameter. Without `sigma` all values have one error, which the scatter tells. `doing` begins the
/// message of an error; throws `invalid_argument` for lists of different lengths, what is not finite, errors that
/// are not positive, fewer points than parameters (without `sigma`: no more), and when nothing can be fitted.
ModelFit fit_model(std::vector<double> guess, std::span<const double> scale, std::span<const double> values,
                   std::span<const double> sigma, const Model& model, const std::string& doing);

}  // namespace astro::signal
