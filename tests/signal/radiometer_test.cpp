// SPDX-License-Identifier: BSD-3-Clause
// The radiometer equation on simulated noise: the scatter of a channel, relative to its mean, is
// 1 / sqrt(effective averages * weight). 4 million samples are 250,000 values; neighbouring channels
// of a tapered transform are alike, so that the measured scatter is uncertain by 0.2 %: 1 % is five of that.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "astro/signal/spectrometer.hpp"
#include "signal/making.hpp"

namespace astro {
namespace {

using testing::iq_settings;
using testing::make_block;
using testing::noise;
using testing::Samples;

constexpr std::size_t channels = 256;
constexpr std::size_t rows = 16;  ///< of samples in each spectrum

/// White noise of variance 1, so that the density is 1 / rate.
const Samples& sky() {
  static const Samples samples = noise(std::size_t{4} << 20, 1234);
  return samples;
}

/// Deviations from the truth in units of what the radiometer equation says.
class Scatter {
 public:
  void add(const Spectrum& spectrum, double rate_hz) {
    for (std::size_t k = 0; k < spectrum.power.size(); ++k) {
      const double weight = static_cast<double>(spectrum.weight[k]);
      if (weight <= 0.0) continue;
      const double relative = static_cast<double>(spectrum.power[k]) * rate_hz - 1.0;
      square_ += relative * relative * spectrum.effective_averages * weight;
      unweighted_ += relative * relative * spectrum.effective_averages;
      sum_ += relative;
      ++values_;
    }
  }
  double rms() const { return std::sqrt(square_ / static_cast<double>(values_)); }
  double rms_without_weights() const { return std::sqrt(unweighted_ / static_cast<double>(values_)); }
  double mean() const { return sum_ / static_cast<double>(values_); }

