// SPDX-License-Identifier: BSD-3-Clause
#include "astro/signal/spectrometer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <thread>

#include "astro/error.hpp"
#include "signal/making.hpp"
#include "testing/testing.hpp"

namespace astro {
namespace {

using testing::first_light;
using testing::iq_settings;
using testing::make_block;
using testing::noise;
using testing::Samples;
using testing::spectrum_of;
using testing::tone;

constexpr double rate = 1.0e6;

SpectrometerOptions options_of(std::uint32_t channels, Window window = Window::hann, bool remove_dc = false) {
  return {channels, window, remove_dc};
}

double total(const Spectrum& spectrum) { return std::accumulate(spectrum.power.begin(), spectrum.power.end(), 0.0); }

std::size_t highest(const Spectrum& spectrum) {
  return static_cast<std::size_t>(std::max_element(spectrum.power.begin(), spectrum.power.end()) -
                                  spectrum.power.begin());
}

ErrorCode code_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "no error was thrown";
  return ErrorCode::internal;
}

// Parseval: without a taper the density times the channel width sums to the mean power of the samples.
TEST(Spectrometer, KeepsThePowerOfItsSamples) {
  const Samples samples = noise(64 * 1000, 1);
  double power = 0.0;
  for (const auto& sample : samples)
    power += static_cast<double>(std::norm(sample)) / static_cast<double>(samples.size());
  const Spectrum spectrum =
      spectrum_of(options_of(64, Window::rectangular), make_block(samples, iq_settings(Dtype::cf32)));
  EXPECT_NEAR(total(spectrum) * spectrum.axis.step.hertz(), power, 1e-6 * power);
}

TEST(Spectrometer, PutsAToneIntoTheChannelOfItsFrequency) {
  for (const int channel : {1, 100, 128, 200, 255}) {
    const double cycles = (channel - 128) / 256.0;
    const Spectrum spectrum = spectrum_of(options_of(256), make_block(tone(2560, cycles), iq_settings(Dtype::cf32)));
    EXPECT_EQ(highest(spectrum), static_cast<std::size_t>(channel));
    EXPECT_NEAR(spectrum.axis.at(channel).hertz(), hydrogen_line.hertz() + cycles * rate, 1e-6);
  }
}

TEST(Spectrometer, AscendsInFrequencyAlsoForAnOddNumberOfChannels) {
  const Spectrum spectrum = spectrum_of(options_of(45), make_block(tone(450, 3.0 / 45.0), iq_settings(Dtype::cf32)));
  EXPECT_EQ(highest(spectrum), 22U + 3U);
  EXPECT_NEAR((spectrum.axis.at(22) - hydrogen_line).hertz(), 0.0, 1e-6);
}

// A tone of amplitude 1 in the middle of a channel: density 1 / (rate ENBW / channels), where Hann's
// equivalent noise bandwidth is 1.5 channels (Harris 1978, table 1), and Blackman's 1.73.
TEST(Spectrometer, ScalesAToneByTheNoiseBandwidthOfItsWindow) {
  const auto peak_of = [](Window window) {
    const Spectrum spectrum =
        spectrum_of(options_of(256, window), make_block(tone(2560, 0.25), iq_settings(Dtype::cf32)));
    return static_cast<double>(spectrum.power[highest(spectrum)]) * spectrum.axis.step.hertz();
  };
  EXPECT_NEAR(1.0 / peak_of(Window::rectangular), 1.0, 1e-5);
  EXPECT_NEAR(1.0 / peak_of(Window::hann), 1.5, 1e-5);
  EXPECT_NEAR(1.0 / peak_of(Window::hamming), 1.36, 0.01);
  EXPECT_NEAR(1.0 / peak_of(Window::blackman), 1.73, 0.01);
}

TEST(Spectrometer, FillsTheCentreFromItsNeighboursAndGivesItNoWeight) {
  Samples samples = noise(64 * 200, 2);
  for (auto& sample : samples) sample += 3.0F;
  const Block block = make_block(samples, iq_settings(Dtype::cf32));
  const Spectrum raw = spectrum_of(options_of(64, Window::rectangular, false), block);
  const Spectrum clean = spectrum_of(options_of(64, Window::rectangular, true), block);
  EXPECT_GT(raw.power[32], 100.0F * raw.power[31]);
  EXPECT_FLOAT_EQ(clean.power[32], 0.5F * (raw.power[31] + raw.power[33]));
  EXPECT_EQ(clean.weight[32], 0.0F);
  EXPECT_EQ(clean.weight[31], 1.0F);
  EXPECT_EQ(raw.weight[32], 1.0F);
}

template <class T>
std::vector<std::array<T, 2>> quantised(const Samples& samples, double scale, double zero) {
  std::vector<std::array<T, 2>> result;
  for (const auto& sample : samples) {
    const auto number = [&](float part) {
      return static_cast<T>(std::lround(static_cast<double>(part) * scale + zero));
    };
    result.push_back({number(sample.real()), number(sample.imag())});
  }
  return result;
}

// A tone of amplitude 0.5 keeps its power in each type of sample to within the rounding of 8 bits.
TEST(Spectrometer, ReadsAllTypesOfSamplesOnOneScale) {
  const Samples samples = tone(25600, 10.0 / 256.0, 0.5);
  const auto power_of = [](const Block& block) {
    const Spectrum spectrum = spectrum_of(options_of(256), block);
    EXPECT_EQ(highest(spectrum), 138U);
    return total(spectrum) * spectrum.axis.step.hertz();
  };
  EXPECT_NEAR(power_of(make_block(samples, iq_settings(Dtype::cf32))), 0.25, 1e-6);
  EXPECT_NEAR(power_of(make_block(quantised<std::int16_t>(samples, 32768.0, 0.0), iq_settings(Dtype::ci16))), 0.25,
              1e-5);
  EXPECT_NEAR(power_of(make_block(quantised<std::int8_t>(samples, 128.0, 0.0), iq_settings(Dtype::ci8))), 0.25, 1e-3);
  EXPECT_NEAR(power_of(make_block(quantised<std::uint8_t>(samples, 127.5, 127.5), iq_settings(Dtype::cu8))), 0.25,
              1e-3);
}

TEST(Spectrometer, DoesNotCareHowAStreamIsCutIntoBlocks) {
  const Samples samples = noise(10 * 128 + 77, 3);
  const auto settings = iq_settings(Dtype::cf32);
  const Spectrum whole = spectrum_of(options_of(128), make_block(samples, settings));
  Spectrometer spectrometer(options_of(128));
  testing::add_in_pieces(spectrometer, samples, 299, 4);
  const Spectrum parts = spectrometer.spectrum();
  EXPECT_EQ(parts.power, whole.power);
  EXPECT_EQ(parts.samples, 1280U);
  EXPECT_EQ(parts.samples_lost, 0U);
  EXPECT_EQ(parts.exposure, from_seconds(1280 / rate));
}

TEST(Spectrometer, TellsTimesFromTheSampleIndex) {
  const Spectrum spectrum = spectrum_of(options_of(100), make_block(noise(1000, 5), iq_settings(Dtype::cf32)));
  EXPECT_EQ(spectrum.start, first_light);
  EXPECT_EQ(spectrum.duration, from_seconds(1e-3));
  EXPECT_EQ(spectrum.mid, first_light + from_seconds(0.5e-3));
  EXPECT_NEAR(spectrum.effective_averages, 10.0, 1e-9);
  EXPECT_EQ(spectrum.receiver, "lna");
}

// 250 samples (2 transforms and a half), 350 lost, then 300: the half transform is neither exposed nor lost.
TEST(Spectrometer, NeverSpansAGapAndCountsWhatWasLost) {
  const auto settings = iq_settings(Dtype::cf32);
  Spectrometer spectrometer(options_of(100));
  spectrometer.add(make_block(noise(250, 6), settings, 0));
  spectrometer.add(make_block(noise(300, 7), settings, 600, 350));
  const Spectrum spectrum = spectrometer.spectrum();
  EXPECT_EQ(spectrum.samples, 500U);
  EXPECT_EQ(spectrum.samples_lost, 350U);
  EXPECT_EQ(spectrum.exposure, from_seconds(500e-6));
  EXPECT_EQ(spectrum.duration, from_seconds(900e-6));
  // 200 samples around 100 and 300 samples around 750
  EXPECT_EQ(spectrum.mid, first_light + from_seconds((200.0 * 100.0 + 300.0 * 750.0) / 500.0 * 1e-6));
  EXPECT_NEAR(spectrum.effective_averages, 5.0, 1e-9);
}

TEST(Spectrometer, TakesAJumpOfTheIndexForALoss) {
  const auto settings = iq_settings(Dtype::cf32);
  Spectrometer spectrometer(options_of(100));
  spectrometer.add(make_block(noise(150, 8), settings, 1000));
  spectrometer.add(make_block(noise(150, 9), settings, 1200));
  const Spectrum spectrum = spectrometer.spectrum();
  EXPECT_EQ(spectrum.samples, 200U);
  EXPECT_EQ(spectrum.samples_lost, 50U);
}

TEST(Spectrometer, CountsEachLossInExactlyOneIntegration) {
  const auto settings = iq_settings(Dtype::cf32);
  Spectrometer spectrometer(options_of(100));
  spectrometer.add(make_block(noise(100, 10), settings, 0));
  const Spectrum before = spectrometer.spectrum();
  spectrometer.reset();
  spectrometer.add(make_block(noise(100, 11), settings, 130, 30));
  spectrometer.add(make_block(noise(100, 12), settings, 270, 40));
  EXPECT_EQ(before.samples_lost + spectrometer.spectrum().samples_lost, 70U);
}

TEST(Spectrometer, SurvivesAStreamThatBeginsAnew) {
  const auto settings = iq_settings(Dtype::cf32);
  Spectrometer spectrometer(options_of(100));
  spectrometer.add(make_block(noise(150, 13), settings, 5000));
  spectrometer.add(make_block(noise(150, 14), settings, 0));
  const Spectrum spectrum = spectrometer.spectrum();
  EXPECT_EQ(spectrum.samples, 200U);
  EXPECT_EQ(spectrum.samples_lost, 0U);
  EXPECT_EQ(spectrum.duration, from_seconds(250e-6));
}

// The radiometer equation: relative scatter of a channel 1 / sqrt(averages). 20 spectra of 1000
// channels each: the scatter of the scatter is 0.5 %, and 2.5 % is five of that.
TEST(Spectrometer, ScattersAsTheRadiometerEquationSays) {
  double square = 0.0;
  std::size_t values = 0;
  double averages = 0.0;
  for (unsigned seed = 100; seed < 120; ++seed) {
    const Spectrum spectrum =
        spectrum_of(options_of(1000, Window::hann), make_block(noise(1000 * 50, seed), iq_settings(Dtype::cf32)));
    averages = spectrum.effective_averages;
    for (std::size_t i = 0; i < spectrum.power.size(); ++i) {
      const double relative = static_cast<double>(spectrum.power[i]) * rate - 1.0;  // white noise of variance 1
      square += relative * relative;
      ++values;
    }
  }
  EXPECT_NEAR(std::sqrt(square / static_cast<double>(values)) * std::sqrt(averages), 1.0, 0.025);
}

StreamSettings spectra_settings(Dtype dtype, std::size_t channels) {
  StreamSettings settings = iq_settings(dtype, 2.0e6);
  settings.item_shape = {channels};
  settings.item_period = from_seconds(0.1);
  return settings;
}

TEST(Spectrometer, AveragesSpectraOfAReceiverAsTheyAre) {
  Spectrometer spectrometer;
  spectrometer.add(make_block<std::uint16_t>({1, 2, 3, 4, 5, 6, 7, 8}, spectra_settings(Dtype::u16, 4), 0));
  spectrometer.add(make_block<std::uint16_t>({9, 9, 9, 9}, spectra_settings(Dtype::u16, 4), 5, 3));
  const Spectrum spectrum = spectrometer.spectrum();
  EXPECT_THAT(spectrum.power, ::testing::ElementsAre(5.0F, 17.0F / 3.0F, 19.0F / 3.0F, 7.0F));
  EXPECT_EQ(spectrum.samples, 3U);
  EXPECT_EQ(spectrum.samples_lost, 3U);
  EXPECT_EQ(spectrum.exposure, from_seconds(0.3));
  EXPECT_EQ(spectrum.duration, from_seconds(0.6));
  EXPECT_NEAR(spectrum.axis.step.hertz(), 0.5e6, 1e-6);
  EXPECT_NEAR((spectrum.axis.at(2) - hydrogen_line).hertz(), 0.0, 1e-6);
  EXPECT_NEAR(spectrum.effective_averages, 0.5e6 * 0.3, 1e-6);
}

TEST(Spectrometer, LeavesOutOfASpectrumWhatIsNotFinite) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Spectrum spectrum = spectrum_of({}, make_block<float>({1, nan, 3, nan}, spectra_settings(Dtype::f32, 2)));
  EXPECT_THAT(spectrum.power, ::testing::ElementsAre(2.0F, 0.0F));
  EXPECT_THAT(spectrum.weight, ::testing::ElementsAre(1.0F, 0.0F));
}

