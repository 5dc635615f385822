// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/resampling.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "astro/error.hpp"
#include "imaging/simulated_stars.hpp"
#include "testing/testing.hpp"

namespace astro::imaging {
namespace {

using ::testing::HasSubstr;

std::string refusal_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    return error.what();
  }
  ADD_FAILURE() << "was not refused";
  return {};
}

Transform turned_about_middle(double angle, double scale, double dx, double dy, double side) {
  const double c = scale * std::cos(angle);
  const double s = scale * std::sin(angle);
  const double m = side / 2;
  return {m + dx - c * m + s * m, c, -s, m + dy - s * m - c * m, s, c};
}

TEST(Resampling, KeepsPlacesAndFluxesOfStars) {
  Random random(testing::first_seed());
  const double side = 300.0;
  const Transform to = turned_about_middle(0.3, 1.1, 3.3, -2.6, side);
  const std::vector<Star> stars{{{120.2, 140.7}, 5e5}, {{170.6, 110.1}, 3e5}, {{140.4, 190.3}, 4e5}};
  Image image = image_of(stars, 300, 300, 3.2, 0.0, 0.0, random);
  for (float& pixel : image.pixels.values()) pixel = 0.0F;
  for (const Star& star : stars) {  // without noise
    for (std::size_t row = 0; row < 300; ++row) {
      for (std::size_t column = 0; column < 300; ++column) {
        image.pixels(row, column) +=
            static_cast<float>(star.flux * moffat_pixel(static_cast<double>(column) - star.place.x,
                                                        static_cast<double>(row) - star.place.y, 3.2));
      }
    }
  }
  for (const Kernel kernel : {Kernel::lanczos3, Kernel::bilinear}) {
    const Resampled result = resample(image, to, 320, 320, {.kernel = kernel});
    for (const Star& star : stars) {
      const PixelPosition there = to(star.place);
      double sum = 0.0;
      double x = 0.0;
      double y = 0.0;
      for (std::size_t row = 0; row < 320; ++row) {
        for (std::size_t column = 0; column < 320; ++column) {
          const double dx = static_cast<double>(column) - there.x;
          const double dy = static_cast<double>(row) - there.y;
          if (dx * dx + dy * dy > 13.0 * 13.0) continue;
          sum += result.image.pixels(row, column);
          x += dx * result.image.pixels(row, column);
          y += dy * result.image.pixels(row, column);
        }
      }
      EXPECT_NEAR(x / sum, 0.0, 0.01);
      EXPECT_NEAR(y / sum, 0.0, 0.01);
      EXPECT_NEAR(sum / star.flux, 0.985, 0.012);  // of a Moffat profile, 1.3 % lie outside
    }
  }
}

TEST(Resampling, KeepsAFlatSkyFlatAndCountsTheAreaOfPixels) {
  Image image;
  image.pixels = Plane<float>(100, 100, 7.0F);
  const Transform to = turned_about_middle(0.5, 2.0, 0.0, 0.0, 100.0);
  const Resampled counts = resample(image, to, 100, 100);
  const Resampled brightness = resample(image, to, 100, 100, {.keeps_flux = false});
  EXPECT_NEAR(counts.image.pixels(50, 50), 7.0 / 4.0, 1e-5);
  EXPECT_NEAR(brightness.image.pixels(50, 50), 7.0, 1e-5);
  EXPECT_NEAR(brightness.image.pixels(31, 77), 7.0, 1e-5);
  const Resampled coarser = resample(image, Transform{0, 0.25, 0, 0, 0, 0.25}, 25, 25);
  EXPECT_NEAR(coarser.image.pixels(12, 12), 7.0 * 16.0, 1e-3);
}

/// The variance of noise through a resampling, and of its sums over blocks, against what it says.
void expect_true_variance(const Transform& to, Kernel kernel, Random& random) {
  constexpr std::size_t side = 400;
  Image image;
  image.pixels = Plane<float>(side, side);
  image.variance = Plane<float>(side, side);
  std::normal_distribution<float> normal(0.0F, 1.0F);
  const int rounds = testing::is_long() ? 40 : 4;
  double of_pixels = 0.0;
  double of_blocks = 0.0;
  std::size_t pixels = 0;
  std::size_t blocks = 0;
  double correlation = 0.0;
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < image.pixels.size(); ++i) {
      image.variance.data()[i] = 4.0F + static_cast<float>(i % side) / 50.0F;
      image.pixels.data()[i] = std::sqrt(image.variance.data()[i]) * normal(random);
    }
    const Resampled result = resample(image, to, side, side, {.kernel = kernel});
    correlation = result.correlation;
    constexpr std::size_t block = 20;
    for (std::size_t top = 100; top + block <= 300; top += block) {
      for (std::size_t left = 100; left + block <= 300; left += block) {
        double sum = 0.0;
        double variance = 0.0;
        for (std::size_t row = top; row < top + block; ++row) {
          for (std::size_t column = left; column < left + block; ++column) {
            ASSERT_EQ(result.image.mask(row, column), 0);
            const double value = result.image.pixels(row, column);
            of_pixels += value * value / result.image.variance(row, column);
            ++pixels;
            sum += value;
            variance += result.image.variance(row, column);
          }
        }
        of_blocks += sum * sum / variance;
        ++blocks;
      }
    }
  }
  EXPECT_NEAR(of_pixels / static_cast<double>(pixels), 1.0, 0.03);
  const double error = std::sqrt(2.0 / static_cast<double>(blocks));
  EXPECT_NEAR(of_blocks / static_cast<double>(blocks) / correlation, 1.0, 4.0 * error + 0.03);
}

