// SPDX-License-Identifier: BSD-3-Clause
#include "astro/signal/calibration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "astro/error.hpp"
#include "signal/making.hpp"

namespace astro {
namespace {

using testing::add_radiometer_noise;
using testing::flat_spectrum;

constexpr std::uint32_t channels = 512;
constexpr double band_hz = 7.0e6;
constexpr double averages = 20000.0;

/// A sky, a receiver and its gain that the calibration is to find again.
struct Truth {
  double hot_k = 300.0;
  double cold_k = 12.0;
  double peak_k = 40.0;

  double receiver_k(std::size_t i) const { return 100.0 + 20.0 * static_cast<double>(i) / channels; }
  double gain(std::size_t i) const { return 2.0 + std::sin(3.0 * static_cast<double>(i) / channels); }
  double line_k(std::size_t i) const {
    const double from_centre = (static_cast<double>(i) - 0.5 * channels) / 8.0;
    return peak_k * std::exp(-0.5 * from_centre * from_centre);
  }
  Spectrum spectrum(bool is_hot) const {
    Spectrum spectrum = flat_spectrum(channels, band_hz, 0.0F, averages);
    for (std::size_t i = 0; i < channels; ++i) {
      const double side_k = is_hot ? hot_k : cold_k + line_k(i);
      spectrum.power[i] = static_cast<float>(gain(i) * (side_k + receiver_k(i)));
    }
    return spectrum;
  }
  CalibrationOptions options() const { return {.hot_k = hot_k, .cold_k = cold_k}; }
};

// Without noise everything comes back to the rounding of a float.
TEST(Calibration, FindsSkyAndReceiverAgain) {
  const Truth truth;
  const Spectrum sky = truth.spectrum(false);
  const Calibration calibration = Calibration::from_hot(truth.spectrum(true), sky, truth.options());
  EXPECT_NEAR(calibration.receiver_k(), 110.0, 0.1);
  EXPECT_NEAR(calibration.tsys_k(), 122.0, 0.1);
  const CalibratedSpectrum result = calibration.apply(sky);
  for (std::size_t i = 0; i < channels; ++i) {
    EXPECT_NEAR(calibration.receiver_temperature_k()[i], truth.receiver_k(i), 0.01);
    EXPECT_NEAR(result.temperature_k[i], truth.cold_k + truth.line_k(i), 0.01);
  }
  EXPECT_EQ(result.axis, sky.axis);
  EXPECT_EQ(result.mid, sky.mid);
  EXPECT_EQ(result.samples, sky.samples);
  EXPECT_NEAR(result.tsys_k, 122.0, 0.1);
}

// The deviations from the truth, in units of the stated errors, must have a variance of 1. Errors of
// the receiver temperature are shared by all channels of one seed, so that 40 seeds are summed: the
// noise alone makes the mean square uncertain by 1.4 / sqrt(40 * 512) = 1 %.
TEST(Calibration, StatesItsErrors) {
  const Truth truth;
  double square = 0.0;
  double line_square = 0.0;
  double receiver_square = 0.0;
  constexpr int seeds = 40;
  for (unsigned seed = 0; seed < seeds; ++seed) {
    std::mt19937 random(seed);
    Spectrum hot = truth.spectrum(true);
    Spectrum cold = truth.spectrum(false);
    Spectrum sky = truth.spectrum(false);
    for (Spectrum* spectrum : {&hot, &cold, &sky}) add_radiometer_noise(*spectrum, random);
    const Calibration calibration = Calibration::from_hot_cold(hot, cold, truth.options());
    const CalibratedSpectrum result = calibration.apply(sky);
    for (std::size_t i = 0; i < channels; ++i) {
      const double off = result.temperature_k[i] - truth.cold_k - truth.line_k(i);
      square += off * off / std::pow(result.sigma_k[i], 2) / channels;
      if (i == channels / 2) line_square += off * off / std::pow(result.sigma_k[i], 2);
    }
    receiver_square += std::pow(calibration.receiver_k() - 110.0, 2);
  }
  EXPECT_NEAR(square / seeds, 1.0, 0.06);
  EXPECT_NEAR(line_square / seeds, 1.0, 5.0 * 1.4 / std::sqrt(seeds));
  // One channel's receiver temperature is uncertain by 1.6 K here, the fit over some 300 by 0.1 K.
  EXPECT_LT(std::sqrt(receiver_square / seeds), 0.2);
}

TEST(Calibration, IsNotMisledByInterferenceBesideTheLine) {
  const Truth truth;
  std::mt19937 random(7);
  Spectrum hot = truth.spectrum(true);
  Spectrum sky = truth.spectrum(false);
  add_radiometer_noise(hot, random);
  add_radiometer_noise(sky, random);
  const double clean = Calibration::from_hot(hot, sky, truth.options()).receiver_k();
  for (const std::size_t channel : {30U, 31U, 90U, 400U, 480U}) sky.power[channel] *= 1.8F;
  EXPECT_NEAR(Calibration::from_hot(hot, sky, truth.options()).receiver_k(), clean, 0.3);
}

TEST(Calibration, LeavesTheLineOutAlsoInANarrowBand) {
  Truth truth;
  const auto narrow = [&](bool is_hot) {
    Spectrum spectrum = truth.spectrum(is_hot);  // 2 MHz: 211 km/s to either side, less than the window
    spectrum.axis = flat_spectrum(channels, 2.0e6, 0.0F, 1.0).axis;
    return spectrum;
  };
  EXPECT_NEAR(Calibration::from_hot(narrow(true), narrow(false), truth.options()).receiver_k(), 110.0, 0.1);
}

TEST(Calibration, GivesNoWeightWhereTheFilterLetsNothingThrough) {
  const Truth truth;
  Spectrum hot = truth.spectrum(true);
  Spectrum sky = truth.spectrum(false);
  for (std::size_t i = 0; i < 20; ++i) hot.power[i] *= 0.01F;
  hot.power[25] = 0.0F;
  sky.weight[40] = 0.25F;
  const CalibratedSpectrum result = Calibration::from_hot(hot, sky, truth.options()).apply(sky);
  EXPECT_EQ(result.weight[0], 0.0F);
  EXPECT_EQ(result.weight[20], 1.0F);
  EXPECT_EQ(result.weight[25], 0.0F);
  EXPECT_TRUE(std::isnan(result.temperature_k[25]));
  EXPECT_EQ(result.weight[40], 0.25F);
  EXPECT_GT(result.sigma_k[40], 1.3F * result.sigma_k[41]);
}

TEST(Calibration, RefusesWhatCannotBe) {
  const Truth truth;
  const Spectrum hot = truth.spectrum(true);
  const Spectrum sky = truth.spectrum(false);
  EXPECT_THROW(Calibration::from_hot(sky, hot, truth.options()), Error);
  EXPECT_THROW(Calibration::from_hot(hot, sky, {.hot_k = 10.0, .cold_k = 10.0}), Error);
  EXPECT_THROW(Calibration::from_hot(hot, sky, {.hot_k = NAN}), Error);
  EXPECT_THROW(Calibration::from_hot(hot, sky, {.receiver_order = 11}), Error);
  Spectrum other = sky;
  other.axis.first += hertz(1);
  EXPECT_THROW(Calibration::from_hot(hot, other, truth.options()), Error);
  EXPECT_THROW(Calibration::from_hot(hot, sky, truth.options()).apply(other), Error);
  Spectrum unknown = sky;
  unknown.effective_averages = 0.0;
  EXPECT_THROW(Calibration::from_hot(hot, unknown, truth.options()), Error);
  Spectrum flagged = sky;
  flagged.weight.assign(channels, 0.0F);
  EXPECT_THROW(Calibration::from_hot(hot, flagged, truth.options()), Error);
}

TEST(Switched, IsTheExcessOverTheReference) {
  Spectrum on = flat_spectrum(100, 1e6, 2.0F, 1000.0);
  Spectrum off = flat_spectrum(100, 1e6, 2.0F, 1000.0);
  on.power[50] = 2.2F;
  const CalibratedSpectrum result = switched(on, off, 150.0);
  EXPECT_NEAR(result.temperature_k[50], 15.0, 1e-4);
  EXPECT_NEAR(result.temperature_k[10], 0.0, 1e-4);
  EXPECT_NEAR(result.sigma_k[10], 150.0 * std::sqrt(2.0 / 1000.0), 1e-4);
  EXPECT_EQ(result.tsys_k, 150.0);
}

TEST(Switched, TakesOutAChangeOfGainUnlessItIsTold) {
  Spectrum on = flat_spectrum(100, 1e6, 1.8F, 1000.0);
  const Spectrum off = flat_spectrum(100, 1e6, 2.0F, 1000.0);
  on.power[50] = 1.89F;
  EXPECT_NEAR(switched(on, off).temperature_k[50], 0.05, 1e-6);
  EXPECT_NEAR(switched(on, off, 1.0, false).temperature_k[50], -0.055, 1e-6);
}

TEST(Switched, RefusesWhatCannotBe) {
  const Spectrum on = flat_spectrum(100, 1e6, 1.8F, 1000.0);
  EXPECT_THROW(switched(on, on, 0.0), Error);
  EXPECT_THROW(switched(on, flat_spectrum(50, 1e6, 1.0F, 10.0)), Error);
}

}  // namespace
}  // namespace astro
