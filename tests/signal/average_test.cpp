// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "astro/error.hpp"
#include "astro/signal/spectrometer.hpp"
#include "signal/making.hpp"

namespace astro {
namespace {

using testing::first_light;
using testing::flat_spectrum;

TEST(Average, WeighsByExposure) {
  Spectrum one = flat_spectrum(4, 1e6, 1.0F, 100.0);
  Spectrum two = flat_spectrum(4, 1e6, 5.0F, 300.0);
  two.start += from_seconds(10.0);
  two.mid = two.start + from_seconds(1.5);
  two.exposure = two.duration = from_seconds(3.0);
  two.samples_lost = 7;
  const std::array spectra{one, two};
  const Spectrum mean = average(spectra);
  EXPECT_THAT(mean.power, ::testing::Each(4.0F));
  EXPECT_THAT(mean.weight, ::testing::Each(1.0F));
  EXPECT_EQ(mean.exposure, from_seconds(4.0));
  EXPECT_EQ(mean.start, first_light);
  EXPECT_EQ(mean.duration, from_seconds(13.0));
  EXPECT_EQ(mean.mid, first_light + from_seconds(0.25 * 0.5 + 0.75 * 11.5));
  EXPECT_DOUBLE_EQ(mean.effective_averages, 400.0);
  EXPECT_EQ(mean.samples, 2000000U);
  EXPECT_EQ(mean.samples_lost, 7U);
}

TEST(Average, LeavesOutChannelsWithoutWeight) {
  Spectrum one = flat_spectrum(3, 1e6, 1.0F, 100.0);
  Spectrum two = flat_spectrum(3, 1e6, 3.0F, 100.0);
  one.weight = {1.0F, 0.0F, 0.0F};
  one.power[1] = std::numeric_limits<float>::quiet_NaN();
  two.weight = {1.0F, 1.0F, 0.0F};
  const std::array spectra{one, two};
  const Spectrum mean = average(spectra);
  EXPECT_THAT(mean.power, ::testing::ElementsAre(2.0F, 3.0F, 2.0F));
  EXPECT_THAT(mean.weight, ::testing::ElementsAre(1.0F, 0.5F, 0.0F));
}

TEST(Average, TakesThePointingOfTheMiddle) {
  std::vector<Spectrum> spectra(5, flat_spectrum(3, 1e6, 1.0F, 100.0));
  for (std::size_t i = 0; i < spectra.size(); ++i) {
    spectra[i].start += from_seconds(static_cast<double>(i));
    spectra[i].mid += from_seconds(static_cast<double>(i));
    spectra[i].pointing.direction.ra = degrees(static_cast<double>(i));
    spectra[i].pointing.known = true;
  }
  EXPECT_EQ(average(spectra).pointing, spectra[2].pointing);
}

TEST(Average, KeepsTheLongestGapsInTheirOrder) {
  std::vector<Spectrum> spectra(2, flat_spectrum(3, 1e6, 1.0F, 100.0));
  for (int i = 0; i < 40; ++i) {  // the later, the longer; every other one in the other spectrum
    const Gap gap{first_light + from_seconds(i), from_seconds(1e-3 * (i + 1))};
    spectra[static_cast<std::size_t>(i % 2)].gaps.push_back(gap);
  }
  const std::vector<Gap> gaps = average(spectra).gaps;
  ASSERT_EQ(gaps.size(), 32U);
  for (std::size_t i = 0; i < gaps.size(); ++i) {
    EXPECT_EQ(gaps[i].start, first_light + from_seconds(static_cast<double>(i) + 8.0));
  }
}

TEST(Average, RefusesNothingAndDifferentAxes) {
  EXPECT_THROW(average({}), Error);
  const std::array different{flat_spectrum(4, 1e6, 1.0F, 1.0), flat_spectrum(4, 2e6, 1.0F, 1.0)};
  EXPECT_THROW(average(different), Error);
  std::array empty{flat_spectrum(4, 1e6, 1.0F, 1.0)};
  empty[0].exposure = Duration::zero();
  EXPECT_THROW(average(empty), Error);
}

}  // namespace
}  // namespace astro
