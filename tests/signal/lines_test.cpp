// SPDX-License-Identifier: BSD-3-Clause
#include "astro/signal/lines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

#include "astro/error.hpp"
#include "astro/signal/calibration.hpp"
#include "astro/sky/velocity.hpp"
#include "signal/making.hpp"

namespace astro {
namespace {

using testing::add_radiometer_noise;
using testing::flat_spectrum;

constexpr std::uint32_t channels = 512;

struct Line {
  double peak_k;
  double velocity_km_s;  ///< topocentric
  double width_km_s;     ///< full width at half maximum
};

double channel_velocity(const FrequencyAxis& axis, std::size_t channel) {
  return sky::radio_velocity_km_s(axis.at(static_cast<double>(channel)), hydrogen_line);
}

double line_at(const Line& line, double velocity) {
  return line.peak_k * std::exp(-4.0 * std::log(2.0) * std::pow((velocity - line.velocity_km_s) / line.width_km_s, 2));
}

CalibratedSpectrum lines(std::initializer_list<Line> all, double noise_k, unsigned seed) {
  CalibratedSpectrum spectrum = testing::noise_temperatures(channels, 4.0e6, 0.0, noise_k, seed);
  for (std::size_t i = 0; i < channels; ++i) {
    double added = 0.0;
    for (const Line& line : all) added += line_at(line, channel_velocity(spectrum.axis, i));
    spectrum.temperature_k[i] += static_cast<float>(added);
  }
  return spectrum;
}

TEST(Gaussians, AreFoundAgain) {
  const Line strong{30.0, -40.0, 25.0};
  const Line weak{12.0, 35.0, 18.0};
  const GaussianFit fit = fit_gaussians(lines({strong, weak}, 0.2, 1), {.lines = 2});
  ASSERT_EQ(fit.lines.size(), 2U);
  for (const auto& [found, truth] : {std::pair{fit.lines[0], strong}, std::pair{fit.lines[1], weak}}) {
    EXPECT_NEAR(found.peak_k.value, truth.peak_k, 4.0 * found.peak_k.sigma);
    EXPECT_NEAR(found.velocity_km_s.value, truth.velocity_km_s, 4.0 * found.velocity_km_s.sigma);
    EXPECT_NEAR(found.width_km_s.value, truth.width_km_s, 4.0 * found.width_km_s.sigma);
    EXPECT_NEAR(sky::radio_velocity_km_s(found.centre, hydrogen_line), found.velocity_km_s.value, 1e-6);
    EXPECT_LT(found.velocity_km_s.sigma, 0.5);
  }
  EXPECT_NEAR(fit.reduced_chi_square, 1.0, 0.25);
  EXPECT_NEAR(fit.rms_k, 0.2, 0.03);
}

// Deviations over stated errors must have a variance of 1; 200 fits know it to 10 %.
TEST(Gaussians, HaveTheErrorsThatTheyState) {
  std::array<double, 3> square{};
  constexpr unsigned seeds = 200;
  for (unsigned seed = 0; seed < seeds; ++seed) {
    const Gaussian line = fit_gaussians(lines({{10.0, 5.0, 20.0}}, 0.5, 100 + seed)).lines.at(0);
    square[0] += std::pow((line.peak_k.value - 10.0) / line.peak_k.sigma, 2) / seeds;
    square[1] += std::pow((line.velocity_km_s.value - 5.0) / line.velocity_km_s.sigma, 2) / seeds;
    square[2] += std::pow((line.width_km_s.value - 20.0) / line.width_km_s.sigma, 2) / seeds;
  }
  EXPECT_THAT(square, ::testing::Each(::testing::DoubleNear(1.0, 0.35)));
}

TEST(Gaussians, AreRefusedWhereThereIsNothingToFit) {
  const CalibratedSpectrum spectrum = lines({{10.0, 0.0, 20.0}}, 0.5, 1);
  EXPECT_THROW(fit_gaussians(spectrum, {.lines = 0}), Error);
  EXPECT_THROW(fit_gaussians(spectrum, {.lines = 9}), Error);
  EXPECT_THROW(fit_gaussians(spectrum, {.window_km_s = 1.0}), Error);
  EXPECT_THROW(fit_gaussians(CalibratedSpectrum{.axis = spectrum.axis}), Error);
}

TEST(Baseline, IsTakenOffBesideTheLine) {
  CalibratedSpectrum spectrum = lines({{20.0, 0.0, 30.0}}, 0.1, 2);
  const std::vector<float> clean = spectrum.temperature_k;
  for (std::size_t i = 0; i < channels; ++i) {
    const double x = static_cast<double>(i) / channels - 0.5;
    spectrum.temperature_k[i] += static_cast<float>(3.0 + 5.0 * x - 20.0 * x * x + 8.0 * x * x * x);
  }
  const CalibratedSpectrum flat = without_baseline(spectrum, 3);
  for (std::size_t i = 0; i < channels; ++i) EXPECT_NEAR(flat.temperature_k[i], clean[i], 0.15F) << i;
  const std::array around{FrequencyRange{hydrogen_line - megahertz(0.3), hydrogen_line + megahertz(0.3)}};
  const CalibratedSpectrum told = without_baseline(spectrum, 3, around);
  for (std::size_t i = 0; i < channels; ++i) EXPECT_NEAR(told.temperature_k[i], clean[i], 0.15F) << i;
  EXPECT_EQ(told.weight, spectrum.weight);
  EXPECT_THROW(without_baseline(spectrum, 11), Error);
}

TEST(Baseline, IsNotDrawnToABrightLineOverAThirdOfTheBand) {
  CalibratedSpectrum spectrum = lines({}, 0.5, 3);
  for (std::size_t i = 0; i < channels; ++i) {
    const bool in_line = i >= 100 && i < 270;
    spectrum.temperature_k[i] += 10.0F + 0.01F * static_cast<float>(i) + (in_line ? 60.0F : 0.0F);
  }
  const CalibratedSpectrum flat = without_baseline(spectrum, 1);
  double beside = 0.0;
  for (std::size_t i = 312; i < channels; ++i) beside += static_cast<double>(flat.temperature_k[i]) / 200.0;
  EXPECT_NEAR(beside, 0.0, 0.3);
  EXPECT_NEAR(flat.temperature_k[180], 60.0F, 2.5F);
}

/// Power of a sky with a line at rest, seen with the tuning moved up by `shift` channels, through a
/// receiver whose band has a slope of its own.
Spectrum tuned(double shift, double averages) {
  Spectrum spectrum = flat_spectrum(channels, 4.0e6, 0.0F, averages);
  spectrum.axis.first += spectrum.axis.step * shift;
  for (std::size_t i = 0; i < channels; ++i) {
    const double gain = 1.0 + 0.3 * std::sin(static_cast<double>(i) / 60.0);
    const double sky_k = 100.0 + line_at({10.0, 0.0, 20.0}, channel_velocity(spectrum.axis, i));
    spectrum.power[i] = static_cast<float>(gain * sky_k);
  }
  return spectrum;
}

TEST(FrequencySwitching, ShowsTheLineOnceAndTheReceiversBandNotAtAll) {
  for (const double shift : {100.0, -100.0, 80.5}) {
    const CalibratedSpectrum folded = frequency_switched(tuned(0.0, 1e6), tuned(shift, 1e6), 100.0);
    const FrequencyAxis axis = folded.axis;
    for (std::size_t i = 0; i < channels; ++i) {
      if (folded.weight[i] == 0.0F) continue;
      const double velocity = channel_velocity(axis, i);
      // Its negative images, half as strong, lie a shift away on either side.
      const double image_km_s = shift * sky::radio_velocity_km_s(hydrogen_line - axis.step, hydrogen_line);
      const auto image = [](double line_k) { return 50.0 * line_k / (100.0 + line_k); };
      const double images =
          image(line_at({10.0, image_km_s, 20.0}, velocity)) + image(line_at({10.0, -image_km_s, 20.0}, velocity));
      const double line = line_at({10.0, 0.0, 20.0}, velocity);
      EXPECT_NEAR(folded.temperature_k[i], line - images, 0.06) << i;
      if (images < 0.01) {
        EXPECT_NEAR(folded.temperature_k[i], line, 0.06) << i;
      }
    }
    const auto held = static_cast<double>(std::ranges::count(folded.weight, 1.0F));
    EXPECT_NEAR(held, channels - std::abs(shift), 1.0);
    EXPECT_EQ(folded.exposure, from_seconds(2.0));
  }
}

// Both ratios hold the noise of both spectra: that of one channel pair enters at two places, so that
// the mean of the two has the noise of one ratio over the root of two.
TEST(FrequencySwitching, StatesItsError) {
  double square = 0.0;
  double values = 0.0;
  for (unsigned seed = 0; seed < 10; ++seed) {
    std::mt19937 random(seed);
    Spectrum signal = flat_spectrum(channels, 4.0e6, 2.0F, 10000.0);
    Spectrum reference = signal;
    reference.axis.first += reference.axis.step * 64.0;
    add_radiometer_noise(signal, random);
    add_radiometer_noise(reference, random);
    const CalibratedSpectrum folded = frequency_switched(signal, reference, 100.0);
    for (std::size_t i = 0; i < channels; ++i) {
      if (folded.weight[i] == 0.0F) continue;
      square += std::pow(static_cast<double>(folded.temperature_k[i] / folded.sigma_k[i]), 2);
      values += 1.0;
    }
  }
  EXPECT_NEAR(std::sqrt(square / values), 1.0, 0.05);
}

TEST(FrequencySwitching, RefusesTuningsThatDoNotGoTogether) {
  EXPECT_THROW(frequency_switched(tuned(0.0, 1e6), tuned(300.0, 1e6)), Error);
  EXPECT_THROW(frequency_switched(tuned(0.0, 1e6), flat_spectrum(channels, 2.0e6, 1.0F, 1e6)), Error);
}

}  // namespace
}  // namespace astro
