// SPDX-License-Identifier: BSD-3-Clause
#include "signal/model_fit.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "astro/error.hpp"
#include "signal/least_squares.hpp"

namespace astro::signal {
namespace {

constexpr double part_of_scale = 1e-5;

[[noreturn]] void refuse_model(const std::string& doing, const std::string& why) {
  throw Error(ErrorCode::invalid_argument, doing + ": " + why);
}

void check(std::span<const double> values, std::span<const double> sigma, std::size_t parameters,
           const std::string& doing) {
  const std::size_t needed = sigma.empty() ? parameters + 1 : parameters;
  if (values.size() < needed) {
    refuse_model(doing, std::to_string(values.size()) + " points were given, and at least " + std::to_string(needed) +
                            " are needed for " + std::to_string(parameters) + " parameters");
  }
  if (!sigma.empty() && sigma.size() != values.size()) {
    refuse_model(doing, "there are " + std::to_string(values.size()) + " values, and " + std::to_string(sigma.size()) +
                            " errors of them");
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool good = std::isfinite(values[i]) && (sigma.empty() || (sigma[i] > 0.0 && std::isfinite(sigma[i])));
    if (!good) refuse_model(doing, "point " + std::to_string(i) + " is not finite, or its error is not above 0");
  }
}

}  // namespace

ModelFit fit_model(std::vector<double> guess, std::span<const double> scale, std::span<const double> values,
                   std::span<const double> sigma, const Model& model, const std::string& doing) {
  const std::size_t n = guess.size();
  check(values, sigma, n, doing);
  const auto normal = [&](const std::vector<double>& parameters) {
    Normal sums{0.0, std::vector<double>(n), std::vector<double>(n * n)};
    std::vector<double> moved = parameters;
    std::vector<double> slope(n);
    for (std::size_t p = 0; p < values.size(); ++p) {
      for (std::size_t i = 0; i < n; ++i) {
        const double step = part_of_scale * scale[i];
        moved[i] = parameters[i] + step;
        const double above = model(moved, p);
        moved[i] = parameters[i] - step;
        slope[i] = (above - model(moved, p)) / (2.0 * step);
        moved[i] = parameters[i];
      }
      const double weight = sigma.empty() ? 1.0 : 1.0 / (sigma[p] * sigma[p]);
      const double off = values[p] - model(parameters, p);
      sums.chi_square += weight * off * off;
      for (std::size_t i = 0; i < n; ++i) {
        sums.gradient[i] += weight * off * slope[i];
        for (std::size_t j = 0; j < n; ++j) sums.curvature[i * n + j] += weight * slope[i] * slope[j];
      }
    }
    return sums;
  };
  Fitted fitted;
  try {
    fitted = fit_least_squares(std::move(guess), normal);
  } catch (const Error&) {
    refuse_model(doing, "no set of parameters fits best: the points do not tell all of them");
  }
  const auto freedom = static_cast<double>(values.size() - n);
  ModelFit fit;
  fit.chi_square = fitted.chi_square;
  fit.reduced_chi_square = freedom > 0.0 ? fitted.chi_square / freedom : 0.0;
  const double factor = sigma.empty() ? fit.reduced_chi_square : std::max(1.0, fit.reduced_chi_square);
  for (double& each : fitted.covariance) each *= factor;
  for (std::size_t i = 0; i < n; ++i) {
    fit.parameters.push_back({fitted.parameters[i], std::sqrt(fitted.covariance[i * n + i])});
  }
  fit.covariance = std::move(fitted.covariance);
  if (sigma.empty()) fit.reduced_chi_square = 1.0;  // by construction
  return fit;
}

}  // namespace astro::signal
