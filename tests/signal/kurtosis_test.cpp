// SPDX-License-Identifier: BSD-3-Clause
#include "astro/signal/kurtosis.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <random>

#include "astro/error.hpp"
#include "astro/signal/spectrometer.hpp"
#include "signal/making.hpp"
#include "testing/testing.hpp"

namespace astro {
namespace {

using testing::iq_settings;
using testing::make_block;
using testing::noise;
using testing::Samples;

// What numpy found in 40 million powers drawn from the exponential distribution (for each count the
// values that 0.135 % lie beyond; known to about 1 % of the distance from 1).
TEST(Kurtosis, HasLimitsThatNoiseExceedsAsOftenAsTheyPromise) {
  struct Known {
    std::uint32_t count;
    double low;
    double high;
  };
  for (const Known& known : {Known{32, 0.3858, 2.7344}, Known{64, 0.5079, 2.1623}, Known{128, 0.6143, 1.7620},
                             Known{256, 0.7010, 1.4963}, Known{1024, 0.8338, 1.2137}}) {
    const KurtosisLimits limits = kurtosis_limits(known.count, 3.0);
    EXPECT_NEAR(limits.low, known.low, 0.035 * (1.0 - known.low)) << known.count;
    EXPECT_NEAR(limits.high, known.high, 0.02 * (known.high - 1.0)) << known.count;
  }
}

// Equation 8 on powers drawn from the exponential distribution: mean 1, and about as many beyond each
// limit as 3 sigma promise, 0.135 % of 100,000 draws, whose own scatter is 12.
TEST(Kurtosis, OfNoiseIsOneAndRarelyBeyondItsLimits) {
  std::mt19937 random(31);
  std::exponential_distribution<double> power;
  constexpr std::uint32_t count = 256;
  constexpr int draws = 100000;
  const KurtosisLimits limits = kurtosis_limits(count);
  double mean = 0.0;
  int low = 0;
  int high = 0;
  for (int draw = 0; draw < draws; ++draw) {
    double sum = 0.0;
    double squares = 0.0;
    for (std::uint32_t i = 0; i < count; ++i) {
      const double one = power(random);
      sum += one;
      squares += one * one;
    }
    const double kurtosis = spectral_kurtosis(sum, squares, count);
    mean += kurtosis / draws;
    low += kurtosis < limits.low ? 1 : 0;
    high += kurtosis > limits.high ? 1 : 0;
  }
  EXPECT_NEAR(mean, 1.0, 0.002);
  EXPECT_NEAR(low, 135, 60);
  EXPECT_NEAR(high, 135, 60);
}

TEST(Kurtosis, OfASteadyToneIsBelowAndOfABurstAboveThatOfNoise) {
  EXPECT_NEAR(spectral_kurtosis(256.0, 256.0, 256), 0.0, 1e-12);
  EXPECT_NEAR(spectral_kurtosis(1.0, 1.0, 256), 257.0, 1e-9);
  EXPECT_TRUE(std::isnan(spectral_kurtosis(0.0, 0.0, 256)));
  EXPECT_THROW(kurtosis_limits(23), Error);
  EXPECT_THROW(kurtosis_limits(256, 7.0), Error);
}

TEST(Kurtosis, LeavesABurstOutOfTheMeanAndSaysSo) {
  Samples samples = noise(std::size_t{64} * 1024, 32);  // 1024 transforms of 64 channels: 4 times 256
  const Samples burst = testing::tone(64 * 40, 10.0 / 64.0, 10.0);
  for (std::size_t n = 0; n < burst.size(); ++n) samples[std::size_t{64} * 300 + n] += burst[n];
  Spectrometer spectrometer({.channels = 64, .remove_dc = false, .kurtosis = 256, .kurtosis_sigma = 4.0});
  spectrometer.add(make_block(samples, iq_settings(Dtype::cf32)));
  const Spectrum spectrum = spectrometer.spectrum();
  EXPECT_EQ(spectrum.weight[42], 0.75F);
  EXPECT_NEAR(spectrum.power[42] * 1e6F, 1.0F, 5.0F / std::sqrt(768.0F));
  EXPECT_EQ(spectrum.weight[10], 1.0F);
  EXPECT_EQ(spectrum.exposure, from_seconds(65536e-6));  // of the whole: the weight tells of the channel
}

TEST(Kurtosis, ShowsWhatWasNeverNoiseWithoutWeight) {
  Samples samples = noise(std::size_t{64} * 512, 33);
  const Samples steady = testing::tone(samples.size(), 10.0 / 64.0, 10.0);
  for (std::size_t n = 0; n < samples.size(); ++n) samples[n] += steady[n];
  Spectrometer spectrometer({.channels = 64, .remove_dc = false, .kurtosis = 256});
  spectrometer.add(make_block(samples, iq_settings(Dtype::cf32)));
  const Spectrum spectrum = spectrometer.spectrum();
  EXPECT_EQ(spectrum.weight[42], 0.0F);
  EXPECT_GT(spectrum.power[42], 10.0F * spectrum.power[10]);
}

// Of real samples the channel of frequency zero is real and has another distribution.
TEST(Kurtosis, OfRealSamplesFlagsNoNoise) {
  std::vector<float> samples;
  for (const auto& sample : noise(std::size_t{64} * 2048, 34)) samples.push_back(sample.real());
  Spectrometer spectrometer({.channels = 32, .remove_dc = false, .kurtosis = 512, .kurtosis_sigma = 5.0});
  spectrometer.add(make_block(samples, iq_settings(Dtype::f32)));
  EXPECT_THAT(spectrometer.spectrum().weight, ::testing::Each(1.0F));
}

std::vector<std::array<std::uint8_t, 2>> aircraft(const std::filesystem::path& folder) {
  const std::string bytes = testing::read_file(folder / "radio" / "rtlsdr_1090mhz" / "modes1.bin");
  std::vector<std::array<std::uint8_t, 2>> pairs(bytes.size() / 2);
  std::memcpy(pairs.data(), bytes.data(), 2 * pairs.size());
  return pairs;
}

constexpr SpectrometerOptions judging{
    .channels = 8, .remove_dc = false, .kurtosis = 512, .correction = IqCorrection{.offset = {-8.5e-4, -9.0e-4}}};

double mean_weight(const Spectrum& spectrum) {
  double sum = 0.0;
  for (const float weight : spectrum.weight) sum += static_cast<double>(weight);
  return sum / static_cast<double>(spectrum.weight.size());
}

// A real recording (PROVENANCE.md: 198 frames of Mode S, impulsive all through): its bursts leave next
// to nothing that would pass for noise.
TEST(Recordings, OfAircraftAreFlagged) {
  ASTRO_NEEDS_RECORDINGS(folder);
  Spectrometer spectrometer(judging);
  spectrometer.add(make_block(aircraft(folder), iq_settings(Dtype::cu8, 2.0e6)));
  EXPECT_LT(mean_weight(spectrometer.spectrum()), 0.10);  // numpy: 0.05
}

// And what the receiver gives between the bursts is noise, though no more than one step of its
// converter high: runs of at least 12 samples below 3 of 127.5, without the 2 at either end.
TEST(Recordings, OfAircraftAreNotFlaggedBetweenTheBursts) {
  ASTRO_NEEDS_RECORDINGS(folder);
  const auto pairs = aircraft(folder);
  const auto is_quiet = [&](std::size_t i) {
    const double re = (pairs[i][0] - 127.5) / 127.5 + 8.5e-4;
    const double im = (pairs[i][1] - 127.5) / 127.5 + 9.0e-4;
    return re * re + im * im < 5e-4;
  };
  Spectrometer spectrometer(judging);
  for (std::size_t from = 0; from < pairs.size();) {
    std::size_t to = from;
    while (to < pairs.size() && is_quiet(to)) ++to;
    if (to >= from + 12) {
      const auto begin = pairs.begin() + static_cast<std::ptrdiff_t>(from);
      spectrometer.add(make_block(std::vector(begin + 2, begin + static_cast<std::ptrdiff_t>(to - from) - 2),
                                  iq_settings(Dtype::cu8, 2.0e6), from + 2));
    }
    from = to + 1;
  }
  const Spectrum noise_alone = spectrometer.spectrum();
  EXPECT_GT(noise_alone.samples, 80000U);
  EXPECT_GT(mean_weight(noise_alone), 0.95);  // numpy: 0.6 % flagged, and a remainder that is not judged
}

}  // namespace
}  // namespace astro
