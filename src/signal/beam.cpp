// SPDX-License-Identifier: BSD-3-Clause
#include "astro/signal/beam.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "astro/error.hpp"
#include "signal/model_fit.hpp"
#include "text.hpp"

namespace astro {
namespace {

constexpr double least_improvement = 25.0;  // 5 sigma
const double width_per_sigma = 2.0 * std::sqrt(2.0 * std::log(2.0));

[[noreturn]] void refuse_beam(const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "a beam cannot be fitted: " + why);
}

/// The Gaussian beam at (x, y) folded with a disc of radius `a` around 0, times a constant: strips of
/// the disc along y, whose integral is a difference of error functions, summed over x = a sin t by the midpoint
/// rule, which converges fast since the integrand is periodic in t.
double folded(double x, double y, double sigma_x, double sigma_y, double a) noexcept {
  const double narrow = std::min(sigma_x, sigma_y);
  const int strips = std::clamp(static_cast<int>(8.0 + 8.0 * a / narrow), 16, 400);
  double sum = 0.0;
  for (int i = 0; i < strips; ++i) {
    const double t = std::numbers::pi * ((i + 0.5) / strips - 0.5);
    const double u = (x - a * std::sin(t)) / sigma_x;
    const double half = a * std::cos(t);
    const double scale = std::numbers::sqrt2 * sigma_y;
    sum += std::exp(-0.5 * u * u) * (std::erf((y + half) / scale) - std::erf((y - half) / scale)) * std::cos(t);
  }
  return sum / strips;
}

/// 1 in the middle.
double shape(double x, double y, double fwhm_x, double fwhm_y, double disc) noexcept {
  const double sigma_x = std::abs(fwhm_x) / width_per_sigma;
  const double sigma_y = std::abs(fwhm_y) / width_per_sigma;
  if (disc <= 0.0) return std::exp(-0.5 * (x * x / (sigma_x * sigma_x) + y * y / (sigma_y * sigma_y)));
  return folded(x, y, sigma_x, sigma_y, 0.5 * disc) / folded(0.0, 0.0, sigma_x, sigma_y, 0.5 * disc);
}

struct Extent {
  double low;
  double high;
  double length() const noexcept { return high - low; }
};

Extent extent_of(std::span<const double> offsets) {
  for (const double offset : offsets) {
    if (!std::isfinite(offset)) refuse_beam("an offset is not finite");
  }
  const auto [low, high] = std::ranges::minmax(offsets);
  if (!(high > low)) refuse_beam("all points have the same offset");
  return {low, high};
}

void check_disc(double disc_deg) {
  if (!(disc_deg >= 0.0) || !std::isfinite(disc_deg)) {
    refuse_beam("a source of " + text::of(disc_deg) + " degrees was given, and 0 (a point) or more was expected");
  }
}

void check_lengths(std::size_t offsets, std::size_t powers) {
  if (offsets == powers) return;
  refuse_beam("there are " + std::to_string(offsets) + " offsets and " + std::to_string(powers) + " powers");
}

/// The lowest tenth of the powers: what the base is about.
double floor_of(std::span<const double> power) {
  std::vector<double> sorted(power.begin(), power.end());
  const auto tenth = static_cast<std::ptrdiff_t>(sorted.size() / 10);
  std::ranges::nth_element(sorted, sorted.begin() + tenth);
  return sorted[static_cast<std::size_t>(tenth)];
}

/// Where the source is and how wide it is, by its moments above half of the height.
struct Guess {
  double base;
  double amplitude;
  double x;
  double width;
};

Guess guess_of(std::span<const double> offset, std::span<const double> power, Extent extent) {
  Guess guess{};
  guess.base = floor_of(power);
  guess.amplitude = std::ranges::max(power) - guess.base;
  if (!(guess.amplitude > 0.0)) refuse_beam("no power is above the others");
  double sum = 0.0;
  for (std::size_t i = 0; i < power.size(); ++i) {
    const double above = power[i] - guess.base - 0.5 * guess.amplitude;
    if (above <= 0.0) continue;
    sum += above;
    guess.x += above * offset[i];
  }
  guess.x /= sum;
  double high = 0.0;  // how far points above half of the height lie from there
  for (std::size_t i = 0; i < power.size(); ++i) {
    if (power[i] - guess.base > 0.5 * guess.amplitude) high = std::max(high, std::abs(offset[i] - guess.x));
  }
  const double step = extent.length() / static_cast<double>(power.size());
  guess.width = std::clamp(2.0 * high, 2.0 * step, extent.length());
  return guess;
}

/// Whether the fit is so much better than that of the base alone. (The rise over its error would not tell:
/// a scan that hardly leaves the source does not know its height, but that there is one.)
void check_source(Measured amplitude, const signal::ModelFit& base, const signal::ModelFit& fit, std::size_t points,
                  bool has_errors) {
  const std::size_t freedom = points - fit.parameters.size();
  const double scatter = freedom > 0 ? fit.chi_square / static_cast<double>(freedom) : 0.0;
  // Without errors the scatter is the scale; with them it is where it is more than they say.
  const double scale = has_errors ? std::max(1.0, scatter) : scatter;
  const double better = base.chi_square - fit.chi_square;
  if (amplitude.value > 0.0 && better > least_improvement * scale) return;
  refuse_beam("no source stands out: with one of " + text::of(amplitude.value) + " chi-square is lower by " +
              text::of(better / scale) + " than with the base alone, and at least " + text::of(least_improvement) +
              " was expected");
}

void check_centre(Measured centre, Extent extent) {
  if (centre.value >= extent.low && centre.value <= extent.high) return;
  refuse_beam("no source stands out: the centre fits best at " + text::of(centre.value) +
              " degrees, outside the points, which reach from " + text::of(extent.low) + " to " +
              text::of(extent.high));
}

void check_width(Measured width, Extent extent, double step) {
  if (width.value >= 0.5 * step && width.value <= 3.0 * extent.length()) return;
  refuse_beam("the width fits best with " + text::of(width.value) + " degrees, which points over " +
              text::of(extent.length()) + " degrees in steps of " + text::of(step) + " cannot tell");
}

Measured positive(Measured width) noexcept { return {std::abs(width.value), width.sigma}; }

}  // namespace

