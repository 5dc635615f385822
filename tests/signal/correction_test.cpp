// SPDX-License-Identifier: BSD-3-Clause
#include "astro/signal/correction.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "astro/error.hpp"
#include "astro/signal/spectrometer.hpp"
#include "signal/making.hpp"

namespace astro {
namespace {

using testing::iq_settings;
using testing::make_block;
using testing::noise;
using testing::Samples;

const std::complex<float> offset{0.3F, -0.2F};

/// Noise and a tone through a receiver whose image is 15 dB down.
Samples received(std::size_t count, std::complex<float> image) {
  Samples samples = noise(count, 41);
  const Samples tone = testing::tone(count, 0.125, 3.0);
  for (std::size_t n = 0; n < count; ++n) {
    const auto sky = samples[n] + tone[n];
    samples[n] = sky + image * std::conj(sky) + offset;
  }
  return samples;
}

TEST(IqEstimator, FindsOffsetAndImage) {
  const std::complex<float> image{0.15F, -0.09F};
  IqEstimator estimator;
  estimator.add(make_block(received(1 << 18, image), iq_settings(Dtype::cf32)));
  const IqCorrection correction = estimator.correction();
  EXPECT_NEAR(std::abs(correction.offset - std::complex<double>(offset)), 0.0, 0.005);
  EXPECT_NEAR(std::abs(correction.image - std::complex<double>(image)), 0.0, 0.003);  // 1 / sqrt(samples): 0.002
  EXPECT_NEAR(correction.image_db(), 20.0 * std::log10(std::abs(image)), 0.2);
  EXPECT_EQ(estimator.samples(), 1U << 18);
}

TEST(IqEstimator, AddsBlocksUp) {
  const Samples samples = received(30000, {0.1F, 0.05F});
  IqEstimator whole;
  whole.add(make_block(samples, iq_settings(Dtype::cf32)));
  IqEstimator parts;
  for (const std::size_t at : {0U, 10000U, 20000U}) {
    const auto from = samples.begin() + static_cast<std::ptrdiff_t>(at);
    parts.add(make_block(Samples(from, from + 10000), iq_settings(Dtype::cf32), at));
  }
  EXPECT_NEAR(std::abs(parts.correction().image - whole.correction().image), 0.0, 1e-12);
}

TEST(IqEstimator, ReadsIntegersOnTheScaleOfTheSpectrometer) {
  const std::vector<std::array<std::uint8_t, 2>> bytes{{128, 130}, {127, 125}, {140, 127}, {115, 128}};
  IqEstimator estimator;
  estimator.add(make_block(bytes, iq_settings(Dtype::cu8)));
  EXPECT_NEAR(estimator.correction().offset.real(), 0.0, 1e-12);
  const std::vector<std::array<std::int16_t, 2>> shorts{{16384, 0}, {0, 16384}, {-8192, 8192}};
  IqEstimator other;
  other.add(make_block(shorts, iq_settings(Dtype::ci16)));
  EXPECT_NEAR(other.correction().offset.imag(), 0.25, 1e-12);
}

TEST(IqEstimator, RefusesWhatTellsNothing) {
  EXPECT_THROW(IqEstimator().correction(), Error);
  IqEstimator constant;
  constant.add(make_block(Samples(1000, {1.0F, 2.0F}), iq_settings(Dtype::cf32)));
  EXPECT_THROW(constant.correction(), Error);
  EXPECT_THROW(IqEstimator().add(make_block(std::vector<float>(10), iq_settings(Dtype::f32))), Error);
}

// The tone keeps its power; its image and the offset fall below the noise.
TEST(Correction, TakesTheImageAndTheOffsetOutOfASpectrum) {
  const std::complex<float> image{0.15F, -0.09F};
  const Block block = make_block(received(1 << 18, image), iq_settings(Dtype::cf32));
  IqEstimator estimator;
  estimator.add(block);
  const auto spectrum_with = [&](std::optional<IqCorrection> correction, std::uint32_t taps) {
    Spectrometer spectrometer({.channels = 64, .remove_dc = false, .taps = taps, .correction = correction});
    spectrometer.add(block);
    return spectrometer.spectrum();
  };
  for (const std::uint32_t taps : {1U, 4U}) {
    const Spectrum raw = spectrum_with({}, taps);
    const Spectrum clean = spectrum_with(estimator.correction(), taps);
    EXPECT_NEAR(clean.power[40] / raw.power[40], 1.0, 0.02);
    EXPECT_GT(raw.power[24], 5.0F * raw.power[20]);
    EXPECT_NEAR(clean.power[24] / clean.power[20], 1.0, 0.15);
    EXPECT_GT(raw.power[32], 5.0F * raw.power[20]);
    EXPECT_NEAR(clean.power[32] / clean.power[20], 1.0, 0.15);
  }
}

}  // namespace
}  // namespace astro
