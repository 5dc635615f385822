// SPDX-License-Identifier: BSD-3-Clause
#include "astro/signal/calibration.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "astro/error.hpp"
#include "astro/sky/velocity.hpp"
#include "signal/robust.hpp"
#include "text.hpp"

namespace astro {
namespace {

using signal::Mask;

/// A channel that has less than this part of the band's median power lies on the skirt of a filter:
/// what it holds is aliases and rounding, and no calibration makes sky of it.
constexpr double skirt = 0.05;

[[noreturn]] void refuse_calibration(const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "the calibration cannot be made: " + why);
}

void check(const Spectrum& spectrum, const FrequencyAxis& axis, const std::string& name) {
  if (spectrum.axis != axis) {
    refuse_calibration("the spectrum of the " + name + " has another frequency axis (" +
                       std::to_string(spectrum.axis.channels) + " channels from " +
                       text::of(spectrum.axis.first.megahertz()) + " MHz) than the hot load or reference (" +
                       std::to_string(axis.channels) + " from " + text::of(axis.first.megahertz()) +
                       " MHz); take both with the same tuning");
  }
  if (spectrum.power.size() != axis.channels || spectrum.weight.size() != axis.channels || axis.channels == 0) {
    refuse_calibration("the spectrum of the " + name + " has not as many powers and weights as its axis has channels");
  }
  if (!(spectrum.effective_averages > 0.0)) {
    refuse_calibration("the spectrum of the " + name +
                       " does not say how many spectra were averaged (effective_averages)");
  }
}

double power_of(const Spectrum& spectrum, std::size_t i) noexcept { return static_cast<double>(spectrum.power[i]); }

/// Channels that hold something and are not on a filter's skirt.
Mask held_by(const Spectrum& spectrum) {
  const std::size_t channels = spectrum.axis.channels;
  Mask mask(channels);
  for (std::size_t i = 0; i < channels; ++i) {
    mask[i] = spectrum.weight[i] > 0.0F && std::isfinite(spectrum.power[i]) && spectrum.power[i] > 0.0F ? 1 : 0;
  }
  const std::vector<double> power(spectrum.power.begin(), spectrum.power.end());
  const double least = skirt * signal::median(power, mask);
  for (std::size_t i = 0; i < channels; ++i) {
    if (mask[i] && power[i] < least) mask[i] = 0;
  }
  return mask;
}

Mask both(Mask a, const Mask& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = a[i] && b[i] ? 1 : 0;
  return a;
}

/// Those of the channels in which no line is expected.
Mask line_free(Mask mask, const FrequencyAxis& axis, const CalibrationOptions& options) {
  std::vector<double> distance_km_s(axis.channels);
  std::vector<double> held;
  for (std::size_t i = 0; i < axis.channels; ++i) {
    distance_km_s[i] = std::abs(sky::radio_velocity_km_s(axis.at(static_cast<double>(i)), options.rest));
    if (mask[i]) held.push_back(distance_km_s[i]);
  }
  if (held.empty()) return mask;
  const auto upper_quarter = held.begin() + static_cast<std::ptrdiff_t>(3 * (held.size() - 1) / 4);
  std::nth_element(held.begin(), upper_quarter, held.end());
  const double window = std::min(options.line_window_km_s, *upper_quarter);
  for (std::size_t i = 0; i < axis.channels; ++i) {
    if (distance_km_s[i] < window) mask[i] = 0;
  }
  return mask;
}

/// Receiver temperature of each channel from Y = hot / cold; only where the mask says so.
std::vector<double> receiver_temperatures(const Spectrum& hot, const Spectrum& cold, const CalibrationOptions& options,
                                          Mask& mask) {
  std::vector<double> temperature(hot.axis.channels);
  for (std::size_t i = 0; i < temperature.size(); ++i) {
    if (!mask[i]) continue;
    const double y = power_of(hot, i) / power_of(cold, i);
    temperature[i] = (options.hot_k - y * options.cold_k) / (y - 1.0);
    if (!std::isfinite(temperature[i])) mask[i] = 0;
  }
  return temperature;
}

void check_hotter(const Spectrum& hot, const Spectrum& cold, const Mask& mask) {
  std::vector<double> y(hot.axis.channels);
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = mask[i] ? power_of(hot, i) / power_of(cold, i) : 0.0;
  const double median = signal::median(y, mask);
  if (median > 1.0) return;
  refuse_calibration("the hot side has " + text::of(median) +
                     " times the power of the cold one, and more than 1 was expected; " +
                     "was the load in front of the feed, or are the two swapped?");
}

/// Relative error of a channel's power by the radiometer equation.
double relative_error(const Spectrum& spectrum, std::size_t i) noexcept {
  return 1.0 / std::sqrt(spectrum.effective_averages * static_cast<double>(spectrum.weight[i]));
}

/// All that a calibrated spectrum takes over as it is.
CalibratedSpectrum taken_from(const Spectrum& spectrum) {
  CalibratedSpectrum result;
  result.axis = spectrum.axis;
  result.temperature_k.resize(spectrum.axis.channels);
  result.sigma_k.resize(spectrum.axis.channels);
  result.weight.assign(spectrum.axis.channels, 0.0F);
  result.start = spectrum.start;
  result.mid = spectrum.mid;
  result.duration = spectrum.duration;
  result.exposure = spectrum.exposure;
  result.samples = spectrum.samples;
  result.samples_lost = spectrum.samples_lost;
  result.pointing = spectrum.pointing;
  result.receiver = spectrum.receiver;
  return result;
}

void set_unknown(CalibratedSpectrum& spectrum, std::size_t i) noexcept {
  spectrum.temperature_k[i] = std::numeric_limits<float>::quiet_NaN();
  spectrum.sigma_k[i] = std::numeric_limits<float>::quiet_NaN();
}

/// Power of a channel whose gain is known; what has no weight (the centre of the band, which was
/// filled from its neighbours) is shown like the others, with the error of a full one.
bool is_usable(const Spectrum& a, const Spectrum& b, std::size_t i) noexcept {
  return std::isfinite(a.power[i]) && std::isfinite(b.power[i]) && b.power[i] > 0.0F;
}

double shown_error(const Spectrum& spectrum, std::size_t i) noexcept {
  return spectrum.weight[i] > 0.0F ? relative_error(spectrum, i) : 1.0 / std::sqrt(spectrum.effective_averages);
}

/// What the errors of the loads' temperatures do to a temperature that lies on the line through both.
double scale_error_k(const CalibrationOptions& options, double temperature_k) noexcept {
  const double along = (temperature_k - options.cold_k) / (options.hot_k - options.cold_k);
  return std::hypot(along * options.sigma_hot_k, (1.0 - along) * options.sigma_cold_k);
}

/// Mean power of the band without its edges, where both spectra hold something, and its relative error.
Measured band_mean(const Spectrum& spectrum, const Mask& held) {
  double sum = 0.0;
  double weights = 0.0;
  for (std::size_t i = 0; i < held.size(); ++i) {
    if (!held[i]) continue;
    sum += power_of(spectrum, i);
    weights += static_cast<double>(spectrum.weight[i]);
  }
  const double mean = sum / static_cast<double>(signal::count(held));
  return {mean, mean / std::sqrt(spectrum.effective_averages * weights)};
}

}  // namespace

