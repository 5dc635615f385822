// SPDX-License-Identifier: BSD-3-Clause
// Each kind of sample, from block to spectrum, against the same in double precision: a sum over taps and
// a Fourier transform written out. Bound: 2e-6 of the largest channel, which is what single precision
// leaves of some 400 additions (6e-8 each, not all of one sign) and of a square.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <random>
#include <type_traits>

#include "astro/signal/spectrometer.hpp"
#include "signal/making.hpp"

namespace astro {
namespace {

using Exact = std::vector<std::complex<double>>;

constexpr std::size_t channels = 48;
constexpr double pi = std::numbers::pi;
constexpr double rate = 1.0e6;

/// Hann's taper over all rows, times the sinc of a filterbank.
std::vector<double> taps_of(std::size_t taps, std::size_t row) {
  std::vector<double> made;
  for (std::size_t n = 0; n < taps * row; ++n) {
    const double at = static_cast<double>(n) / static_cast<double>(row);
    const double x = pi * (at - 0.5 * static_cast<double>(taps));
    const double sinc = taps == 1 || x == 0.0 ? 1.0 : std::sin(x) / x;
    made.push_back(sinc * (0.5 - 0.5 * std::cos(2.0 * pi * at / static_cast<double>(taps))));
  }
  return made;
}

/// Mean power of the first `channels` frequencies from `lowest` on, in turns a row.
std::vector<double> density_of(const Exact& samples, std::size_t taps, std::size_t row, long lowest, double sides) {
  const std::vector<double> weights = taps_of(taps, row);
  double scale = 0.0;
  for (const double weight : weights) scale += weight * weight;
  const std::size_t spectra = samples.size() / row - (taps - 1);
  std::vector<double> power(channels);
  for (std::size_t s = 0; s < spectra; ++s) {
    for (std::size_t k = 0; k < channels; ++k) {
      const double turns = static_cast<double>(lowest + static_cast<long>(k)) / static_cast<double>(row);
      std::complex<double> sum{};
      for (std::size_t n = 0; n < weights.size(); ++n) {
        sum += weights[n] * samples[s * row + n] * std::polar(1.0, -2.0 * pi * turns * static_cast<double>(n));
      }
      const double once = lowest == 0 && k == 0 ? 1.0 : sides;
      power[k] += once * std::norm(sum) / (rate * scale * static_cast<double>(spectra));
    }
  }
  return power;
}

void expect_near(const Spectrum& spectrum, const std::vector<double>& exact) {
  const double largest = *std::max_element(exact.begin(), exact.end());
  ASSERT_EQ(spectrum.power.size(), exact.size());
  for (std::size_t k = 0; k < exact.size(); ++k) EXPECT_NEAR(spectrum.power[k], exact[k], 2e-6 * largest) << k;
}

template <class T>
std::vector<T> numbers(std::size_t count) {
  std::mt19937 random(7);
  std::vector<T> made(count);
  for (T& value : made) {
    if constexpr (std::is_same_v<T, float>) value = std::normal_distribution<float>(0.2F)(random);
    else
      value = static_cast<T>(
          std::uniform_int_distribution<int>(std::numeric_limits<T>::min(), std::numeric_limits<T>::max())(random));
  }
  return made;
}

template <class T>
double scaled(T value) {
  if constexpr (std::is_same_v<T, float>) return static_cast<double>(value);
  else if constexpr (std::is_same_v<T, std::uint8_t>) return (value - 127.5) / 127.5;
  else return value / (1.0 + static_cast<double>(std::numeric_limits<T>::max()));
}

Spectrum spectrum_of(const Block& block, std::uint32_t taps) {
  Spectrometer spectrometer({.channels = channels, .remove_dc = false, .taps = taps});
  spectrometer.add(block);
  return spectrometer.spectrum();
}

template <class T>
void check_complex(Dtype dtype) {
  for (const std::uint32_t taps : {1U, 3U, 4U}) {
    const auto raw = numbers<T>(2 * channels * 20);
    std::vector<std::array<T, 2>> pairs;
    Exact exact;
    for (std::size_t n = 0; n < raw.size(); n += 2) {
      pairs.push_back({raw[n], raw[n + 1]});
      exact.emplace_back(scaled(raw[n]), scaled(raw[n + 1]));
    }
    const Spectrum spectrum = spectrum_of(testing::make_block(pairs, testing::iq_settings(dtype, rate)), taps);
    expect_near(spectrum, density_of(exact, taps, channels, -static_cast<long>(channels / 2), 1.0));
  }
}

template <class T>
void check_real(Dtype dtype) {
  for (const std::uint32_t taps : {1U, 3U, 4U}) {
    const auto raw = numbers<T>(2 * channels * 20);
    Exact exact;
    for (const T value : raw) exact.emplace_back(scaled(value), 0.0);
    const Spectrum spectrum = spectrum_of(testing::make_block(raw, testing::iq_settings(dtype, rate)), taps);
    expect_near(spectrum, density_of(exact, taps, 2 * channels, 0, 2.0));
  }
}

TEST(Formats, OfIqAreExactToSinglePrecision) {
  check_complex<std::uint8_t>(Dtype::cu8);
  check_complex<std::int8_t>(Dtype::ci8);
  check_complex<std::int16_t>(Dtype::ci16);
  check_complex<float>(Dtype::cf32);
}

TEST(Formats, OfRealSamplesAreExactToSinglePrecision) {
  check_real<std::uint8_t>(Dtype::u8);
  check_real<std::int8_t>(Dtype::i8);
  check_real<std::int16_t>(Dtype::i16);
  check_real<float>(Dtype::f32);
}

}  // namespace
}  // namespace astro
