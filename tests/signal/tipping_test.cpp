// SPDX-License-Identifier: BSD-3-Clause
#include "astro/signal/tipping.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "astro/error.hpp"

namespace astro {
namespace {

const std::vector<double> airmass{1.0, 1.15, 1.41, 2.0, 2.9, 3.9, 5.6};

/// T = Trec + Tatm (1 - exp(-tau A)) + Tcmb exp(-tau A).
double kelvin(double receiver, double opacity, double air) {
  return receiver + 270.0 * (1.0 - std::exp(-opacity * air)) + 2.73 * std::exp(-opacity * air);
}

std::vector<double> curve(double receiver, double opacity) {
  std::vector<double> values;
  for (const double each : airmass) values.push_back(kelvin(receiver, opacity, each));
  return values;
}

TEST(Tipping, GivesOpacityAndReceiver) {
  for (const double opacity : {0.0, 0.008, 0.1, 0.6}) {
    const std::vector<double> sigma(airmass.size(), 0.1);
    const TippingFit fit = fit_tipping(airmass, curve(90.0, opacity), sigma);
    EXPECT_NEAR(fit.zenith_opacity.value, opacity, 1e-7);
    EXPECT_NEAR(fit.receiver_k.value, 90.0, 1e-5);
    EXPECT_LT(fit.correlation, -0.5);  // more of the one is less of the other
    for (const double each : airmass) EXPECT_NEAR(fit.temperature_k(each), kelvin(90.0, opacity, each), 1e-5);
  }
}

TEST(Tipping, HasTheErrorsThatItStates) {
  for (const bool told : {true, false}) {
    double opacity = 0.0;
    double receiver = 0.0;
    constexpr unsigned seeds = 400;
    for (unsigned seed = 0; seed < seeds; ++seed) {
      std::mt19937 random(seed);
      std::normal_distribution<double> normal(0.0, 0.3);
      std::vector<double> air;
      std::vector<double> values;
      for (int i = 0; i < 30; ++i) {
        air.push_back(1.0 + 0.15 * i);
        values.push_back(kelvin(120.0, 0.03, air.back()) + normal(random));
      }
      const std::vector<double> sigma(told ? values.size() : 0, 0.3);
      const TippingFit fit = fit_tipping(air, values, sigma);
      opacity += std::pow((fit.zenith_opacity.value - 0.03) / fit.zenith_opacity.sigma, 2) / seeds;
      receiver += std::pow((fit.receiver_k.value - 120.0) / fit.receiver_k.sigma, 2) / seeds;
    }
    EXPECT_NEAR(opacity, 1.0, 0.25);
    EXPECT_NEAR(receiver, 1.0, 0.25);
  }
}

TEST(Tipping, TakesPowersThatALoadScales) {
  std::vector<double> power = curve(90.0, 0.05);
  for (double& each : power) each *= 3e-4;
  const std::vector<double> sigma(power.size(), 1e-6);
  const TippingLoad load{.power = 3e-4 * (90.0 + 290.0), .temperature_k = 290.0};
  const TippingFit fit = fit_tipping(airmass, power, sigma, load);
  EXPECT_NEAR(fit.zenith_opacity.value, 0.05, 1e-6);
  EXPECT_NEAR(fit.receiver_k.value, 90.0, 1e-3);
  EXPECT_THROW(fit_tipping(airmass, power, sigma, {.power = power.back(), .temperature_k = 290.0}), Error);
}

TEST(Tipping, KnowsAnotherAir) {
  std::vector<double> values;
  for (const double each : airmass)
    values.push_back(60.0 + 250.0 * (1.0 - std::exp(-0.02 * each)) + 8.0 * std::exp(-0.02 * each));
  const TippingFit fit = fit_tipping(airmass, values, {}, {.air_k = 250.0, .background_k = 8.0});
  EXPECT_NEAR(fit.zenith_opacity.value, 0.02, 1e-6);
  EXPECT_NEAR(fit.receiver_k.value, 60.0, 1e-4);
}

TEST(Tipping, IsRefusedWhereNothingCanBeTold) {
  const std::vector<double> values = curve(90.0, 0.01);
  EXPECT_THROW(fit_tipping(std::vector{1.0, 2.0}, std::vector{90.0, 93.0}), Error);
  EXPECT_THROW(fit_tipping(std::vector{1.0, 1.1, 1.2, 1.3}, std::vector{90.0, 90.1, 90.2, 90.3}), Error);
  EXPECT_THROW(fit_tipping(std::vector{1.0, 0.5, 2.0, 3.0}, std::vector{90.0, 90.1, 90.2, 90.3}), Error);
  EXPECT_THROW(fit_tipping(airmass, std::vector{90.0, 91.0, 92.0}), Error);
  EXPECT_THROW(fit_tipping(airmass, values, {}, {.air_k = 2.0}), Error);
}

}  // namespace
}  // namespace astro