double BeamFit::power_at(double offset_deg) const {
  return base.value + slope_per_deg.value * offset_deg +
         amplitude.value * shape(offset_deg - centre_deg.value, 0.0, fwhm_deg.value, fwhm_deg.value, disc_deg);
}

BeamFit fit_beam(std::span<const double> offset_deg, std::span<const double> power, std::span<const double> sigma,
                 const BeamOptions& options) {
  check_lengths(offset_deg.size(), power.size());
  check_disc(options.disc_deg);
  if (power.size() < 6) refuse_beam(std::to_string(power.size()) + " points were given, and at least 6 are needed");
  const Extent extent = extent_of(offset_deg);
  const Guess guess = guess_of(offset_deg, power, extent);
  const auto model = [&](const std::vector<double>& p, std::size_t i) {
    const double x = offset_deg[i];
    return p[3] + p[4] * x + p[2] * shape(x - p[0], 0.0, p[1], p[1], options.disc_deg);
  };
  const std::vector<double> scale{guess.width, guess.width, guess.amplitude, guess.amplitude,
                                  guess.amplitude / extent.length()};
  const signal::ModelFit fit = signal::fit_model({guess.x, guess.width, guess.amplitude, guess.base, 0.0}, scale, power,
                                                 sigma, model, "a beam cannot be fitted");
  const auto base_model = [&](const std::vector<double>& p, std::size_t i) { return p[0] + p[1] * offset_deg[i]; };
  const signal::ModelFit base = signal::fit_model({guess.base, 0.0}, std::vector{scale[3], scale[4]}, power, sigma,
                                                  base_model, "a base cannot be fitted");
  const auto& p = fit.parameters;
  BeamFit result{p[0], positive(p[1]), p[2], p[3], p[4], options.disc_deg, fit.reduced_chi_square};
  check_source(result.amplitude, base, fit, power.size(), !sigma.empty());
  check_centre(result.centre_deg, extent);
  check_width(result.fwhm_deg, extent, extent.length() / static_cast<double>(power.size() - 1));
  return result;
}