 private:
  double square_ = 0.0;
  double unweighted_ = 0.0;
  double sum_ = 0.0;
  std::size_t values_ = 0;
};

Block part_of(const Samples& samples, std::size_t from, std::size_t count) {
  const auto begin = samples.begin() + static_cast<std::ptrdiff_t>(from);
  return make_block(Samples(begin, begin + static_cast<std::ptrdiff_t>(count)), iq_settings(Dtype::cf32), from);
}

/// One spectrum after the other, each of `rows` rows; `cut` samples of each are lost in the middle.
Scatter scatter_of(const SpectrometerOptions& options, std::size_t cut) {
  Scatter scatter;
  Spectrometer spectrometer(options);
  constexpr std::size_t each = rows * channels;
  for (std::size_t at = 0; at + each <= sky().size(); at += each) {
    spectrometer.reset();
    spectrometer.add(part_of(sky(), at, each / 2 - cut));
    spectrometer.add(part_of(sky(), at + each / 2, each / 2));
    scatter.add(spectrometer.spectrum(), 1.0e6);
  }
  return scatter;
}

TEST(Radiometer, HoldsForTheTransform) {
  EXPECT_NEAR(scatter_of({.channels = channels}, 0).rms(), 1.0, 0.01);
  EXPECT_NEAR(scatter_of({.channels = channels, .window = Window::rectangular}, 0).rms(), 1.0, 0.01);
}

TEST(Radiometer, HoldsForTheTransformWithLostSamples) {
  EXPECT_NEAR(scatter_of({.channels = channels}, 300).rms(), 1.0, 0.01);
}

// Of a filterbank the few spectra of one run lack the outermost correlations, which for its 13 are
// (13 - 1) / 13 of those of a long one: 0.2 % of the scatter.
TEST(Radiometer, HoldsForTheFilterbank) {
  EXPECT_NEAR(scatter_of({.channels = channels, .taps = 4}, 0).rms(), 1.0, 0.01);
}

TEST(Radiometer, HoldsForTheFilterbankWithLostSamples) {
  EXPECT_NEAR(scatter_of({.channels = channels, .taps = 4}, 300).rms(), 1.0, 0.01);
}

// If spectra of a filterbank were counted as independent, the scatter would be 2.7 % too high.
TEST(Radiometer, CountsTheLikenessOfAFilterbanksSpectra) {
  Spectrometer spectrometer({.channels = channels, .taps = 4});
  spectrometer.add(part_of(sky(), 0, 100 * channels));
  const Spectrum spectrum = spectrometer.spectrum();
  EXPECT_EQ(spectrum.samples, 97U * channels);
  EXPECT_NEAR(97.0 / spectrum.effective_averages, 1.055, 0.001);  // numpy, from the taps' own correlation
}

constexpr std::size_t judged = 32 * channels;  ///< samples that kurtosis judges together
constexpr std::size_t in_spectrum = 3 * judged;
constexpr std::size_t burst_channel = channels / 2 + 64;

/// The sky with a tone that comes and goes within 6 rows, in the first third of each spectrum. It comes
/// softly, so that it stays within a few channels.
Samples sky_with_bursts(unsigned seed) {
  Samples samples = noise(std::size_t{4} << 20, seed);
  constexpr std::size_t length = 6 * channels;
  const Samples carrier = testing::tone(length, 64.0 / channels, 40.0);
  for (std::size_t at = 8 * channels; at + length <= samples.size(); at += in_spectrum) {
    for (std::size_t n = 0; n < length; ++n) {
      const double loud = std::sin(std::numbers::pi * static_cast<double>(n) / length);
      samples[at + n] += carrier[n] * static_cast<float>(loud * loud);
    }
  }
  return samples;
}

/// Without weight where the burst may reach, so that it is too weak to be flagged and not too weak to be seen.
Spectrum without_neighbours(Spectrum spectrum) {
  for (std::size_t k = burst_channel - 6; k <= burst_channel + 6; ++k) {
    if (k != burst_channel) spectrum.weight[k] = 0.0F;
  }
  return spectrum;
}

// Kurtosis judges 32 transforms together. Of each spectrum's three times 32 rows the first hold a burst,
// and of the last 777 samples are lost. Weight, exposure and the times of what is lost must be right,
// and the scatter go with all of them. (8 million samples tell the scatter to 0.4 %.)
TEST(Radiometer, HoldsWithGapsAndFlagsTogether) {
  constexpr std::size_t cut = 777;
  for (const std::uint32_t taps : {1U, 4U}) {
    // Whole rows on either side of the gap, less those that fill a filterbank; of what is left over
    // after whole judgements, 28 are judged by themselves and 22 are too few.
    const std::size_t transforms = 2 * 32 - (taps - 1) + (judged - cut) / channels - (taps - 1);
    const std::size_t left_over = transforms % 32 < 24 ? transforms % 32 : 0;
    ASSERT_EQ(left_over, taps == 1 ? 0U : 22U);
    const double judged_weight = 1.0 - static_cast<double>(left_over) / static_cast<double>(transforms);
    Scatter scatter;
    double weight = 0.0;
    double weight_of_burst = 0.0;
    double spectra = 0.0;
    for (const unsigned seed : {51U, 52U}) {
      const Samples samples = sky_with_bursts(seed);
      Spectrometer spectrometer({.channels = channels, .taps = taps, .kurtosis = 32});
      for (std::size_t at = 0; at + in_spectrum <= samples.size(); at += in_spectrum) {
        spectrometer.reset();
        spectrometer.add(part_of(samples, at, 2 * judged));
        spectrometer.add(part_of(samples, at + 2 * judged + cut, judged - cut));
        const Spectrum spectrum = spectrometer.spectrum();
        scatter.add(without_neighbours(spectrum), 1.0e6);
        EXPECT_EQ(spectrum.samples, transforms * channels);
        EXPECT_EQ(spectrum.exposure, from_seconds(static_cast<double>(transforms * channels) * 1e-6));
        EXPECT_EQ(spectrum.samples_lost, cut);
        const Gap gap{spectrum.start + from_seconds(2e-6 * judged), from_seconds(cut * 1e-6)};
        EXPECT_THAT(spectrum.gaps, ::testing::ElementsAre(gap));
        weight += static_cast<double>(spectrum.weight[30]);
        weight_of_burst += static_cast<double>(spectrum.weight[burst_channel]);
        spectra += 1.0;
      }
    }
    EXPECT_NEAR(weight / spectra, judged_weight, 0.01) << taps << " taps";  // noise beyond 3 sigma: 0.27 %
    EXPECT_NEAR(weight_of_burst / spectra, judged_weight - 32.0 / static_cast<double>(transforms), 0.01) << taps;
    EXPECT_NEAR(scatter.rms(), 1.0, 0.01) << taps << " taps";
    EXPECT_LT(std::abs(scatter.mean()), 0.002) << taps << " taps";
    // If all weights were one, the scatter would not be what they promise: a quarter was not judged.
    if (taps == 4) {
      EXPECT_GT(scatter.rms_without_weights(), 1.1);
    }
  }
}

}  // namespace
}  // namespace astro
