// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>

#include "astro/error.hpp"
#include "astro/signal/continuum.hpp"
#include "observing/reduction.hpp"

namespace astro::detail {

namespace {

double median(std::vector<double> values) {
  if (values.empty()) return 0.0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

Measured only_channel(const Spectrum& spectrum) {
  const double power = spectrum.power.front();
  return {power, power / std::sqrt(std::max(spectrum.effective_averages, 1.0))};
}

/// A straight line through two loads.
Measured between(const Measured& power, const Measured& hot, const Measured& cold, double hot_k, double cold_k) {
  const double scale = (hot_k - cold_k) / (hot.value - cold.value);
  const double part = (power.value - cold.value) / (hot.value - cold.value);
  const double sigma = scale * std::hypot(power.sigma, part * hot.sigma, (1.0 - part) * cold.sigma);
  return {cold_k + (power.value - cold.value) * scale, std::abs(sigma)};
}

}  // namespace

Spectrum band_power(const Spectrum& spectrum) {
  const Measured power = total_power(spectrum);
  Spectrum one = spectrum;
  const double channels = spectrum.axis.channels;
  one.axis = {.first = spectrum.axis.at((channels - 1.0) / 2.0), .step = spectrum.axis.step * channels, .channels = 1};
  one.power = {static_cast<float>(power.value)};
  one.weight = {1.0f};
  // What the radiometer equation makes of its error.
  one.effective_averages =
      power.sigma > 0.0 ? std::pow(power.value / power.sigma, 2.0) : spectrum.effective_averages * channels;
  return one;
}

Calibrations::Epoch Calibrations::made(const Observation& observation, std::span<const Spectrum> warm,
                                       std::span<const Spectrum> cold) {
  const bool is_diode = observation.request.calibration == CalibrationKind::noise_diode;
  Epoch epoch;
  epoch.cold_k = observation.cold_k;
  epoch.hot_k = is_diode ? observation.cold_k + observation.noise_diode_k : observation.hot_k;
  const Spectrum hot_mean = average(warm);
  const Spectrum cold_mean = average(cold);
  if (hot_mean.axis.channels > 1) {
    const CalibrationOptions options{
        .hot_k = epoch.hot_k, .cold_k = epoch.cold_k, .rest = observation.request.rest_frequency};
    epoch.calibration =
        is_diode ? Calibration::from_noise_diode(hot_mean, cold_mean, {.value = observation.noise_diode_k}, options)
                 : Calibration::from_hot_cold(hot_mean, cold_mean, options);
    epoch.tsys_k = epoch.calibration->tsys_k();
    epoch.receiver_k = epoch.calibration->receiver_k();
    return epoch;
  }
  epoch.hot_power = only_channel(hot_mean);
  epoch.cold_power = only_channel(cold_mean);
  if (epoch.hot_power.value <= epoch.cold_power.value) {
    throw Error(ErrorCode::invalid_argument,
                "reducing observation '" + observation.id + "': the warm load was not warmer than the cold one");
  }
  // Power is zero where receiver and load together are at zero kelvin.
  epoch.receiver_k = -between({}, epoch.hot_power, epoch.cold_power, epoch.hot_k, epoch.cold_k).value;
  epoch.tsys_k = epoch.receiver_k + epoch.cold_k;
  return epoch;
}

Calibrations::Calibrations(const Observation& observation, std::span<const Integration> stored, const Location& site) {
  const CalibrationKind kind = observation.request.calibration;
  if (kind == CalibrationKind::none) return;
  const Phase warm_phase = kind == CalibrationKind::loads ? Phase::hot : Phase::noise_diode;
  std::vector<Spectrum> warm;
  std::vector<Spectrum> cold;
  for (std::size_t i = 0; i <= stored.size(); ++i) {
    const bool is_load = i < stored.size() && (stored[i].phase == warm_phase || stored[i].phase == Phase::cold);
    // A new calibration begins with its warm side.
    const bool begins = i == stored.size() || (stored[i].phase == warm_phase && !cold.empty());
    if (begins && !warm.empty() && !cold.empty()) {
      epochs_.push_back(made(observation, warm, cold));
      epochs_.back().first = i == 0 ? 0 : stored[i - 1].sequence;
      warm.clear();
      cold.clear();
    }
    if (is_load) (stored[i].phase == warm_phase ? warm : cold).push_back(to_spectrum(stored[i], site));
    if (!is_load && !warm.empty() && !cold.empty()) {
      epochs_.push_back(made(observation, warm, cold));
      epochs_.back().first = stored[i].sequence;
      warm.clear();
      cold.clear();
    }
  }
  if (!epochs_.empty()) return;
  const auto count = [&](Phase phase) {
    return std::to_string(std::ranges::count(stored, phase, &Integration::phase));
  };
  throw Error(ErrorCode::invalid_argument, "reducing observation '" + observation.id + "': it was cut short and has " +
                                               count(warm_phase) + " integrations on the warm load and " +
                                               count(Phase::cold) + " on the cold one; at least one of each is needed");
}

std::size_t Calibrations::epoch_of(std::int64_t sequence) const noexcept {
  std::size_t found = 0;
  for (std::size_t i = 0; i < epochs_.size(); ++i) {
    if (epochs_[i].first <= sequence) found = i;
  }
  return found;
}

double Calibrations::tsys_k() const noexcept {
  std::vector<double> all;
  for (const Epoch& epoch : epochs_) all.push_back(epoch.tsys_k);
  return median(std::move(all));
}

double Calibrations::receiver_k() const noexcept {
  std::vector<double> all;
  for (const Epoch& epoch : epochs_) all.push_back(epoch.receiver_k);
  return median(std::move(all));
}

double Calibrations::tsys_k(std::int64_t sequence) const noexcept {
  return epochs_.empty() ? 1.0 : epochs_[epoch_of(sequence)].tsys_k;
}

double Calibrations::tsys_k(std::int64_t sequence, const Spectrum& seen) const {
  if (epochs_.empty()) return 1.0;
  const Epoch& holds = epochs_[epoch_of(sequence)];
  if (!holds.calibration) return holds.tsys_k;
  Spectrum in_band = seen;
  in_band.axis = holds.calibration->hot().axis;
  const CalibratedSpectrum calibrated = holds.calibration->apply(in_band);
  std::vector<double> kelvin;
  for (std::size_t i = 0; i < calibrated.temperature_k.size(); ++i) {
    if (calibrated.weight[i] > 0.0F) kelvin.push_back(static_cast<double>(calibrated.temperature_k[i]));
  }
  return holds.receiver_k + median(std::move(kelvin));
}

CalibratedSpectrum Calibrations::apply(std::size_t epoch, const Spectrum& spectrum) const {
  if (epoch >= epochs_.size() || !epochs_[epoch].calibration) {
    throw Error(ErrorCode::invalid_argument, "calibrating a spectrum: there is no calibration of spectra");
  }
  return epochs_[epoch].calibration->apply(spectrum);
}

Measured Calibrations::continuum(std::size_t epoch, const Spectrum& spectrum) const {
  if (epochs_.empty()) return spectrum.axis.channels == 1 ? only_channel(spectrum) : total_power(spectrum);
  const Epoch& holds = epochs_.at(epoch);
  if (holds.calibration) return continuum_k(holds.calibration->apply(spectrum));
  return between(only_channel(spectrum), holds.hot_power, holds.cold_power, holds.hot_k, holds.cold_k);
}

CalibratedSpectrum combined(std::span<const CalibratedSpectrum> spectra) {
  CalibratedSpectrum sum = spectra[spectra.size() / 2];
  if (spectra.size() == 1) return sum;
  const std::size_t channels = sum.axis.channels;
  std::vector<double> value(channels);
  std::vector<double> weight(channels);
  std::vector<double> held(channels);
  sum.exposure = {};
  sum.samples = sum.samples_lost = 0;
  double tsys = 0.0;
  double receiver = 0.0;
  for (const CalibratedSpectrum& each : spectra) {
    if (!(each.axis == sum.axis)) throw Error(ErrorCode::invalid_argument, "combining spectra: their axes differ");
    for (std::size_t i = 0; i < channels; ++i) {
      if (each.weight[i] <= 0.0f || !(each.sigma_k[i] > 0.0f)) continue;
      const double certainty = 1.0 / (static_cast<double>(each.sigma_k[i]) * each.sigma_k[i]);
      value[i] += certainty * each.temperature_k[i];
      weight[i] += certainty;
      held[i] += each.weight[i] * seconds(each.exposure);
    }
    sum.exposure += each.exposure;
    sum.samples += each.samples;
    sum.samples_lost += each.samples_lost;
    tsys += each.tsys_k / static_cast<double>(spectra.size());
    receiver += each.receiver_k / static_cast<double>(spectra.size());
  }
  for (std::size_t i = 0; i < channels; ++i) {
    const bool is_known = weight[i] > 0.0;
    sum.temperature_k[i] = is_known ? static_cast<float>(value[i] / weight[i]) : 0.0f;
    sum.sigma_k[i] = is_known ? static_cast<float>(1.0 / std::sqrt(weight[i])) : 0.0f;
    sum.weight[i] = static_cast<float>(held[i] / std::max(seconds(sum.exposure), 1e-9));
  }
  sum.tsys_k = tsys;
  sum.receiver_k = receiver;
  sum.start = spectra.front().start;
  sum.duration = spectra.back().start + spectra.back().duration - sum.start;
  return sum;
}

}  // namespace astro::detail
