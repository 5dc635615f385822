// SPDX-License-Identifier: BSD-3-Clause
#include "astro/signal/continuum.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <random>

#include "astro/error.hpp"
#include "astro/signal/allan.hpp"
#include "astro/signal/calibration.hpp"
#include "astro/signal/interference.hpp"
#include "signal/making.hpp"

namespace astro {
namespace {

using testing::add_radiometer_noise;
using testing::flat_spectrum;

// Deviations over stated errors have a variance of 1; 400 spectra know it to 7 %.
TEST(TotalPower, IsTheMeanOfTheBandWithItsError) {
  double square = 0.0;
  constexpr unsigned seeds = 400;
  for (unsigned seed = 0; seed < seeds; ++seed) {
    std::mt19937 random(seed);
    Spectrum spectrum = flat_spectrum(200, 1e6, 3.0F, 500.0);
    for (std::size_t i = 0; i < 60; ++i) spectrum.weight[40 + i] = 0.0F;
    add_radiometer_noise(spectrum, random);
    spectrum.power[50] = 1e6F;  // without weight: nobody looks
    spectrum.power[0] = 1e6F;   // at the edge
    const Measured power = total_power(spectrum);
    EXPECT_NEAR(power.sigma, 3.0 / std::sqrt(500.0 * 120.0), 5e-4);
    square += std::pow((power.value - 3.0) / power.sigma, 2) / seeds;
  }
  EXPECT_NEAR(square, 1.0, 0.25);
  EXPECT_THROW(total_power(Spectrum{}), Error);
  EXPECT_THROW(total_power(flat_spectrum(200, 1e6, 3.0F, 1.0), 0.5), Error);
}

TEST(Continuum, IsThatOfWhatIsNotLine) {
  CalibratedSpectrum spectrum = testing::noise_temperatures(400, 4e6, 12.0, 0.5, 1);
  for (std::size_t i = 181; i < 220; ++i) spectrum.temperature_k[i] += 30.0F;
  const Measured continuum = continuum_k(spectrum);
  EXPECT_NEAR(continuum.value, 12.0, 4.0 * continuum.sigma);
  EXPECT_NEAR(continuum.sigma, 0.5 / std::sqrt(320.0), 0.002);
}

// A 1 m^2 effective area: 1e-26 / (2 * 1.380649e-23) = 3.6215e-4 K/Jy (2761 Jy/K: Tools of Radio Astronomy).
TEST(Aperture, TurnsKelvinsIntoJanskys) {
  const Aperture unit{.diameter_m = 2.0 / std::sqrt(std::numbers::pi), .efficiency = {1.0, 0.0}};
  EXPECT_NEAR(1.0 / unit.kelvin_per_jansky().value, 2761.3, 0.1);
  const Aperture dish{.diameter_m = 2.3, .efficiency = {0.55, 0.05}};
  const Measured flux = flux_jy({10.0, 0.2}, dish);
  EXPECT_NEAR(flux.value, 10.0 * 2761.3 / (0.55 * 0.25 * std::numbers::pi * 2.3 * 2.3), 10.0);
  EXPECT_NEAR(flux.sigma / flux.value, std::hypot(0.02, 0.05 / 0.55), 1e-6);
  const Measured back = aperture_efficiency({10.0, 0.2}, {flux.value, 0.03 * flux.value}, 2.3);
  EXPECT_NEAR(back.value, 0.55, 1e-9);
  EXPECT_NEAR(back.sigma, 0.55 * std::hypot(0.02, 0.03), 1e-9);
  EXPECT_THROW(Aperture{}.kelvin_per_jansky(), Error);
  EXPECT_THROW(aperture_efficiency({10.0, 0.2}, {0.0, 0.0}, 2.3), Error);
}

TEST(Aperture, TurnsAWholeSpectrum) {
  CalibratedSpectrum spectrum;
  spectrum.temperature_k = {1.0F, 2.0F};
  spectrum.sigma_k = {0.1F, 0.1F};
  spectrum.weight = {1.0F, 0.5F};
  const Aperture dish{.diameter_m = 2.3, .efficiency = {0.55, 0.05}};
  const FluxSpectrum flux = flux_spectrum(spectrum, dish);
  EXPECT_FLOAT_EQ(flux.flux_jy[1], static_cast<float>(flux_jy({2.0, 0.1}, dish).value));
  EXPECT_NEAR(flux.sigma_jy[1], flux_jy({2.0, 0.1}, dish).sigma, 1e-2);
  EXPECT_EQ(flux.weight, spectrum.weight);
}

// Tsys of 30 K without the diode of 2 K: 31 K as the mean of both phases.
TEST(NoiseDiode, TellsTheSystemTemperature) {
  Spectrum off = flat_spectrum(1000, 1e6, 30.0F, 1e5);
  Spectrum on = flat_spectrum(1000, 1e6, 32.0F, 1e5);
  const Measured exact = noise_diode_tsys_k(on, off, {2.0, 0.0});
  EXPECT_NEAR(exact.value, 31.0, 1e-5);
  EXPECT_NEAR(noise_diode_tsys_k(on, off, {2.0, 0.1}).sigma, std::hypot(31.0 * 0.05, exact.sigma), 1e-6);
  double square = 0.0;
  constexpr unsigned seeds = 300;
  for (unsigned seed = 0; seed < seeds; ++seed) {
    std::mt19937 random(seed);
    Spectrum noisy_on = on;
    Spectrum noisy_off = off;
    add_radiometer_noise(noisy_on, random);
    add_radiometer_noise(noisy_off, random);
    const Measured tsys = noise_diode_tsys_k(noisy_on, noisy_off, {2.0, 0.0});
    square += std::pow((tsys.value - 31.0) / tsys.sigma, 2) / seeds;
  }
  EXPECT_NEAR(square, 1.0, 0.3);
  EXPECT_THROW(noise_diode_tsys_k(off, on, {2.0, 0.0}), Error);
}

TEST(NoiseDiode, CalibratesToKelvin) {
  const Spectrum off = flat_spectrum(1000, 4e6, 50.0F, 1e6);  // receiver 40 K and sky 10 K
  const Spectrum on = flat_spectrum(1000, 4e6, 55.0F, 1e6);
  const Calibration calibration = Calibration::from_noise_diode(on, off, {5.0, 0.0}, {.cold_k = 10.0});
  EXPECT_NEAR(calibration.receiver_k(), 40.0, 1e-3);
  const Spectrum source = flat_spectrum(1000, 4e6, 70.0F, 1e6);
  EXPECT_NEAR(calibration.apply(source).temperature_k[500], 30.0, 1e-3);
  // A diode known to 2 % makes what exceeds the cold sky, 20 K, uncertain by 2 %.
  const Calibration uncertain = Calibration::from_noise_diode(on, off, {5.0, 0.1}, {.cold_k = 10.0});
  const double noise = static_cast<double>(calibration.apply(source).sigma_k[500]);
  EXPECT_NEAR(uncertain.apply(source).sigma_k[500], std::hypot(noise, 0.4), 1e-3);
  EXPECT_NEAR(uncertain.apply(off).sigma_k[500], calibration.apply(off).sigma_k[500], 1e-6);
}

TEST(NoiseDiode, KeepsALineThatIsInTheSkyMeanwhile) {
  Spectrum off = flat_spectrum(1000, 4e6, 50.0F, 1e8);
  Spectrum on = flat_spectrum(1000, 4e6, 150.0F, 1e8);
  for (std::size_t i = 490; i < 510; ++i) off.power[i] += 30.0F, on.power[i] += 30.0F;
  const Calibration calibration = Calibration::from_noise_diode(on, off, {100.0, 0.0}, {.cold_k = 10.0});
  EXPECT_NEAR(calibration.apply(off).temperature_k[500], 40.0, 1e-2);
  EXPECT_NEAR(calibration.apply(off).temperature_k[400], 10.0, 1e-2);
}

TEST(HotAndCold, CarryTheErrorsOfTheirTemperatures) {
  const Spectrum hot = flat_spectrum(1000, 4e6, 395.0F, 1e8);
  const Spectrum cold = flat_spectrum(1000, 4e6, 110.0F, 1e8);
  const CalibrationOptions known{.hot_k = 295.0, .cold_k = 10.0, .sigma_hot_k = 3.0, .sigma_cold_k = 2.0};
  const Calibration calibration = Calibration::from_hot_cold(hot, cold, known);
  EXPECT_NEAR(calibration.apply(hot).sigma_k[500], 3.0, 0.1);
  EXPECT_NEAR(calibration.apply(cold).sigma_k[500], 2.0, 0.1);
  CalibrationOptions wrong = known;
  wrong.sigma_hot_k = -1.0;
  EXPECT_THROW(Calibration::from_hot_cold(hot, cold, wrong), Error);
}

TEST(Interference, LosesItsWeightAndTheLineKeepsIt) {
  std::mt19937 random(5);
  Spectrum spectrum = flat_spectrum(1024, 4e6, 2.0F, 1000.0);
  for (std::size_t i = 0; i < 1024; ++i) {
    const double x = (static_cast<double>(i) - 600.0) / 40.0;  // a broad line
    spectrum.power[i] *= static_cast<float>(1.0 + 0.3 * std::exp(-0.5 * x * x));
  }
  add_radiometer_noise(spectrum, random);
  for (const std::size_t carrier : {100U, 333U, 600U}) spectrum.power[carrier] *= 2.0F;
  const Spectrum clean = without_interference(spectrum);
  for (const std::size_t carrier : {99U, 100U, 101U, 333U, 600U}) EXPECT_EQ(clean.weight[carrier], 0.0F);
  EXPECT_GT(std::ranges::count(clean.weight, 1.0F), 1024 - 9 - 3);
  EXPECT_EQ(clean.power, spectrum.power);
  EXPECT_THROW(without_interference(spectrum, {.width = 30}), Error);
  EXPECT_THROW(without_interference(spectrum, {.width = 1025}), Error);
}

TEST(Interference, ThatIsKnownIsMasked) {
  const Spectrum spectrum = flat_spectrum(100, 1e6, 1.0F, 1.0);
  const std::array ranges{FrequencyRange{spectrum.axis.at(10), spectrum.axis.at(12)},
                          FrequencyRange{spectrum.axis.at(98.5), spectrum.axis.at(200)}};
  const Spectrum clean = masked(spectrum, ranges);
  EXPECT_EQ(std::ranges::count(clean.weight, 0.0F), 4);
  EXPECT_EQ(clean.weight[11], 0.0F);
  EXPECT_EQ(clean.weight[98], 1.0F);
  EXPECT_EQ(clean.weight[99], 0.0F);
}

// White noise: variance sigma^2 / n, whatever the estimator. 65536 values.
TEST(AllanVariance, OfNoiseFallsWithTime) {
  const auto points = allan_variance(testing::normal_numbers(65536, 10.0, 0.1, 6), 0.5);
  EXPECT_EQ(points.size(), 15U);
  for (const AllanPoint& point : points) {
    const double expected = 1e-4 / (point.time_s / 0.5);
    EXPECT_NEAR(point.variance, expected, 4.0 * point.sigma) << point.time_s;
  }
  EXPECT_EQ(points[3].time_s, 4.0);
  EXPECT_GT(allan_time_s(points), 1000.0);
}

// A drift d per value adds d^2 n^2 / 2 to sigma^2 / n: smallest at n = (sigma / d)^(2/3) = 100.
TEST(AllanVariance, RisesAgainWhereTheReceiverDrifts) {
  std::vector<double> power = testing::normal_numbers(16384, 1000.0, 0.1, 7);
  for (std::size_t i = 0; i < power.size(); ++i) power[i] += 1e-4 * static_cast<double>(i);
  const double time = allan_time_s(allan_variance(power, 1.0));
  EXPECT_GE(time, 64.0);
  EXPECT_LE(time, 128.0);
  EXPECT_THROW(allan_variance(std::vector<double>(5, 1.0), 1.0), Error);
  EXPECT_THROW(allan_variance(std::vector<double>(10, 0.0), 1.0), Error);
  EXPECT_THROW(allan_time_s({}), Error);
}

}  // namespace
}  // namespace astro