TEST(Spectrometer, RefusesWhatItCannotIntegrate) {
  EXPECT_EQ(code_of([] { Spectrometer({.channels = 1}); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([] { Spectrometer({.channels = (1U << 20) + 1}); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([] { (void)Spectrometer().spectrum(); }), ErrorCode::invalid_argument);
  StreamSettings frames = iq_settings(Dtype::u16);
  frames.item_shape = {2, 2, 1};
  EXPECT_EQ(code_of([&] {
              Spectrometer().add(make_block<std::uint16_t>({1, 2, 3, 4}, frames));
            }),
            ErrorCode::invalid_argument);
  StreamSettings no_rate = iq_settings(Dtype::cf32);
  no_rate.tuning.sample_rate = {};
  EXPECT_EQ(code_of([&] { Spectrometer().add(make_block(noise(4, 1), no_rate)); }), ErrorCode::invalid_argument);
}

TEST(Spectrometer, RefusesAChangeOfTuningUntilItIsReset) {
  Spectrometer spectrometer(options_of(64));
  StreamSettings settings = iq_settings(Dtype::cf32);
  spectrometer.add(make_block(noise(64, 1), settings));
  settings.tuning.frequency = megahertz(1420);
  const Block other = make_block(noise(64, 2), settings);
  EXPECT_EQ(code_of([&] { spectrometer.add(other); }), ErrorCode::invalid_argument);
  EXPECT_EQ(spectrometer.spectrum().samples, 64U);
  spectrometer.reset();
  EXPECT_EQ(spectrometer.exposure(), Duration::zero());
  spectrometer.add(other);
  EXPECT_EQ(spectrometer.spectrum().axis.at(32).megahertz(), 1420.0);
}

TEST(Spectrometer, IsCopiedWithItsOptionsAndNothingIntegrated) {
  Spectrometer spectrometer(options_of(64, Window::blackman));
  spectrometer.add(make_block(noise(64, 1), iq_settings(Dtype::cf32)));
  const Spectrometer copy(spectrometer);
  EXPECT_EQ(copy.options().window, Window::blackman);
  EXPECT_EQ(copy.exposure(), Duration::zero());
  EXPECT_EQ(spectrometer.exposure(), from_seconds(64e-6));
}

TEST(Spectrometer, CanBeMadeAndUsedInManyThreads) {
  const Block block = make_block(noise(20000, 20), iq_settings(Dtype::cf32));
  const Spectrum expected = spectrum_of(options_of(512), block);
  std::vector<std::thread> threads;
  std::array<std::vector<float>, 4> results;
  for (auto& result : results) {
    threads.emplace_back([&] {
      for (const std::uint32_t channels : {300U, 1000U, 512U}) result = spectrum_of(options_of(channels), block).power;
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& result : results) {
    ASSERT_EQ(result.size(), expected.power.size());
    for (std::size_t i = 0; i < result.size(); ++i)
      EXPECT_NEAR(result[i], expected.power[i], 1e-5F * expected.power[i]);
  }
}

std::vector<std::array<std::uint8_t, 2>> recorded_pairs(const std::filesystem::path& file) {
  const std::string bytes = testing::read_file(file);
  std::vector<std::array<std::uint8_t, 2>> pairs(bytes.size() / 2);
  std::memcpy(pairs.data(), bytes.data(), pairs.size() * 2);
  return pairs;
}

// Golden values: scipy 1.17.1, scipy.signal.welch(z, fs=2e6, window='hann', nperseg=1024, noverlap=0,
// detrend=False, return_onesided=False, scaling='density') of z = (pairs - 127.5) / 127.5 in double
// precision, fft-shifted: channels 0, 32, 64, ... and three sums over all 1024. Tolerance 1e-5 of each.
TEST(Spectrometer, AgreesWithScipyOnARealRecording) {
  ASTRO_NEEDS_RECORDINGS(folder);
  constexpr std::array golden{2.884011827e-09, 4.213708512e-09, 6.852782884e-09, 1.088647483e-08, 2.832548588e-08,
                              1.596119962e-08, 6.354880595e-09, 1.401207409e-08, 1.186766137e-08, 1.056732937e-08,
                              5.023848823e-09, 1.066773819e-08, 6.693024345e-09, 4.294434113e-09, 1.214101793e-08,
                              9.166158458e-07, 1.106087177e-08, 2.866012296e-09, 9.434146658e-09, 1.090235461e-08,
                              4.532291572e-09, 4.806224385e-09, 8.635474973e-09, 9.301149651e-09, 5.857399576e-09,
                              1.774863964e-08, 3.607469934e-08, 1.423120402e-08, 1.016366121e-08, 7.131911268e-09,
                              4.550561100e-09, 7.527293274e-09};
  const auto pairs = recorded_pairs(folder / "radio" / "rtlsdr_1090mhz" / "modes1.bin");
  ASSERT_EQ(pairs.size(), 356868U);
  const Spectrum spectrum = spectrum_of(options_of(1024), make_block(pairs, iq_settings(Dtype::cu8, 2.0e6)));
  EXPECT_EQ(spectrum.samples, 348U * 1024U);
  for (std::size_t i = 0; i < golden.size(); ++i) EXPECT_NEAR(spectrum.power[32 * i], golden[i], 1e-5 * golden[i]);
  double logarithms = 0.0;
  double moment = 0.0;
  for (std::size_t i = 0; i < 1024; ++i) {
    logarithms += std::log(static_cast<double>(spectrum.power[i]));
    moment += static_cast<double>(spectrum.power[i]) * static_cast<double>(i);
  }
  EXPECT_NEAR(total(spectrum), 1.888243077e-05, 1e-5 * 1.888243077e-05);
  EXPECT_NEAR(logarithms, -1.896625412e+04, 1e-5 * 1024);
  EXPECT_NEAR(moment, 9.211891413e-03, 1e-5 * 9.211891413e-03);
}

}  // namespace
}  // namespace astro
