// SPDX-License-Identifier: BSD-3-Clause
#include "astro/signal/time_domain.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "astro/error.hpp"
#include "signal/making.hpp"

namespace astro {
namespace {

/// A pulse of one row at each period, delayed over the band, in noise of variance 1.
DynamicSpectrum pulsar(double dispersion_measure, double period_s, double height, std::size_t rows) {
  DynamicSpectrum spectrum;
  spectrum.axis = {megahertz(400), megahertz(1), 64};
  spectrum.interval_s = 1e-3;
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  for (std::size_t i = 0; i < rows * 64; ++i) spectrum.power.push_back(normal(random));
  for (std::uint32_t channel = 0; channel < 64; ++channel) {
    // By the handbook's other form: 4.15 ms DM (f / GHz)^-2, to the digits of the constant.
    const double low_ghz = 0.400 + 0.001 * channel;
    const double delay = 4.148808e-3 * dispersion_measure * (1.0 / (low_ghz * low_ghz) - 1.0 / (0.463 * 0.463));
    for (double time = 0.01; time < 1e-3 * static_cast<double>(rows); time += period_s) {
      const auto row = static_cast<std::size_t>(std::llround((time + delay) / 1e-3));
      if (row < rows) spectrum.power[row * 64 + channel] += static_cast<float>(height);
    }
  }
  return spectrum;
}

// 1 pc/cm^3 from 1.4 GHz to infinity takes 2.12 ms (Lorimer and Kramer, equation 4.7: 4.15 ms / 1.4^2).
TEST(Dispersion, DelaysAsTheHandbookSays) {
  EXPECT_NEAR(dispersion_delay_s(1.0, megahertz(1400), megahertz(1e9)), 2.1167e-3, 1e-6);
  EXPECT_NEAR(dispersion_delay_s(26.8, megahertz(400), megahertz(400)), 0.0, 1e-15);
  EXPECT_LT(dispersion_delay_s(1.0, megahertz(500), megahertz(400)), 0.0);
  EXPECT_THROW(dispersion_delay_s(1.0, megahertz(0), megahertz(400)), Error);
}

TEST(Dedispersion, GathersAPulseOfTheWholeBand) {
  const DynamicSpectrum spectrum = pulsar(26.8, 10.0, 5.0, 2000);
  const TimeSeries right = dedispersed(spectrum, 26.8);
  const auto top = std::max_element(right.values.begin(), right.values.end()) - right.values.begin();
  EXPECT_EQ(top, 10);
  EXPECT_NEAR(right.values[10], 5.0, 0.5);  // the mean of 64 channels, noise 1/8
  const TimeSeries wrong = dedispersed(spectrum, 0.0);
  EXPECT_LT(*std::max_element(wrong.values.begin(), wrong.values.end()), 1.0F);
  // The lowest channel comes latest: 4.148808e3 26.8 (1/400^2 - 1/463^2) s = 176 ms.
  EXPECT_EQ(right.values.size(), 2000U - 176U);
  EXPECT_EQ(wrong.values.size(), 2000U);
}

TEST(Dedispersion, LeavesChannelsOutThatAreNotFinite) {
  DynamicSpectrum spectrum = pulsar(26.8, 10.0, 5.0, 2000);
  spectrum.power[700 * 64 + 12] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_NEAR(dedispersed(spectrum, 26.8).values[10], 5.0, 0.5);
  spectrum.power.pop_back();
  EXPECT_THROW(dedispersed(spectrum, 26.8), Error);
  EXPECT_THROW(dedispersed(pulsar(1.0, 10.0, 5.0, 100), 26.8), Error);
}

TEST(Folding, FindsThePulseInItsBin) {
  TimeSeries series{.interval_s = 1e-3};
  std::mt19937 random(2);
  std::normal_distribution<float> normal(100.0F, 1.0F);
  constexpr double period = 0.0337;
  for (int i = 0; i < 60000; ++i) {
    const double turns = i * 1e-3 / period;
    series.values.push_back(normal(random) + (turns - std::floor(turns) < 0.1 ? 0.5F : 0.0F));
  }
  const Profile profile = folded(series, period, 10);
  ASSERT_EQ(profile.mean.size(), 10U);
  EXPECT_NEAR(profile.mean[0], 100.5, 4.0 * profile.sigma[0]);
  for (std::size_t bin = 1; bin < 10; ++bin) {
    EXPECT_NEAR(profile.mean[bin], 100.0, 4.5 * profile.sigma[bin]);
    EXPECT_NEAR(profile.sigma[bin], 1.0 / std::sqrt(6000.0), 0.001);
  }
  EXPECT_EQ(std::accumulate(profile.count.begin(), profile.count.end(), std::uint64_t{0}), 60000U);
}

// A period that grows by 1e-6 s a second smears over 0.9 turns within 60 s, unless it is followed.
TEST(Folding, FollowsAPeriodThatChanges) {
  TimeSeries series{.interval_s = 1e-3};
  constexpr double period = 0.05;
  constexpr double rate = 1e-6;
  for (int i = 0; i < 60000; ++i) {
    const double time = i * 1e-3;
    const double turns = time / period - 0.5 * rate * time * time / (period * period);
    series.values.push_back(turns - std::floor(turns) < 0.25 ? 1.0F : 0.0F);
  }
  const Profile followed = folded(series, period, 4, rate);
  EXPECT_NEAR(followed.mean[0], 1.0, 0.02);
  EXPECT_NEAR(followed.mean[2], 0.0, 0.02);
  EXPECT_LT(folded(series, period, 4).mean[0], 0.9);
  EXPECT_THROW(folded(series, 1.5e-3, 4), Error);
  EXPECT_THROW(folded(series, period, 1), Error);
}

TEST(PeriodSearch, FindsWeakPulsesByTheirHarmonics) {
  TimeSeries series{.interval_s = 1e-3};
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  constexpr double period = 0.714520;  // PSR B0329+54
  for (int i = 0; i < 120000; ++i) {
    const double turns = i * 1e-3 / period;
    series.values.push_back(normal(random) + (turns - std::floor(turns) < 0.03 ? 0.8F : 0.0F));
  }
  const auto found = search_periods(series, {.shortest_s = 0.01});
  ASSERT_FALSE(found.empty());
  EXPECT_NEAR(found[0].period_s, period, 2.0 * found[0].sigma_period_s);
  EXPECT_LT(found[0].sigma_period_s, 0.001);
  EXPECT_GE(found[0].harmonics, 8);
  EXPECT_GT(found[0].sigma, 8.0);
  EXPECT_EQ(found.size(), 1U);  // its multiples and submultiples go with it
}

TEST(PeriodSearch, FindsNothingInNoise) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    TimeSeries series{.interval_s = 1e-3, .values = std::vector<float>(16384)};
    for (float& value : series.values) value = normal(random);
    EXPECT_TRUE(search_periods(series).empty()) << seed;
  }
}

TEST(PeriodSearch, RefusesWhatTellsNothing) {
  EXPECT_THROW(search_periods({.interval_s = 1.0, .values = std::vector<float>(63)}), Error);
  EXPECT_THROW(search_periods({.interval_s = 0.0, .values = std::vector<float>(64)}), Error);
  EXPECT_THROW(search_periods({.interval_s = 1.0, .values = std::vector<float>(64, std::nanf(""))}), Error);
  EXPECT_THROW(search_periods({.interval_s = 1.0, .values = std::vector<float>(64)}, {.most_harmonics = 17}), Error);
}

}  // namespace
}  // namespace astro
