// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "astro/error.hpp"
#include "astro/signal/calibration.hpp"
#include "astro/signal/lines.hpp"

namespace astro {
namespace {

/// How far two tunings may differ from whole channels, and be taken for them.
constexpr double same_channel = 1e-6;

[[noreturn]] void refuse_switching(const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "the frequency-switched spectra cannot be folded: " + why);
}

/// Channels by which the reference lies above the signal.
double shift_of(const FrequencyAxis& signal, const FrequencyAxis& reference) {
  const double steps = reference.step / signal.step;
  if (signal.channels != reference.channels || !(std::abs(steps - 1.0) < 1e-9)) {
    refuse_switching("their axes have not the same channels");
  }
  const double shift = (reference.first - signal.first) / signal.step;
  if (!(std::abs(shift) <= 0.5 * signal.channels)) {
    refuse_switching("they lie " + std::to_string(shift) +
                     " channels apart, and half of the band must be common to both");
  }
  return shift;
}

/// The spectrum as the reference saw it, on the receiver's axis of the signal: `switched` compares
/// channel by channel, since the receiver's band is what both have in common.
Spectrum on_axis_of(const Spectrum& spectrum, const FrequencyAxis& axis) {
  Spectrum result = spectrum;
  result.axis = axis;
  return result;
}

/// A value between two channels, with what it holds; weight 0 outside.
struct Sample {
  double temperature = 0.0;
  double variance = 0.0;
  double weight = 0.0;
};

Sample sample_at(const CalibratedSpectrum& spectrum, double channel) noexcept {
  const double nearest = std::round(channel);
  const bool whole = std::abs(channel - nearest) < same_channel;
  const double low = whole ? nearest : std::floor(channel);
  const double part = whole ? 0.0 : channel - low;
  const double last = static_cast<double>(spectrum.temperature_k.size()) - 1.0;
  if (low < 0.0 || low + (whole ? 0.0 : 1.0) > last) return {};
  const auto i = static_cast<std::size_t>(low);
  const std::size_t j = whole ? i : i + 1;
  const auto value = [](const std::vector<float>& values, std::size_t at) { return static_cast<double>(values[at]); };
  Sample sample;
  sample.temperature = (1.0 - part) * value(spectrum.temperature_k, i) + part * value(spectrum.temperature_k, j);
  sample.variance =
      std::pow((1.0 - part) * value(spectrum.sigma_k, i), 2) + std::pow(part * value(spectrum.sigma_k, j), 2);
  sample.weight = std::min(value(spectrum.weight, i), value(spectrum.weight, j));
  return sample;
}

}  // namespace

CalibratedSpectrum frequency_switched(const Spectrum& signal, const Spectrum& reference, double tsys_k, bool level) {
  const double shift = shift_of(signal.axis, reference.axis);
  // The line stands in both ratios: in the one at its place in the signal's band, in the other at that in
  // the reference's, `shift` channels lower.
  const CalibratedSpectrum first = switched(signal, on_axis_of(reference, signal.axis), tsys_k, level);
  const CalibratedSpectrum second = switched(on_axis_of(reference, signal.axis), signal, tsys_k, level);
  CalibratedSpectrum folded = first;
  for (std::size_t i = 0; i < folded.temperature_k.size(); ++i) {
    const Sample other = sample_at(second, static_cast<double>(i) - shift);
    const double weight = std::min(static_cast<double>(first.weight[i]), other.weight);
    const double here = static_cast<double>(first.temperature_k[i]);
    if (!(weight > 0.0) || !std::isfinite(here) || !std::isfinite(other.temperature)) {
      folded.temperature_k[i] = std::numeric_limits<float>::quiet_NaN();
      folded.sigma_k[i] = std::numeric_limits<float>::quiet_NaN();
      folded.weight[i] = 0.0F;
      continue;
    }
    folded.temperature_k[i] = static_cast<float>(0.5 * (here + other.temperature));
    folded.sigma_k[i] =
        static_cast<float>(0.5 * std::sqrt(std::pow(static_cast<double>(first.sigma_k[i]), 2) + other.variance));
    folded.weight[i] = static_cast<float>(weight);
  }
  folded.exposure += reference.exposure;
  folded.samples += reference.samples;
  folded.samples_lost += reference.samples_lost;
  return folded;
}

}  // namespace astro
