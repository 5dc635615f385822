// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "astro/error.hpp"
#include "astro/signal/spectrometer.hpp"
#include "signal/making.hpp"

namespace astro {
namespace {

using testing::first_light;
using testing::iq_settings;
using testing::make_block;
using testing::noise;
using testing::Samples;
using testing::spectrum_of;
using testing::tone;

double decibels(double power) { return 10.0 * std::log10(power); }

/// The highest response outside of the main lobe, which is `taps` dependent: from `from` channels on.
double highest_side_lobe_db(const SpectrometerOptions& options, double from) {
  std::vector<double> offsets;
  for (double off = from; off < 12.0; off += 0.01) offsets.push_back(off);
  const std::vector<double> response = channel_response(options, offsets);
  return decibels(*std::max_element(response.begin(), response.end()));
}

double response_db(const SpectrometerOptions& options, double off) {
  return decibels(channel_response(options, std::array{off})[0]);
}

// Harris 1978, Proc. IEEE 66, 51, table 1: highest side lobe -13, -32 (31.5 measured), -43 and -58 dB;
// scallop loss 3.92, 1.42, 1.78 and 1.10 dB.
TEST(ChannelResponse, OfOneTapIsThatOfTheWindow) {
  const auto with = [](Window window) { return SpectrometerOptions{.channels = 64, .window = window}; };
  EXPECT_NEAR(highest_side_lobe_db(with(Window::rectangular), 1.0), -13.3, 0.3);
  EXPECT_NEAR(highest_side_lobe_db(with(Window::hann), 2.0), -31.5, 0.3);
  EXPECT_NEAR(highest_side_lobe_db(with(Window::hamming), 2.0), -42.7, 1.0);
  EXPECT_NEAR(highest_side_lobe_db(with(Window::blackman), 3.0), -58.1, 0.5);
  EXPECT_NEAR(response_db(with(Window::rectangular), 0.5), -3.92, 0.01);
  EXPECT_NEAR(response_db(with(Window::hann), 0.5), -1.42, 0.01);
  EXPECT_NEAR(response_db(with(Window::hamming), 0.5), -1.78, 0.04);
  EXPECT_NEAR(response_db(with(Window::blackman), 0.5), -1.10, 0.01);
}

// As the header says. The sinc is half as high (6 dB) at the edge of its channel.
TEST(ChannelResponse, OfAFilterbankIsFlatterInsideAndLowerOutside) {
  const SpectrometerOptions bank{.channels = 64, .window = Window::hann, .taps = 4};
  EXPECT_NEAR(response_db(bank, 0.5), -6.1, 0.05);
  EXPECT_GT(response_db(bank, 0.2), -0.6);
  EXPECT_NEAR(highest_side_lobe_db(bank, 0.92), -44.4, 0.2);
}

// What is measured with tones is what `channel_response` says.
TEST(Filterbank, ShowsATonesPowerAsItsResponseSays) {
  for (const std::uint32_t taps : {1U, 3U, 4U, 8U}) {
    const SpectrometerOptions options{.channels = 64, .remove_dc = false, .taps = taps};
    for (const double off : {0.0, 0.25, 0.5, 0.75, 1.4}) {
      const auto power_at = [&](double from_centre) {
        const Block block = make_block(tone(64 * 40, (10.0 + from_centre) / 64.0), iq_settings(Dtype::cf32));
        return static_cast<double>(spectrum_of(options, block).power[42]);
      };
      const double expected = channel_response(options, std::array{off})[0];
      EXPECT_NEAR(power_at(off) / power_at(0.0), expected, 1e-5 + 1e-4 * expected) << taps << " taps, " << off;
    }
  }
}

TEST(Filterbank, KeepsThePowerOfNoise) {
  const Block block = make_block(noise(64 * 20000, 21), iq_settings(Dtype::cf32));
  const Spectrum spectrum = spectrum_of({.channels = 64, .remove_dc = false, .taps = 4}, block);
  const double total = std::accumulate(spectrum.power.begin(), spectrum.power.end(), 0.0);
  EXPECT_NEAR(total * spectrum.axis.step.hertz(), 1.0, 0.005);  // 1.28 million samples: 0.1 %
}

TEST(Filterbank, DoesNotCareHowAStreamIsCutIntoBlocks) {
  const Samples samples = noise(40 * 32 + 7, 22);
  const SpectrometerOptions options{.channels = 32, .taps = 5};
  const Spectrum whole = spectrum_of(options, make_block(samples, iq_settings(Dtype::cf32)));
  Spectrometer parts(options);
  testing::add_in_pieces(parts, samples, 199, 23);
  EXPECT_EQ(parts.spectrum().power, whole.power);
  EXPECT_EQ(parts.spectrum().samples, 36U * 32U);  // 40 rows, of which the first 4 only fill it
}

// 10 rows, a gap, 10 rows: 7 transforms on either side of it, each of 4 rows of its own side.
TEST(Filterbank, BeginsAnewAfterAGap) {
  Spectrometer spectrometer({.channels = 100, .taps = 4});
  spectrometer.add(make_block(noise(1000, 24), iq_settings(Dtype::cf32), 0));
  spectrometer.add(make_block(noise(1000, 25), iq_settings(Dtype::cf32), 1500, 500));
  const Spectrum spectrum = spectrometer.spectrum();
  EXPECT_EQ(spectrum.samples, 1400U);
  EXPECT_EQ(spectrum.samples_lost, 500U);
  EXPECT_EQ(spectrum.exposure, from_seconds(1400e-6));
  EXPECT_EQ(spectrum.mid, first_light + from_seconds(1250e-6));
  EXPECT_THAT(spectrum.gaps, ::testing::ElementsAre(Gap{first_light + from_seconds(1000e-6), from_seconds(500e-6)}));
}

// Twice the amplitude is four times the power, exactly: a power of two rounds nothing.
TEST(Filterbank, IsLinear) {
  for (const std::uint32_t taps : {1U, 4U}) {
    const SpectrometerOptions options{.channels = 64, .taps = taps};
    Samples samples = noise(64 * 20, 26);
    const Spectrum once = spectrum_of(options, make_block(samples, iq_settings(Dtype::cf32)));
    for (auto& sample : samples) sample *= 2.0F;
    const Spectrum twice = spectrum_of(options, make_block(samples, iq_settings(Dtype::cf32)));
    for (std::size_t k = 0; k < 64; ++k) EXPECT_EQ(twice.power[k], 4.0F * once.power[k]);
  }
}

// Of what repeats with each row a delay turns the phases of the channels and leaves their power: each
// of its tones lies at the centre of a channel, where no taper lets no other tone in, and the
// filterbank's response of a channel off is -44 dB, which is 0.6 % of amplitude.
TEST(Filterbank, DoesNotCareForADelay) {
  for (const std::uint32_t taps : {1U, 4U}) {
    const SpectrometerOptions options{
        .channels = 64, .window = taps == 1 ? Window::rectangular : Window::hann, .remove_dc = false, .taps = taps};
    const Samples once = noise(64, 27);
    Samples samples;
    for (std::size_t n = 0; n < 64 * 20; ++n) samples.push_back(once[n % 64]);
    const Spectrum straight = spectrum_of(options, make_block(samples, iq_settings(Dtype::cf32)));
    std::rotate(samples.begin(), samples.begin() + 17, samples.end());
    const Spectrum delayed = spectrum_of(options, make_block(samples, iq_settings(Dtype::cf32)));
    const float highest = *std::max_element(straight.power.begin(), straight.power.end());
    const float alike = taps == 1 ? 1e-5F : 0.024F;  // two neighbours of 0.6 %, in power
    for (std::size_t k = 0; k < 64; ++k) EXPECT_NEAR(delayed.power[k], straight.power[k], alike * highest);
  }
}

/// cos(2 pi cycles n + phase) as real samples.
std::vector<float> cosine(std::size_t count, double cycles) {
  std::vector<float> samples;
  for (const auto& sample : tone(count, cycles)) samples.push_back(sample.real());
  return samples;
}

// 2 channels real samples make `channels` channels over half the sample rate. A cosine of amplitude 1
// has power 1/2, all of it in the one-sided spectrum.
TEST(RealSamples, FillHalfTheBand) {
  for (const std::uint32_t taps : {1U, 4U}) {
    const Block block = make_block(cosine(128 * 40, 40.0 / 128.0), iq_settings(Dtype::f32));
    const Spectrum spectrum = spectrum_of({.channels = 64, .window = Window::hann, .taps = taps}, block);
    const auto highest = std::max_element(spectrum.power.begin(), spectrum.power.end()) - spectrum.power.begin();
    EXPECT_EQ(highest, 40);
    EXPECT_NEAR(spectrum.axis.step.hertz(), 0.5e6 / 64, 1e-9);
    EXPECT_NEAR((spectrum.axis.at(32) - hydrogen_line).hertz(), 0.0, 1e-6);
    EXPECT_EQ(spectrum.exposure, from_seconds((40.0 - (taps - 1.0)) * 128e-6));
    EXPECT_NEAR(spectrum.effective_averages, 40.0, taps == 1 ? 1e-9 : 8.0);
    EXPECT_EQ(spectrum.weight[0], 0.0F);
    if (taps == 1) {
      const double total = std::accumulate(spectrum.power.begin(), spectrum.power.end(), 0.0);
      EXPECT_NEAR(total * spectrum.axis.step.hertz(), 0.5, 1e-5);
    }
  }
}

TEST(RealSamples, OfAllTypesAreOnOneScale) {
  const std::vector<float> samples = cosine(64 * 100, 10.0 / 64.0);
  const auto power_of = [](const Block& block) {
    const Spectrum spectrum = spectrum_of({.channels = 32}, block);
    return std::accumulate(spectrum.power.begin(), spectrum.power.end(), 0.0) * spectrum.axis.step.hertz();
  };
  std::vector<std::int16_t> shorts;
  std::vector<std::int8_t> chars;
  std::vector<std::uint8_t> bytes;
  for (const float sample : samples) {
    shorts.push_back(static_cast<std::int16_t>(std::lround(sample * 16384.0F)));
    chars.push_back(static_cast<std::int8_t>(std::lround(sample * 64.0F)));
    bytes.push_back(static_cast<std::uint8_t>(std::lround(sample * 63.75F + 127.5F)));
  }
  EXPECT_NEAR(power_of(make_block(shorts, iq_settings(Dtype::i16))), 0.125, 1e-5);
  EXPECT_NEAR(power_of(make_block(chars, iq_settings(Dtype::i8))), 0.125, 1e-3);
  EXPECT_NEAR(power_of(make_block(bytes, iq_settings(Dtype::u8))), 0.125, 1e-3);
}

TEST(Filterbank, RefusesOptionsThatCannotBe) {
  EXPECT_THROW(Spectrometer({.taps = 0}), Error);
  EXPECT_THROW(Spectrometer({.taps = 33}), Error);
  EXPECT_THROW(Spectrometer({.kurtosis = 23}), Error);
  EXPECT_THROW(Spectrometer({.kurtosis = 16385}), Error);
  EXPECT_THROW(Spectrometer({.kurtosis = 64, .kurtosis_sigma = 0.0}), Error);
  EXPECT_THROW(Spectrometer({.correction = IqCorrection{.image = 1.0}}), Error);
}

}  // namespace
}  // namespace astro
