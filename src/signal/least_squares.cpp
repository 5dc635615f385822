// SPDX-License-Identifier: BSD-3-Clause
#include "signal/least_squares.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <utility>

#include "astro/error.hpp"

namespace astro::signal {
namespace {

constexpr int most_steps = 500;
constexpr double good_enough = 1e-10;  // relative change of chi-square

/// Inverse of a symmetric, positive definite matrix by Gauss and Jordan; nothing when it is not.
std::optional<std::vector<double>> inverse(std::vector<double> m, std::size_t n) {
  std::vector<double> result(n * n);
  for (std::size_t i = 0; i < n; ++i) result[i * n + i] = 1.0;
  for (std::size_t i = 0; i < n; ++i) {
    const double pivot = m[i * n + i];
    if (!(pivot > 0.0) || !std::isfinite(pivot)) return std::nullopt;
    for (std::size_t j = 0; j < n; ++j) {
      m[i * n + j] /= pivot;
      result[i * n + j] /= pivot;
    }
    for (std::size_t k = 0; k < n; ++k) {
      if (k == i) continue;
      const double factor = m[k * n + i];
      for (std::size_t j = 0; j < n; ++j) {
        m[k * n + j] -= factor * m[i * n + j];
        result[k * n + j] -= factor * result[i * n + j];
      }
    }
  }
  return result;
}

/// The parameters one step on, damped; nothing when the curvature allows none.
std::optional<std::vector<double>> stepped(const std::vector<double>& parameters, const Normal& normal,
                                           double damping) {
  const std::size_t n = parameters.size();
  std::vector<double> damped = normal.curvature;
  for (std::size_t i = 0; i < n; ++i) damped[i * n + i] *= 1.0 + damping;
  const auto inverted = inverse(std::move(damped), n);
  if (!inverted) return std::nullopt;
  std::vector<double> next = parameters;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) next[i] += (*inverted)[i * n + j] * normal.gradient[j];
  }
  return next;
}

[[noreturn]] void refuse_fit() {
  throw Error(ErrorCode::invalid_argument,
              "the fit does not converge: fewer lines, or a narrower window around the line, may help");
}

}  // namespace

Fitted fit_least_squares(std::vector<double> guess, const std::function<Normal(const std::vector<double>&)>& normal) {
  const std::size_t n = guess.size();
  Normal here = normal(guess);
  double damping = 1e-3;
  int settled = 0;
  for (int step = 0; step < most_steps && settled < 2; ++step) {
    const auto next = stepped(guess, here, damping);
    Normal there = next ? normal(*next) : Normal{};
    if (!next || !(there.chi_square <= here.chi_square)) {
      damping *= 8.0;
      if (damping > 1e12) break;  // no smaller sum can be found: this is the place
      continue;
    }
    settled = here.chi_square - there.chi_square <= good_enough * here.chi_square ? settled + 1 : 0;
    damping = std::max(damping * 0.2, 1e-12);
    guess = *next;
    here = std::move(there);
  }
  auto covariance = inverse(here.curvature, n);
  if (!covariance || !std::isfinite(here.chi_square)) refuse_fit();
  return {std::move(guess), std::move(*covariance), here.chi_square};
}

}  // namespace astro::signal
