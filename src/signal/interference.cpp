// SPDX-License-Identifier: BSD-3-Clause
#include "astro/signal/interference.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "astro/error.hpp"
#include "signal/robust.hpp"

namespace astro {
namespace {

using signal::Mask;

constexpr double sigma_per_mad = 1.4826;
/// Noiseless spectra differ from their median by the rounding of a float.
constexpr double rounding = 1e-6;

void check(const Spectrum& spectrum, const InterferenceOptions& options) {
  const auto channels = spectrum.axis.channels;
  if (spectrum.power.size() != channels || spectrum.weight.size() != channels) {
    throw Error(ErrorCode::invalid_argument,
                "interference cannot be looked for: the spectrum has not as many powers and weights as its axis has "
                "channels");
  }
  const bool possible = options.width >= 3 && options.width % 2 == 1 &&
                        static_cast<std::uint32_t>(options.width) <= channels && options.widen >= 0;
  if (possible && options.sigma > 0.0) return;
  throw Error(ErrorCode::invalid_argument, "interference cannot be looked for with a running median of " +
                                               std::to_string(options.width) +
                                               " channels: an odd number from 3 to the spectrum's " +
                                               std::to_string(channels) + " was expected, and a sigma above 0");
}

Mask held_by(const Spectrum& spectrum) {
  Mask mask(spectrum.power.size());
  for (std::size_t i = 0; i < mask.size(); ++i) {
    mask[i] = spectrum.weight[i] > 0.0F && std::isfinite(spectrum.power[i]) ? 1 : 0;
  }
  return mask;
}

/// Each channel over the median of those around it, less 1; 0 where there is nothing to compare.
std::vector<double> excess_of(const Spectrum& spectrum, const Mask& held, std::size_t width) {
  const std::size_t channels = held.size();
  std::vector<double> excess(channels);
  std::vector<double> near;
  for (std::size_t i = 0; i < channels; ++i) {
    if (!held[i]) continue;
    // At the edges the window stays as wide and is no longer centred.
    const std::size_t from = std::min(i - std::min(i, width / 2), channels - width);
    near.clear();
    for (std::size_t j = from; j < from + width; ++j) {
      if (held[j]) near.push_back(static_cast<double>(spectrum.power[j]));
    }
    const double middle = signal::median(near);
    if (middle > 0.0) excess[i] = static_cast<double>(spectrum.power[i]) / middle - 1.0;
  }
  return excess;
}

template <class T>
T with_mask(T spectrum, std::span<const FrequencyRange> ranges) {
  for (std::size_t i = 0; i < spectrum.weight.size(); ++i) {
    const Frequency centre = spectrum.axis.at(static_cast<double>(i));
    if (std::ranges::any_of(ranges, [&](const FrequencyRange& range) { return range.holds(centre); })) {
      spectrum.weight[i] = 0.0F;
    }
  }
  return spectrum;
}

}  // namespace

Spectrum without_interference(const Spectrum& spectrum, const InterferenceOptions& options) {
  check(spectrum, options);
  const Mask held = held_by(spectrum);
  const std::vector<double> excess = excess_of(spectrum, held, static_cast<std::size_t>(options.width));
  std::vector<double> deviation(excess.size());
  std::ranges::transform(excess, deviation.begin(), [](double value) { return std::abs(value); });
  const double limit = options.sigma * std::max(sigma_per_mad * signal::median(deviation, held), rounding);
  Spectrum result = spectrum;
  const auto widen = static_cast<std::size_t>(options.widen);
  for (std::size_t i = 0; i < excess.size(); ++i) {
    if (!held[i] || excess[i] <= limit) continue;
    const std::size_t to = std::min(excess.size(), i + widen + 1);
    for (std::size_t j = i - std::min(i, widen); j < to; ++j) result.weight[j] = 0.0F;
  }
  return result;
}

Spectrum masked(const Spectrum& spectrum, std::span<const FrequencyRange> ranges) {
  return with_mask(spectrum, ranges);
}

CalibratedSpectrum masked(const CalibratedSpectrum& spectrum, std::span<const FrequencyRange> ranges) {
  return with_mask(spectrum, ranges);
}

}  // namespace astro