Calibration Calibration::from_hot_cold(const Spectrum& hot, const Spectrum& cold, const CalibrationOptions& options) {
  check(hot, hot.axis, "hot load");
  check(cold, hot.axis, "cold side");
  if (!(options.sigma_hot_k >= 0.0) || !(options.sigma_cold_k >= 0.0))
    refuse_calibration("an error of a load is negative");
  if (!std::isfinite(options.hot_k) || !(options.cold_k >= 0.0) || options.hot_k <= options.cold_k) {
    refuse_calibration("the hot load has " + text::of(options.hot_k) + " K and the cold side " +
                       text::of(options.cold_k) + " K, and the hot one must be hotter");
  }
  Mask mask = line_free(both(held_by(hot), held_by(cold)), hot.axis, options);
  check_hotter(hot, cold, mask);
  const std::vector<double> temperatures = receiver_temperatures(hot, cold, options, mask);
  const signal::RobustFit fit = signal::fit_robustly(temperatures, mask, options.receiver_order, 0);
  return Calibration(options, hot, fit.curve.everywhere(), fit.standard_error);
}

Calibration Calibration::from_hot(const Spectrum& hot, const Spectrum& sky, const CalibrationOptions& options) {
  return from_hot_cold(hot, sky, options);
}

Calibration Calibration::from_noise_diode(const Spectrum& on, const Spectrum& off, Measured diode_k,
                                          const CalibrationOptions& options) {
  // Before the receiver the diode is a hot load that is this much hotter than the sky.
  CalibrationOptions loads = options;
  loads.hot_k = options.cold_k + diode_k.value;
  loads.sigma_hot_k = diode_k.sigma;
  Calibration calibration = from_hot_cold(on, off, loads);
  // The gain from their difference: a line in the sky is in both, and not in what the diode adds.
  Spectrum& hot = calibration.hot_;
  std::vector<double> certainty(hot.power.size());
  for (std::size_t i = 0; i < certainty.size(); ++i) {
    const double added = power_of(on, i) - power_of(off, i);
    hot.power[i] = static_cast<float>(added * (loads.hot_k + calibration.receiver_k_[i]) / diode_k.value);
    const double noise = std::hypot(power_of(on, i) * shown_error(on, i), power_of(off, i) * shown_error(off, i));
    certainty[i] = added > 0.0 && on.weight[i] > 0.0F && off.weight[i] > 0.0F ? std::pow(added / noise, 2.0) : 0.0;
  }
  hot.effective_averages = *std::ranges::max_element(certainty);
  for (std::size_t i = 0; i < certainty.size(); ++i) {
    hot.weight[i] = static_cast<float>(certainty[i] / hot.effective_averages);
  }
  return calibration;
}

