// SPDX-License-Identifier: BSD-3-Clause
#include "astro/signal/tipping.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "astro/error.hpp"
#include "signal/model_fit.hpp"
#include "text.hpp"

namespace astro {
namespace {

constexpr double least_reach = 0.5;  // of air masses
const char* const doing = "a tipping curve cannot be fitted";

[[noreturn]] void refuse_tipping(const std::string& why) {
  throw Error(ErrorCode::invalid_argument, std::string(doing) + ": " + why);
}

double sky_k(double opacity, double airmass, const TippingOptions& options) noexcept {
  const double through = std::exp(-opacity * airmass);
  return options.air_k * (1.0 - through) + options.background_k * through;
}

void check(std::span<const double> airmass, std::size_t values, const TippingOptions& options) {
  if (airmass.size() != values) {
    refuse_tipping("there are " + std::to_string(airmass.size()) + " air masses and " + std::to_string(values) +
                   " values");
  }
  if (values < 3) refuse_tipping(std::to_string(values) + " points were given, and at least 3 are needed");
  for (const double each : airmass) {
    if (!std::isfinite(each) || each < 0.99) {
      refuse_tipping("an air mass of " + text::of(each) + " was given, and 1 (the zenith) or more was expected");
    }
  }
  const auto [low, high] = std::ranges::minmax(airmass);
  if (high - low < least_reach) {
    refuse_tipping("the air masses reach from " + text::of(low) + " to " + text::of(high) +
                   " only; go down to 30 degrees of altitude (air mass 2) or lower");
  }
  if (!(options.air_k > options.background_k)) refuse_tipping("the air is not warmer than what lies behind it");
}

/// Of the receiver and the opacity, in this order.
TippingFit result_of(const signal::ModelFit& fit, const TippingOptions& options) {
  const double correlation = fit.covariance[1] / std::sqrt(fit.covariance[0] * fit.covariance[3]);
  return {fit.parameters[1], fit.parameters[0], correlation, fit.reduced_chi_square, options};
}

/// A thin air: a straight line through the points with the least and the most of it.
std::vector<double> guess_of(std::span<const double> airmass, const std::function<double(std::size_t)>& kelvin,
                             const TippingOptions& options) {
  const auto [low, high] = std::ranges::minmax_element(airmass);
  const auto least = static_cast<std::size_t>(low - airmass.begin());
  const auto most = static_cast<std::size_t>(high - airmass.begin());
  const double slope = (kelvin(most) - kelvin(least)) / (*high - *low);
  const double opacity = std::clamp(slope / (options.air_k - options.background_k), 1e-4, 1.0);
  return {kelvin(least) - sky_k(opacity, *low, options), opacity};
}

}  // namespace

double TippingFit::temperature_k(double airmass) const {
  return receiver_k.value + sky_k(zenith_opacity.value, airmass, options);
}

TippingFit fit_tipping(std::span<const double> airmass, std::span<const double> temperature_k,
                       std::span<const double> sigma_k, const TippingOptions& options) {
  check(airmass, temperature_k.size(), options);
  const auto guess = guess_of(
      airmass, [&](std::size_t i) { return temperature_k[i]; }, options);
  const auto model = [&](const std::vector<double>& p, std::size_t i) {
    return p[0] + sky_k(p[1], airmass[i], options);
  };
  const std::vector<double> scale{100.0, 0.1};
  return result_of(signal::fit_model(guess, scale, temperature_k, sigma_k, model, doing), options);
}

TippingFit fit_tipping(std::span<const double> airmass, std::span<const double> power, std::span<const double> sigma,
                       const TippingLoad& load, const TippingOptions& options) {
  check(airmass, power.size(), options);
  for (const double each : power) {
    if (each > 0.0 && each < load.power) continue;
    refuse_tipping("a power of " + text::of(each) + " is not between 0 and that of the load, " + text::of(load.power));
  }
  // The least power tells about the receiver: there the sky has a few kelvin.
  const double least = *std::ranges::min_element(power);
  const double receiver = std::max(1.0, (least * load.temperature_k - 10.0 * load.power) / (load.power - least));
  const double scale_k = (receiver + load.temperature_k) / load.power;
  const auto guess = guess_of(
      airmass, [&](std::size_t i) { return power[i] * scale_k; }, options);
  const auto model = [&](const std::vector<double>& p, std::size_t i) {
    return load.power * (p[0] + sky_k(p[1], airmass[i], options)) / (p[0] + load.temperature_k);
  };
  const std::vector<double> scale{100.0, 0.1};
  return result_of(signal::fit_model(guess, scale, power, sigma, model, doing), options);
}

}  // namespace astro
