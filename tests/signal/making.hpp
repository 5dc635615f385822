// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstring>
#include <memory>
#include <numbers>
#include <random>
#include <span>
#include <vector>

#include "astro/block.hpp"
#include "astro/signal/spectrometer.hpp"

/// What the tests of this room make: blocks from numbers, and noise that comes out the same each time.
namespace astro::testing {

inline const Time first_light = parse_time("2024-05-01T12:00:00");

inline StreamSettings iq_settings(Dtype dtype, double rate_hz = 1.0e6) {
  StreamSettings settings;
  settings.tuning.frequency = hydrogen_line;
  settings.tuning.sample_rate = hertz(rate_hz);
  settings.dtype = dtype;
  settings.item_period = from_seconds(1.0 / rate_hz);
  settings.receiver = "lna";
  return settings;
}

template <class T>
Block make_block(const std::vector<T>& values, const StreamSettings& settings, std::uint64_t first = 0,
                 std::uint64_t lost = 0) {
  auto memory = std::make_shared<std::vector<T>>(values);
  const auto bytes = std::as_bytes(std::span<const T>(*memory));
  Block block(memory, bytes, std::make_shared<const StreamSettings>(settings));
  block.first = first;
  block.lost = lost;
  block.time = first_light + settings.duration_of(first);
  return block;
}

using Samples = std::vector<std::complex<float>>;

/// Complex noise of variance 1.
inline Samples noise(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0F, std::sqrt(0.5F));
  Samples samples(count);
  for (auto& sample : samples) sample = {normal(random), normal(random)};
  return samples;
}

/// exp(2 pi i cycles n), `cycles` in turns a sample.
inline Samples tone(std::size_t count, double cycles, double amplitude = 1.0) {
  Samples samples(count);
  for (std::size_t n = 0; n < count; ++n) {
    samples[n] = std::polar(amplitude, 2.0 * std::numbers::pi * std::fmod(cycles * static_cast<double>(n), 1.0));
  }
  return samples;
}

/// Normally distributed numbers.
inline std::vector<double> normal_numbers(std::size_t count, double mean, double sigma, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> numbers(count);
  for (double& number : numbers) number = mean + sigma * normal(random);
  return numbers;
}

inline Spectrum spectrum_of(const SpectrometerOptions& options, const Block& block) {
  Spectrometer spectrometer(options);
  spectrometer.add(block);
  return spectrometer.spectrum();
}

/// Adds complex floats in blocks of any length up to `most`.
inline void add_in_pieces(Spectrometer& spectrometer, const Samples& samples, std::size_t most, unsigned seed) {
  std::mt19937 random(seed);
  for (std::size_t at = 0; at < samples.size();) {
    const std::size_t count = std::min<std::size_t>(random() % (most + 1), samples.size() - at);
    const auto from = samples.begin() + static_cast<std::ptrdiff_t>(at);
    const Samples piece(from, from + static_cast<std::ptrdiff_t>(count));
    spectrometer.add(make_block(piece, iq_settings(Dtype::cf32), at));
    at += count;
  }
}

/// A flat spectrum on a band of `channels` around the hydrogen line, 1 s long.
inline Spectrum flat_spectrum(std::uint32_t channels, double band_hz, float power, double averages) {
  Spectrum spectrum;
  spectrum.axis.channels = channels;
  spectrum.axis.step = hertz(band_hz / channels);
  spectrum.axis.first = hydrogen_line - spectrum.axis.step * (channels / 2);
  spectrum.power.assign(channels, power);
  spectrum.weight.assign(channels, 1.0F);
  spectrum.start = first_light;
  spectrum.duration = spectrum.exposure = from_seconds(1.0);
  spectrum.mid = first_light + from_seconds(0.5);
  spectrum.effective_averages = averages;
  spectrum.samples = static_cast<std::uint64_t>(band_hz);
  return spectrum;
}

/// Temperatures of noise alone, on a band like that of `flat_spectrum`, with their error.
inline CalibratedSpectrum noise_temperatures(std::uint32_t channels, double band_hz, double mean_k, double sigma_k,
                                             unsigned seed) {
  const Spectrum band = flat_spectrum(channels, band_hz, 0.0F, 1.0);
  CalibratedSpectrum spectrum;
  spectrum.axis = band.axis;
  spectrum.mid = band.mid;
  spectrum.weight.assign(channels, 1.0F);
  spectrum.sigma_k.assign(channels, static_cast<float>(sigma_k));
  for (const double value : normal_numbers(channels, mean_k, sigma_k, seed)) {
    spectrum.temperature_k.push_back(static_cast<float>(value));
  }
  return spectrum;
}

/// Multiplies each channel by what the mean of so many exponentially distributed powers does.
inline void add_radiometer_noise(Spectrum& spectrum, std::mt19937& random) {
  std::gamma_distribution<double> gamma(spectrum.effective_averages, 1.0 / spectrum.effective_averages);
  for (float& power : spectrum.power) power = static_cast<float>(static_cast<double>(power) * gamma(random));
}

}  // namespace astro::testing