CalibratedSpectrum Calibration::apply(const Spectrum& spectrum) const {
  check(spectrum, hot_.axis, "source");
  const Mask held = held_by(hot_);
  CalibratedSpectrum result = taken_from(spectrum);
  result.rest = options_.rest;
  result.tsys_k = tsys_k();
  result.receiver_k = receiver_k();
  for (std::size_t i = 0; i < held.size(); ++i) {
    if (!is_usable(spectrum, hot_, i)) {
      set_unknown(result, i);
      continue;
    }
    const double ratio = power_of(spectrum, i) / power_of(hot_, i);
    const double system_k = ratio * (options_.hot_k + receiver_k_[i]);
    const double noise = system_k * std::hypot(shown_error(spectrum, i), shown_error(hot_, i));
    result.temperature_k[i] = static_cast<float>(system_k - receiver_k_[i]);
    const double scale = scale_error_k(options_, system_k - receiver_k_[i]);
    result.sigma_k[i] = static_cast<float>(std::hypot(noise, (ratio - 1.0) * sigma_receiver_k_, scale));
    if (held[i]) result.weight[i] = spectrum.weight[i];
  }
  return result;
}

double Calibration::receiver_k() const noexcept { return signal::median(receiver_k_); }

double Calibration::tsys_k() const noexcept { return receiver_k() + options_.cold_k; }

Measured noise_diode_tsys_k(const Spectrum& on, const Spectrum& off, Measured diode_k, double edge) {
  check(off, off.axis, "phase without the diode");
  check(on, off.axis, "phase with the diode");
  if (!(edge >= 0.0) || edge >= 0.5)
    refuse_calibration("an edge of " + text::of(edge) + " of the band leaves nothing of it");
  Mask held = both(held_by(on), held_by(off));
  const auto left_out = static_cast<std::size_t>(edge * static_cast<double>(held.size()));
  for (std::size_t i = 0; i < left_out; ++i) held[i] = held[held.size() - 1 - i] = 0;
  if (signal::count(held) == 0) refuse_calibration("no channel has weight with and without the diode");
  const Measured with = band_mean(on, held);
  const Measured without = band_mean(off, held);
  const double added = with.value - without.value;
  if (!(added > 0.0) || !(diode_k.value > 0.0)) {
    refuse_calibration("the noise diode adds nothing: was it on in the first spectrum and off in the second?");
  }
  const double factor = without.value / added + 0.5;
  // d(off / (on - off)): by on -off / added^2, by off on / added^2.
  const double noise =
      std::hypot(without.value * with.sigma, with.value * without.sigma) / (added * added) * diode_k.value;
  return {diode_k.value * factor, std::hypot(noise, factor * diode_k.sigma)};
}

CalibratedSpectrum switched(const Spectrum& on, const Spectrum& off, double tsys_k, bool level) {
  check(off, off.axis, "reference");
  check(on, off.axis, "source");
  if (!std::isfinite(tsys_k) || tsys_k <= 0.0) {
    refuse_calibration("a system temperature of " + text::of(tsys_k) + " K was given, and a positive one was expected");
  }
  const Mask held = both(held_by(on), held_by(off));
  std::vector<double> ratio(off.axis.channels);
  for (std::size_t i = 0; i < ratio.size(); ++i)
    ratio[i] = is_usable(on, off, i) ? power_of(on, i) / power_of(off, i) : 0.0;
  if (signal::count(held) == 0) refuse_calibration("no channel has weight in both the source and the reference");
  const double gain = level ? signal::median(ratio, held) : 1.0;

  CalibratedSpectrum result = taken_from(on);
  result.tsys_k = tsys_k;
  for (std::size_t i = 0; i < held.size(); ++i) {
    if (!is_usable(on, off, i)) {
      set_unknown(result, i);
      continue;
    }
    const double relative = ratio[i] / gain;
    result.temperature_k[i] = static_cast<float>(tsys_k * (relative - 1.0));
    result.sigma_k[i] = static_cast<float>(tsys_k * relative * std::hypot(shown_error(on, i), shown_error(off, i)));
    if (held[i]) result.weight[i] = std::min(on.weight[i], off.weight[i]);
  }
  return result;
}

}  // namespace astro