double BeamGridFit::power_at(double x, double y) const {
  return base.value + slope_x_per_deg.value * x + slope_y_per_deg.value * y +
         amplitude.value * shape(x - x_deg.value, y - y_deg.value, fwhm_x_deg.value, fwhm_y_deg.value, disc_deg);
}

BeamGridFit fit_beam(std::span<const double> dx_deg, std::span<const double> dy_deg, std::span<const double> power,
                     std::span<const double> sigma, const BeamGridOptions& options) {
  check_lengths(dx_deg.size(), power.size());
  check_lengths(dy_deg.size(), power.size());
  check_disc(options.disc_deg);
  if (power.size() < 5) refuse_beam(std::to_string(power.size()) + " points were given, and at least 5 are needed");
  const Extent across = extent_of(dx_deg);
  const Extent along = extent_of(dy_deg);
  const Guess x = guess_of(dx_deg, power, across);
  const Guess y = guess_of(dy_deg, power, along);
  // x, y, amplitude, base, then one width or two, then two slopes or none
  std::vector<double> guess{x.x, y.x, x.amplitude, x.base, std::max(x.width, y.width)};
  std::vector<double> scale{x.width, y.width, x.amplitude, x.amplitude, x.width};
  if (!options.round) {
    guess[4] = x.width;
    guess.push_back(y.width);
    scale.push_back(y.width);
  }
  const std::size_t second = options.round ? 4 : 5;
  const std::size_t slopes = second + 1;
  if (options.slope) {
    guess.insert(guess.end(), {0.0, 0.0});
    scale.insert(scale.end(), {x.amplitude / across.length(), x.amplitude / along.length()});
  }
  const auto model = [&](const std::vector<double>& p, std::size_t i) {
    const double plane = options.slope ? p[slopes] * dx_deg[i] + p[slopes + 1] * dy_deg[i] : 0.0;
    return p[3] + plane + p[2] * shape(dx_deg[i] - p[0], dy_deg[i] - p[1], p[4], p[second], options.disc_deg);
  };
  const signal::ModelFit fit =
      signal::fit_model(std::move(guess), scale, power, sigma, model, "a beam cannot be fitted");
  const auto base_model = [&](const std::vector<double>& p, std::size_t i) {
    return options.slope ? p[0] + p[1] * dx_deg[i] + p[2] * dy_deg[i] : p[0];
  };
  std::vector<double> base_scale{x.amplitude};
  if (options.slope) base_scale.insert(base_scale.end(), {x.amplitude / across.length(), x.amplitude / along.length()});
  std::vector<double> base_guess(base_scale.size());
  base_guess[0] = x.base;
  const signal::ModelFit base =
      signal::fit_model(std::move(base_guess), base_scale, power, sigma, base_model, "a base cannot be fitted");
  const auto& p = fit.parameters;
  BeamGridFit result{.x_deg = p[0],
                     .y_deg = p[1],
                     .fwhm_x_deg = positive(p[4]),
                     .fwhm_y_deg = positive(p[second]),
                     .amplitude = p[2],
                     .base = p[3],
                     .slope_x_per_deg = options.slope ? p[slopes] : Measured{},
                     .slope_y_per_deg = options.slope ? p[slopes + 1] : Measured{},
                     .disc_deg = options.disc_deg,
                     .reduced_chi_square = fit.reduced_chi_square};
  check_source(result.amplitude, base, fit, power.size(), !sigma.empty());
  check_centre(result.x_deg, across);
  check_centre(result.y_deg, along);
  const double side = std::sqrt(static_cast<double>(power.size()));
  check_width(result.fwhm_x_deg, across, across.length() / side);
  check_width(result.fwhm_y_deg, along, along.length() / side);
  return result;
}

}  // namespace astro
