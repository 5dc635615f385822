// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "astro/error.hpp"
#include "astro/signal/spectrometer.hpp"

namespace astro {
namespace {

void check(std::span<const Spectrum> spectra) {
  if (spectra.empty()) throw Error(ErrorCode::invalid_argument, "there are no spectra to average");
  for (const Spectrum& spectrum : spectra) {
    if (spectrum.axis != spectra.front().axis) {
      throw Error(ErrorCode::invalid_argument, "spectra on different frequency axes cannot be averaged");
    }
    const std::size_t channels = spectrum.axis.channels;
    if (spectrum.power.size() != channels || spectrum.weight.size() != channels) {
      throw Error(ErrorCode::invalid_argument,
                  "a spectrum to average has not as many powers and weights as its axis has channels");
    }
  }
}

/// Power by exposure and weight, where a channel has any; else the plain mean, with weight 0.
void average_channel(std::span<const Spectrum> spectra, std::size_t channel, double exposure, Spectrum& mean) {
  double plain = 0.0;
  double weighted = 0.0;
  double held = 0.0;
  for (const Spectrum& spectrum : spectra) {
    const double power = static_cast<double>(spectrum.power[channel]);
    const double part = seconds(spectrum.exposure) * static_cast<double>(spectrum.weight[channel]);
    plain += power / static_cast<double>(spectra.size());
    if (part <= 0.0) continue;  // what has no weight may be anything, also not a number
    weighted += part * power;
    held += part;
  }
  mean.power[channel] = static_cast<float>(held > 0.0 ? weighted / held : plain);
  mean.weight[channel] = static_cast<float>(held > 0.0 ? std::min(held / exposure, 1.0) : 0.0);
}

/// All gaps in their order; of more than a spectrum keeps, the longest.
std::vector<Gap> gaps_of(std::span<const Spectrum> spectra) {
  constexpr std::ptrdiff_t most = 32;
  std::vector<Gap> gaps;
  for (const Spectrum& spectrum : spectra) gaps.insert(gaps.end(), spectrum.gaps.begin(), spectrum.gaps.end());
  if (std::ssize(gaps) > most) {
    std::ranges::nth_element(gaps, gaps.begin() + most, std::ranges::greater{}, &Gap::duration);
    gaps.resize(most);
  }
  std::ranges::sort(gaps, {}, &Gap::start);
  return gaps;
}

/// Sums and limits of times; returns the middle of what was integrated.
Time add_up(std::span<const Spectrum> spectra, Spectrum& mean) {
  Time end = spectra.front().start;
  mean.start = spectra.front().start;
  double middle_s = 0.0;
  for (const Spectrum& spectrum : spectra) {
    mean.start = std::min(mean.start, spectrum.start);
    end = std::max(end, spectrum.start + spectrum.duration);
    mean.exposure += spectrum.exposure;
    mean.effective_averages += spectrum.effective_averages;
    mean.samples += spectrum.samples;
    mean.samples_lost += spectrum.samples_lost;
    middle_s += seconds(spectrum.mid - spectra.front().mid) * seconds(spectrum.exposure);
  }
  mean.duration = end - mean.start;
  const double exposure = seconds(mean.exposure);
  return spectra.front().mid + (exposure > 0.0 ? from_seconds(middle_s / exposure) : Duration::zero());
}

}  // namespace

Spectrum average(std::span<const Spectrum> spectra) {
  check(spectra);
  Spectrum mean;
  mean.axis = spectra.front().axis;
  mean.receiver = spectra.front().receiver;
  mean.mid = add_up(spectra, mean);
  mean.gaps = gaps_of(spectra);
  if (mean.exposure <= Duration::zero()) {
    throw Error(ErrorCode::invalid_argument, "the spectra to average hold nothing: their exposure is zero");
  }
  mean.power.resize(mean.axis.channels);
  mean.weight.resize(mean.axis.channels);
  for (std::size_t channel = 0; channel < mean.axis.channels; ++channel) {
    average_channel(spectra, channel, seconds(mean.exposure), mean);
  }
  mean.pointing = std::min_element(spectra.begin(), spectra.end(), [&](const Spectrum& a, const Spectrum& b) {
                    return std::chrono::abs(a.mid - mean.mid) < std::chrono::abs(b.mid - mean.mid);
                  })->pointing;
  return mean;
}

}  // namespace astro
