// SPDX-License-Identifier: BSD-3-Clause
#include "astro/signal/continuum.hpp"

#include <cmath>
#include <limits>
#include <numbers>
#include <string>

#include "astro/error.hpp"
#include "signal/robust.hpp"
#include "text.hpp"

namespace astro {
namespace {

using signal::Mask;

constexpr double boltzmann = 1.380649e-23;  // J/K, exact (SI)
constexpr double jansky = 1e-26;            // W / m^2 / Hz
constexpr double sigma_per_mad = 1.4826;

[[noreturn]] void refuse_continuum(const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "the continuum cannot be measured: " + why);
}

/// The band without its edges, where something is held.
template <class Values>
Mask inner(const Values& values, const std::vector<float>& weight, double edge) {
  if (!(edge >= 0.0) || edge >= 0.5)
    refuse_continuum("an edge of " + text::of(edge) + " of the band leaves nothing of it");
  if (values.size() != weight.size()) refuse_continuum("the spectrum has not as many values as weights");
  const auto left_out = static_cast<std::size_t>(edge * static_cast<double>(values.size()));
  Mask mask(values.size());
  for (std::size_t i = left_out; i + left_out < values.size(); ++i) {
    mask[i] = weight[i] > 0.0F && std::isfinite(values[i]) ? 1 : 0;
  }
  if (signal::count(mask) == 0) refuse_continuum("no channel of the spectrum has weight");
  return mask;
}

/// The error of a product or quotient from the relative ones.
double sigma_of(double value, Measured a, Measured b) noexcept {
  return std::abs(value) *
         std::hypot(a.value != 0.0 ? a.sigma / a.value : 0.0, b.value != 0.0 ? b.sigma / b.value : 0.0);
}

double area_m2(double diameter_m) {
  if (!(diameter_m > 0.0))
    refuse_continuum("a dish of " + text::of(diameter_m) + " m was given, and a positive one was expected");
  return 0.25 * std::numbers::pi * diameter_m * diameter_m;
}

}  // namespace

Measured total_power(const Spectrum& spectrum, double edge) {
  const Mask mask = inner(spectrum.power, spectrum.weight, edge);
  double sum = 0.0;
  double weights = 0.0;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (!mask[i]) continue;
    sum += static_cast<double>(spectrum.weight[i]) * static_cast<double>(spectrum.power[i]);
    weights += static_cast<double>(spectrum.weight[i]);
  }
  const double mean = sum / weights;
  const double averages = spectrum.effective_averages * weights;
  return {mean, averages > 0.0 ? mean / std::sqrt(averages) : std::numeric_limits<double>::quiet_NaN()};
}

Measured continuum_k(const CalibratedSpectrum& spectrum, double edge) {
  Mask mask = inner(spectrum.temperature_k, spectrum.weight, edge);
  const std::vector<double> temperature(spectrum.temperature_k.begin(), spectrum.temperature_k.end());
  const double middle = signal::median(temperature, mask);
  std::vector<double> deviation(temperature.size());
  for (std::size_t i = 0; i < deviation.size(); ++i) deviation[i] = std::abs(temperature[i] - middle);
  const double limit = 3.0 * sigma_per_mad * signal::median(deviation, mask);
  double sum = 0.0;
  double weights = 0.0;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    const auto sigma = static_cast<double>(spectrum.sigma_k[i]);
    if (!mask[i] || deviation[i] > limit || !(sigma > 0.0)) continue;
    sum += temperature[i] / (sigma * sigma);
    weights += 1.0 / (sigma * sigma);
  }
  if (!(weights > 0.0)) refuse_continuum("no channel of the spectrum has an error");
  return {sum / weights, 1.0 / std::sqrt(weights)};
}

Measured Aperture::kelvin_per_jansky() const {
  if (!(efficiency.value > 0.0)) {
    refuse_continuum("an aperture efficiency of " + text::of(efficiency.value) +
                     " was given, and a positive one was expected");
  }
  const double per_jansky = area_m2(diameter_m) * jansky / (2.0 * boltzmann);
  return {per_jansky * efficiency.value, per_jansky * efficiency.sigma};
}

Measured flux_jy(Measured temperature_k, const Aperture& aperture) {
  const Measured factor = aperture.kelvin_per_jansky();
  const double flux = temperature_k.value / factor.value;
  return {flux, std::hypot(temperature_k.sigma / factor.value, flux * factor.sigma / factor.value)};
}

Measured aperture_efficiency(Measured temperature_k, Measured flux, double diameter_m) {
  if (!(flux.value > 0.0))
    refuse_continuum("a flux density of " + text::of(flux.value) + " Jy tells nothing of an aperture");
  const double efficiency = temperature_k.value * 2.0 * boltzmann / (flux.value * jansky * area_m2(diameter_m));
  return {efficiency, sigma_of(efficiency, temperature_k, flux)};
}

FluxSpectrum flux_spectrum(const CalibratedSpectrum& spectrum, const Aperture& aperture) {
  FluxSpectrum result{spectrum.axis, {}, {}, spectrum.weight};
  if (spectrum.sigma_k.size() != spectrum.temperature_k.size()) refuse_continuum("not each temperature has an error");
  for (std::size_t i = 0; i < spectrum.temperature_k.size(); ++i) {
    const Measured flux =
        flux_jy({static_cast<double>(spectrum.temperature_k[i]), static_cast<double>(spectrum.sigma_k[i])}, aperture);
    result.flux_jy.push_back(static_cast<float>(flux.value));
    result.sigma_jy.push_back(static_cast<float>(flux.sigma));
  }
  return result;
}

}  // namespace astro
