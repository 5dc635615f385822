// SPDX-License-Identifier: BSD-3-Clause
// That the numbers are SEP's is shown beside Python's sep, in tests/python/test_imaging.py.
#include "astro/imaging/sources.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "making.hpp"
#include "testing/refusal.hpp"

namespace astro::imaging {
namespace {

using astro::testing::expect_refused;

constexpr double electrons = 20000.0;

/// A sky that grows along x, and four stars.
Image sky() {
  Camera camera(200, 300, 1.0, 5.0);
  return camera.frame([](std::size_t row, std::size_t column) {
    const auto y = static_cast<double>(row);
    const auto x = static_cast<double>(column);
    double light = 300.0 + 0.5 * x;
    for (const auto& [at_y, at_x] : {std::pair{50.3, 60.7}, {50.0, 220.0}, {150.0, 80.4}, {140.6, 250.2}}) {
      light += star(y, x, at_y, at_x, 1.6, electrons);
    }
    return light;
  });
}

TEST(Background, IsThatUnderTheStars) {
  const Image image = sky();
  const Background background(image, {.box_rows = 50, .box_columns = 50});
  EXPECT_NEAR(background.level(), 375.0, 10.0);
  EXPECT_NEAR(background.rms(), 20.0, 1.0);
  const Plane<float> levels = background.levels();
  EXPECT_NEAR(levels(100, 50), 325.0, 3.0);
  EXPECT_NEAR(levels(100, 250), 425.0, 3.0);
  EXPECT_NEAR(background.rms_plane()(100, 150), 20.0, 2.0);
  EXPECT_NEAR(spread_of(background.subtracted(image).pixels).mean, 4 * electrons / 60000.0, 0.5);
}

TEST(Background, IsNotThatOfMaskedPixels) {
  Image image = sky();
  image.mask = Plane<std::uint16_t>(200, 300);
  for (std::size_t row = 20; row < 90; ++row) {
    for (std::size_t column = 100; column < 200; ++column) {
      image.pixels(row, column) = column % 2 == 0 ? 50000.0F : std::nanf("");
      image.mask(row, column) = column % 2 == 0 ? bit(Flag::saturated) : 0;
    }
  }
  const Background background(image);
  EXPECT_NEAR(background.levels()(60, 150), 375.0, 10.0);
  const Image less = background.subtracted(image);
  EXPECT_EQ(less.pixels(60, 150), 0.0F);
  EXPECT_EQ(less.mask(60, 151), bit(Flag::no_data));
}

TEST(Background, SaysWhatItCannotDo) {
  Image image = sky();
  expect_refused([&] { Background(image, {.box_rows = 0}); }, "box_rows is 0", wrong);
  expect_refused([] { Background(Image{}); }, "has no pixels", wrong);
  const Background background(image);
  Image other;
  other.pixels = Plane<float>(2, 2);
  expect_refused([&] { background.subtracted(other); }, "it has 200 rows of 300 columns, the image 2 rows", wrong);
  image.mask = Plane<std::uint16_t>(200, 300, 1);
  expect_refused([&] { Background{image}; }, "no pixel is usable", wrong);
}

Image stars_alone() {
  Image image = with_noise(sky());
  return Background(image).subtracted(std::move(image));
}

TEST(Sources, AreWhereTheStarsAre) {
  std::vector<Source> sources = extracted(stars_alone(), {.threshold = 5.0});
  ASSERT_EQ(sources.size(), 4U);
  std::sort(sources.begin(), sources.end(), [](const Source& a, const Source& b) { return a.x < b.x; });
  EXPECT_NEAR(sources[0].x, 60.7, 0.05);
  EXPECT_NEAR(sources[0].y, 50.3, 0.05);
  EXPECT_NEAR(sources[3].x, 250.2, 0.05);
  EXPECT_NEAR(sources[3].a, 1.5, 0.3);
  EXPECT_EQ(sources[0].x_peak, 61);
  EXPECT_EQ(sources[0].flags, 0);
}

TEST(Sources, AreNotSeenWhereTheyAreMasked) {
  Image image = stars_alone();
  for (std::size_t row = 40; row < 60; ++row) {
    for (std::size_t column = 50; column < 70; ++column) image.mask(row, column) = bit(Flag::user);
  }
  EXPECT_EQ(extracted(image, {.threshold = 5.0}).size(), 3U);
}

TEST(Sources, AreAboveAThresholdInNoiseOrInCounts) {
  Image image = stars_alone();
  const double noise = 20.0;
  EXPECT_EQ(extracted(image, {.threshold = 5.0, .noise = noise}).at(0).threshold, 100.0);
  image.variance = {};
  EXPECT_EQ(extracted(image, {.threshold = 123.0}).at(0).threshold, 123.0);
  EXPECT_TRUE(extracted(image, {.threshold = 1e6}).empty());
}

TEST(Sources, MayBeLargerThanTheListOfPixelsThatSepHas) {
  Image image;
  image.pixels = Plane<float>(800, 800);
  for (std::size_t row = 50; row < 750; ++row) {
    for (std::size_t column = 50; column < 750; ++column) image.pixels(row, column) = 10.0F;
  }
  const ExtractOptions options{.noise = 1.0, .filter = {}};
  for (int turn = 0; turn < 2; ++turn) {
    const std::vector<Source> found = extracted(image, options);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].pixels, 490'000);
  }
  image.pixels = Plane<float>(1500, 1500, 10.0F);
  expect_refused([&] { extracted(image, options); }, "extracting sources: SEP says", wrong);
}

TEST(Sources, AreNotSearchedWithImpossibleOptions) {
  const Image image = stars_alone();
  expect_refused([&] { extracted(image, {.least_pixels = 0}); }, "least_pixels of 1 or more", wrong);
  expect_refused([&] { extracted(image, {.filter = {Plane<float>(2, 3, 1.0F)}}); }, "the filter has 2 rows", wrong);
  expect_refused([&] { extracted(image, {.threshold = std::nan("")}); }, "expected a finite threshold", wrong);
}

TEST(Apertures, HoldTheLightOfAStarWithItsError) {
  const Image image = stars_alone();
  const std::vector<PixelPosition> places{{60.7, 50.3}, {1.0, 1.0}};
  const std::vector<Aperture> apertures = aperture_fluxes(image, places, 8.0);
  EXPECT_NEAR(apertures[0].flux, electrons, 4.0 * apertures[0].error);
  // Poisson noise of star and sky, and read noise.
  EXPECT_NEAR(apertures[0].error, std::sqrt(electrons + 201.0 * (330.0 + 25.0)), 10.0);
  EXPECT_NEAR(apertures[0].area, 64.0 * std::acos(-1.0), 1e-3);
  EXPECT_EQ(apertures[0].flags, 0);
  EXPECT_EQ(apertures[1].flags, static_cast<int>(SourceFlag::aperture_cut));
  EXPECT_LT(apertures[1].area, 100.0);
  expect_refused([&] { aperture_fluxes(image, places, 0.0); }, "expected more than 0", wrong);
}

TEST(KronFluxes, HoldNearlyAllLight) {
  const Image image = stars_alone();
  const std::vector<Source> sources = extracted(image, {.threshold = 3.0});
  for (const KronFlux& kron : kron_fluxes(image, sources)) {
    EXPECT_NEAR(kron.flux, electrons, 0.06 * electrons);
    // Of a Gaussian half lies within 1.177 sigma.
    EXPECT_NEAR(kron.half_light_radius, 1.6 * 1.177, 0.25);
    EXPECT_GT(kron.error, 150.0);
  }
  Source bad;
  expect_refused([&] { kron_fluxes(image, std::vector{bad}); }, "no finite place and ellipse", wrong);
}

}  // namespace
}  // namespace astro::imaging
