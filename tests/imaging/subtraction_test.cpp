// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/subtraction.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "astro/error.hpp"
#include "simulated_pair.hpp"

namespace astro::imaging {
namespace {

using testing::deviation;
using testing::Injected;
using testing::random_stars;
using testing::SimulatedPair;

const SubtractionOptions exact{
    .flux_ratio = SimulatedPair::flux_ratio, .astrometric_noise = 0.0, .align = false, .background_cell = 0};

Subtraction subtracted(const SimulatedPair& pair, const SubtractionOptions& options) {
  return subtract(pair.science, pair.science_psf, pair.reference, pair.reference_psf, options);
}

void expect_refused(const SimulatedPair& pair, const SubtractionOptions& options, const std::string& because) {
  try {
    subtracted(pair, options);
    ADD_FAILURE() << "it was taken, though " << because;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_NE(std::string(error.what()).find(because), std::string::npos) << error.what();
  }
}

TEST(Subtraction, OfNoiseHasUnitVariance) {
  const SimulatedPair pair(512, {}, {}, 1);
  const Subtraction made = subtracted(pair, exact);
  // 262,144 pixels with some 20 in common: the standard deviation is known to 0.6 %.
  EXPECT_NEAR(deviation(made.significance, made.difference.mask), 1.0, 0.02);
  EXPECT_NEAR(made.match.significance_std, 1.0, 0.02);
}

TEST(Subtraction, GivesTheFluxOfWhatChanged) {
  const std::vector<Injected> changed{{100.0, 100.0, 3000.0}, {300.0, 200.0, -2000.0}, {401.0, 350.0, 10000.0}};
  const SimulatedPair pair(512, random_stars(60, 512, 7), changed, 2);
  const Subtraction made = subtracted(pair, exact);
  for (const Injected& source : changed) {
    const auto row = static_cast<std::size_t>(source.y);
    const auto column = static_cast<std::size_t>(source.x);
    EXPECT_NEAR(made.flux(row, column), source.flux, 4.0 * made.flux_error(row, column) + 0.01 * std::abs(source.flux));
    EXPECT_EQ(made.significance(row, column) > 0.0F, source.flux > 0.0);
  }
}

TEST(Subtraction, MeasuresFluxRatioAndShift) {
  const SimulatedPair pair(512, random_stars(150, 512, 3, 5.3), {}, 4, 0.3);
  const Subtraction made = subtracted(pair, {});
  EXPECT_NEAR(made.match.flux_ratio, SimulatedPair::flux_ratio, 0.003);
  EXPECT_NEAR(made.match.shift_x, 0.3, 0.02);
  EXPECT_NEAR(made.match.shift_y, 0.0, 0.02);
  EXPECT_LT(made.match.astrometric_x, 0.04);
  EXPECT_GE(made.match.stars, 40U);
  EXPECT_NEAR(made.match.significance_std, 1.0, 0.03);
}

TEST(Subtraction, KeepsMissingPixelsToThemselves) {
  SimulatedPair pair(256, {}, {}, 5);
  const Subtraction whole = subtracted(pair, exact);
  pair.science.pixels(100, 120) = std::numeric_limits<float>::quiet_NaN();
  pair.reference.mask(60, 60) = bit(Flag::bad);
  pair.science.pixels(180, 180) = 1e9F;
  pair.science.mask(180, 180) = bit(Flag::cosmic_ray);
  const Subtraction made = subtracted(pair, exact);
  for (const auto& [row, column] : {std::pair{100, 120}, {60, 60}, {180, 180}}) {
    const auto y = static_cast<std::size_t>(row);
    const auto x = static_cast<std::size_t>(column);
    EXPECT_NE(made.difference.mask(y, x) & bit(Flag::no_data), 0);
    EXPECT_EQ(made.difference.pixels(y, x), 0.0F);
    EXPECT_EQ(made.difference.variance(y, x), 0.0F);
    EXPECT_EQ(made.significance(y, x), 0.0F);
  }
  double furthest = 0.0;
  for (std::size_t y = 0; y < 256; ++y) {
    for (std::size_t x = 0; x < 256; ++x) {
      ASSERT_TRUE(std::isfinite(made.difference.pixels(y, x)) && std::isfinite(made.flux(y, x)) &&
                  std::isfinite(made.significance(y, x)));
      const double v = static_cast<double>(y);
      const double u = static_cast<double>(x);
      const double away = std::min(
          {std::hypot(v - 100.0, u - 120.0), std::hypot(v - 60.0, u - 60.0), std::hypot(v - 180.0, u - 180.0)});
      if (away > 10.0)
        furthest = std::max(furthest, std::abs(double{made.significance(y, x)} - whole.significance(y, x)));
    }
  }
  EXPECT_LT(furthest, 0.1);
}

TEST(Subtraction, FillsSaturatedStarsSoThatNothingRings) {
  const std::vector<Injected> bright{{128.3, 127.8, 2e6}};
  SimulatedPair pair(256, bright, {}, 6);
  pair.science.saturation = 4e4;
  pair.reference.saturation = 4e4;
  const Subtraction made = subtracted(pair, exact);
  EXPECT_NE(made.difference.mask(128, 128) & bit(Flag::saturated), 0);
  float highest = 0.0F;
  for (const float value : made.significance.values()) highest = std::max(highest, std::abs(value));
  EXPECT_LT(highest, 6.0F);
}

TEST(Subtraction, IsTheSameInTilesAndThreads) {
  const SimulatedPair pair(400, random_stars(80, 400, 8), {{200.0, 150.0, 4000.0}}, 9);
  const Subtraction whole = subtracted(pair, exact);
  SubtractionOptions parts = exact;
  parts.tile = 150;
  parts.threads = 2;
  const Subtraction tiled = subtracted(pair, parts);
  EXPECT_EQ(whole.difference.mask, tiled.difference.mask);
  double furthest = 0.0;
  for (std::size_t i = 0; i < whole.significance.size(); ++i) {
    furthest = std::max(furthest, std::abs(double{whole.significance.data()[i]} - tiled.significance.data()[i]));
  }
  EXPECT_LT(furthest, 0.05);  // what wings beyond the margin bring
}

TEST(Subtraction, MakesTheNoiseThatIsMissing) {
  SimulatedPair pair(256, {}, {}, 10);
  pair.science.variance = {};
  pair.reference.variance = {};
  SubtractionOptions options = exact;
  options.background_cell = 64;
  const Subtraction made = subtracted(pair, options);
  EXPECT_NEAR(made.match.science_noise, std::sqrt(200.0), 0.2);
  EXPECT_NEAR(made.match.reference_noise, std::sqrt(40.0), 0.1);
  EXPECT_NEAR(made.match.significance_std, 1.0, 0.04);
}

TEST(Subtraction, RefusesWhatCannotBe) {
  SimulatedPair pair(128, {}, {}, 11);
  expect_refused(pair, {}, "cannot be measured from 0 stars");
  expect_refused(pair, {.flux_ratio = -1.0}, "flux ratio must be positive");
  expect_refused(pair, {.flux_ratio = 1.0, .correlated = 9}, "correlated");
  expect_refused(pair, {.flux_ratio = 1.0, .tile = 8}, "tile");
  expect_refused(pair, {.flux_ratio = 1.0, .threads = 0}, "thread");
  SimulatedPair other = pair;
  other.reference = SimulatedPair::empty(64, 40.0F);
  expect_refused(other, exact, "the reference 64 rows");
  other = pair;
  other.science.mask = Plane<std::uint16_t>(2, 2);
  expect_refused(other, exact, "mask");
  other = pair;
  std::fill(other.science.pixels.values().begin(), other.science.pixels.values().end(),
            std::numeric_limits<float>::quiet_NaN());
  expect_refused(other, exact, "hardly a pixel");
  other = pair;
  other.science_psf = Psf(testing::moffat(201, 3.0, 3.0));
  expect_refused(other, exact, "larger than the images");
}

}  // namespace
}  // namespace astro::imaging