TEST(Resampling, SaysTheVarianceOfPixelsAndOfSums) {
  Random random(testing::first_seed());
  expect_true_variance({0.5, 1, 0, 0.5, 0, 1}, Kernel::lanczos3, random);
  expect_true_variance({0.0, 1, 0, 0.0, 0, 1}, Kernel::lanczos3, random);
  expect_true_variance(turned_about_middle(0.4, 1.0, 3.2, 1.1, 400), Kernel::lanczos3, random);
  expect_true_variance(turned_about_middle(0.4, 1.3, 3.2, 1.1, 400), Kernel::lanczos3, random);
  expect_true_variance(turned_about_middle(0.2, 0.8, 0.0, 0.3, 400), Kernel::lanczos3, random);
  expect_true_variance(turned_about_middle(0.4, 1.0, 3.2, 1.1, 400), Kernel::bilinear, random);
}

TEST(Resampling, LetsNothingRingFromWhatCannotBeUsed) {
  Image image;
  image.pixels = Plane<float>(60, 60, 100.0F);
  image.mask = Plane<std::uint16_t>(60, 60);
  image.pixels(30, 30) = 60000.0F;
  image.mask(30, 30) = bit(Flag::saturated);
  image.pixels(10, 40) = NAN;
  image.pixels(11, 40) = -1e30F;
  image.mask(11, 40) = bit(Flag::bad);
  const Resampled result = resample(image, Transform{0.4, 1, 0, 0.3, 0, 1}, 60, 60);
  std::size_t unusable = 0;
  for (std::size_t row = 2; row < 58; ++row) {
    for (std::size_t column = 2; column < 58; ++column) {
      if (is_usable(result.image, row, column))
        EXPECT_NEAR(result.image.pixels(row, column), 100.0, 1e-3) << row << ' ' << column;
      else ++unusable;
    }
  }
  EXPECT_GE(unusable, 8U);
  EXPECT_LE(unusable, 24U);
  EXPECT_EQ(result.image.mask(30, 30), bit(Flag::saturated) | bit(Flag::no_data));
  EXPECT_EQ(result.image.pixels(30, 30), 0.0F);
  EXPECT_EQ(result.image.mask(0, 20), bit(Flag::no_data)) << "beyond the edge there is nothing";
  EXPECT_EQ(result.image.mask(2, 20), 0);
}

TEST(Resampling, FollowsDistortedHeaders) {
  Random random(testing::first_seed());
  const Wcs to = Wcs::tangential({degrees(50), degrees(40)}, {100, 100}, arcseconds(1.1), degrees(12));
  std::string header = Wcs::tangential({degrees(50), degrees(40)}, {95, 107}, arcseconds(1.0)).header();
  for (const std::string card : {"A_ORDER =                    2", "B_ORDER =                    2",
                                 "A_2_0   =               2.0E-5", "B_0_2   =              -3.0E-5"}) {
    header += card + std::string(80 - card.size(), ' ');
  }
  const Wcs from = Wcs::from_header(header);
  const Star star{{60.3, 140.8}, 1e5};
  Image image = image_of({star}, 200, 200, 3.0, 0.0, 0.1, random);
  image.wcs = from;
  const Resampled result = resample(image, to, 200, 200);
  ASSERT_TRUE(result.image.wcs);
  const PixelPosition there = *to.pixel(*from.sky(star.place));
  double sum = 0.0;
  double x = 0.0;
  double y = 0.0;
  for (int dy = -8; dy <= 8; ++dy) {
    for (int dx = -8; dx <= 8; ++dx) {
      const double column = std::round(there.x) + dx;
      const double row = std::round(there.y) + dy;
      const double value = result.image.pixels(static_cast<std::size_t>(row), static_cast<std::size_t>(column));
      sum += value;
      x += value * (column - there.x);
      y += value * (row - there.y);
    }
  }
  EXPECT_NEAR(x / sum, 0.0, 0.02);
  EXPECT_NEAR(y / sum, 0.0, 0.02);
}

TEST(Resampling, SaysWhatItCannotDo) {
  Image image;
  image.pixels = Plane<float>(20, 20, 1.0F);
  EXPECT_THAT(refusal_of([&] { resample(Image{}, Transform{}, 5, 5); }), HasSubstr("no pixels"));
  EXPECT_THAT(refusal_of([&] { resample(image, Transform{}, 0, 5); }), HasSubstr("0 rows"));
  EXPECT_THAT(refusal_of([&] {
                resample(image, Wcs::tangential({}, {0, 0}, arcseconds(1)), 5, 5);
              }),
              HasSubstr("register it"));
  EXPECT_THAT(refusal_of([&] { resample(image, Transform{1000, 1, 0, 0, 0, 1}, 20, 20); }), HasSubstr("does not meet"));
  EXPECT_THAT(refusal_of([&] { resample(image, Transform{0, 0.01, 0, 0, 0, 0.01}, 5, 5); }), HasSubstr("at most 16"));
  image.wcs = Wcs::tangential({degrees(0), degrees(80)}, {10, 10}, arcseconds(1));
  EXPECT_THAT(refusal_of([&] {
                resample(image, Wcs::tangential({degrees(0), degrees(-80)}, {10, 10}, arcseconds(1)), 5, 5);
              }),
              HasSubstr("no pixel"));
  for (float& pixel : image.pixels.values()) pixel = NAN;
  EXPECT_THAT(refusal_of([&] { resample(image, Transform{}, 20, 20); }), HasSubstr("none can be used"));
}

}  // namespace
}  // namespace astro::imaging
