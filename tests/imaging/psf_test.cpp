// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/psf.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "astro/error.hpp"
#include "astro/imaging/photometry.hpp"
#include "imaging/simulated_stars.hpp"
#include "testing/testing.hpp"

namespace astro::imaging {
namespace {

using ::testing::HasSubstr;

Plane<float> gaussian(std::size_t side, double sigma_x, double sigma_y) {
  Plane<float> plane(side, side);
  const double middle = static_cast<double>(side / 2);
  for (std::size_t y = 0; y < side; ++y) {
    for (std::size_t x = 0; x < side; ++x) {
      const double u = (static_cast<double>(x) - middle) / sigma_x;
      const double v = (static_cast<double>(y) - middle) / sigma_y;
      plane(y, x) = static_cast<float>(std::exp(-0.5 * (u * u + v * v)));
    }
  }
  return plane;
}

double sum_of_plane(const Plane<float>& plane) {
  return std::accumulate(plane.values().begin(), plane.values().end(), 0.0);
}

/// Largest difference from the profile that the stars were made with, in units of its peak.
double largest_miss(const Psf& psf, PixelPosition place, double fwhm, double stretch = 1.0) {
  const Plane<float> plane = psf.at(place);
  const double middle = static_cast<double>(plane.rows() / 2);
  double largest = 0.0;
  for (std::size_t y = 0; y < plane.rows(); ++y) {
    for (std::size_t x = 0; x < plane.columns(); ++x) {
      const double truth =
          moffat_pixel(static_cast<double>(x) - middle, static_cast<double>(y) - middle, fwhm, stretch);
      largest = std::max(largest, std::abs(plane(y, x) - truth));
    }
  }
  return largest / moffat_pixel(0, 0, fwhm, stretch);
}

std::string refusal_of(const Image& image, const std::vector<Star>& stars, const PsfOptions& options = {}) {
  try {
    measure_psf(image, stars, options);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    return error.what();
  }
  ADD_FAILURE() << "was not refused";
  return {};
}

TEST(Psf, IsNormalisedAndSaysItsWidth) {
  const Psf round(gaussian(31, 1.7, 1.7));
  EXPECT_NEAR(sum_of_plane(round.at({5, 5})), 1.0, 1e-6);
  EXPECT_NEAR(round.fwhm({0, 0}), 2.3548 * 1.7, 0.03);
  EXPECT_NEAR(round.ellipticity({0, 0}), 0.0, 1e-3);
  EXPECT_NEAR(round.noise_pixels({0, 0}), 4 * std::numbers::pi * 1.7 * 1.7, 0.05);
  const Psf oval(gaussian(41, 3.0, 2.0));
  EXPECT_NEAR(oval.ellipticity({0, 0}), 1.0 - 2.0 / 3.0, 1e-3);
  EXPECT_NEAR(oval.fwhm({0, 0}), 2.3548 * std::sqrt(6.0), 0.03);
}

TEST(Psf, VariesOverTheField) {
  Plane<float> constant = gaussian(21, 2.0, 2.0);
  const double total = sum_of_plane(constant);
  Plane<float> slope = gaussian(21, 2.4, 2.4);
  for (std::size_t i = 0; i < slope.size(); ++i) slope.data()[i] = 0.5F * (slope.data()[i] - constant.data()[i]);
  const Psf psf({constant, slope, Plane<float>(21, 21)}, 1, 101, 201);
  EXPECT_FALSE(psf.is_constant());
  EXPECT_NEAR(sum_of_plane(psf.at({200, 50})), 1.0, 1e-6);
  EXPECT_GT(psf.fwhm({200, 50}), psf.fwhm({100, 50}));
  EXPECT_NEAR(psf.at({100, 50})(10, 10), constant(10, 10) / total, 1e-6) << "the middle has the first term alone";
  EXPECT_EQ(psf.at({200, 50}), psf.at({500, 50})) << "beyond the edge it is as at the edge";
}

TEST(Psf, RefusesWhatIsNone) {
  EXPECT_THROW(Psf(Plane<float>(4, 5, 1.0F)), Error);
  EXPECT_THROW(Psf(Plane<float>(5, 5, NAN)), Error);
  EXPECT_THROW(Psf(Plane<float>(5, 5, -1.0F)), Error);
  EXPECT_THROW(Psf({Plane<float>(5, 5, 1.0F)}, 1, 10, 10), Error);
  EXPECT_THROW(Psf({Plane<float>(5, 5, 1.0F), Plane<float>(5, 5, 3.0F), Plane<float>(5, 5)}, 1, 10, 10), Error);
}

TEST(MeasuredPsf, IsThatOfTheStars) {
  Random random(testing::first_seed());
  std::vector<Star> stars = random_stars(100, 512.0, random);
  for (Star& star : stars) star.flux = std::min(30.0 * star.flux, 1e6);
  const Image image = image_of(stars, 512, 512, 3.4, 300.0, 6.0, random);
  std::vector<Star> found = stars;  // as somebody found them: to half a pixel
  for (Star& star : found) star.place = {std::round(star.place.x), std::round(star.place.y)};
  const MeasuredPsf measured = measure_psf(image, found);
  EXPECT_GE(measured.stars.size(), 5U) << measured.reason;
  EXPECT_LT(largest_miss(measured.psf, {256, 256}, 3.4), 0.03) << measured.reason;
  // Of the same side and with the same border of zero: its light is all that there is.
  const Psf truth([&] {
    const std::size_t side = measured.psf.rows();
    const auto middle = static_cast<double>(side / 2);
    Plane<float> plane(side, side);
    for (std::size_t i = 0; i < plane.size(); ++i) {
      plane.data()[i] = static_cast<float>(
          moffat_pixel(static_cast<double>(i % side) - middle, static_cast<double>(i / side) - middle, 3.4) -
          moffat_pixel(middle, 0.0, 3.4));
    }
    return plane;
  }());
  EXPECT_NEAR(measured.psf.fwhm({256, 256}) / truth.fwhm({0, 0}), 1.0, 0.02);
  EXPECT_NEAR(measured.psf.noise_pixels({256, 256}) / truth.noise_pixels({0, 0}), 1.0, 0.05);
  EXPECT_LT(measured.psf.ellipticity({256, 256}), 0.02);
  std::vector<double> errors;
  for (const Star& star : measured.stars) {
    double best = 10.0;
    for (const Star& real : stars)
      best = std::min(best, std::hypot(real.place.x - star.place.x, real.place.y - star.place.y));
    errors.push_back(best);
  }
  std::sort(errors.begin(), errors.end());
  EXPECT_LT(errors[errors.size() / 2], 0.05);
}

TEST(MeasuredPsf, FollowsTheField) {
  Random random(testing::first_seed());
  // Wider to the right: from 2.6 to 4.2 pixels.
  Image image = image_of({}, 600, 600, 3.0, 200.0, 5.0, random);
  std::vector<Star> stars;
  std::normal_distribution<double> normal(0.0, 1.0);
  std::uniform_real_distribution<double> within(-0.5, 0.5);
  for (double y = 40.0; y < 580.0; y += 52.0) {
    for (double x = 40.0; x < 580.0; x += 52.0) stars.push_back({{x + within(random), y + within(random)}, 6e4});
  }
  for (const Star& star : stars) {
    const double fwhm = 2.6 + 1.6 * star.place.x / 600.0;
    for (int dy = -22; dy <= 22; ++dy) {
      for (int dx = -22; dx <= 22; ++dx) {
        const double column = std::round(star.place.x) + dx;
        const double row = std::round(star.place.y) + dy;
        const auto r = static_cast<std::size_t>(row);
        const auto c = static_cast<std::size_t>(column);
        if (r >= 600 || c >= 600) continue;
        const double light = star.flux * moffat_pixel(column - star.place.x, row - star.place.y, fwhm);
        image.pixels(r, c) += static_cast<float>(light + std::sqrt(light) * normal(random));
        image.variance(r, c) += static_cast<float>(light);
      }
    }
  }
  const MeasuredPsf measured = measure_psf(image, stars, {.order = 2});
  EXPECT_EQ(measured.psf.order(), 2);
  const double left = measured.psf.fwhm({60, 300});
  const double right = measured.psf.fwhm({540, 300});
  EXPECT_NEAR(right - left, 1.6 * 480.0 / 600.0, 0.15);
  EXPECT_LT(largest_miss(measured.psf, {300, 300}, 3.4), 0.04);
}

TEST(MeasuredPsf, IsNotMisledByCosmicRaysBlendsGalaxiesAndSaturation) {
  Random random(testing::first_seed());
  std::vector<Star> stars;
  for (double y = 40.0; y < 400.0; y += 45.0) {
    for (double x = 40.0; x < 400.0; x += 45.0) stars.push_back({{x + 0.3, y - 0.2}, 3e4});
  }
  std::vector<Star> all = stars;
  for (std::size_t i = 0; i < 6; ++i)
    all.push_back({{stars[i].place.x + 3.0, stars[i].place.y + 2.0}, 1.5e4});  // nobody tells of these
  Image image = image_of(all, 440, 440, 3.0, 200.0, 5.0, random);
  for (std::size_t i = 10; i < 18; ++i) {  // on the slopes of stars
    image.pixels(static_cast<std::size_t>(stars[i].place.y) + 4, static_cast<std::size_t>(stars[i].place.x) - 3) +=
        3000.0F;
  }
  for (std::size_t i = 0; i < 5; ++i) {  // alone, and found
    image.pixels(60 + 50 * i, 62) += 20000.0F;
    stars.push_back({{62.0, 60.0 + 50.0 * static_cast<double>(i)}, 20000.0});
  }
  image.saturation = 60000.0;
  image.pixels(40, 40) = 65000.0F;
  const MeasuredPsf measured = measure_psf(image, stars);
  EXPECT_LT(largest_miss(measured.psf, {200, 200}, 3.0), 0.02) << measured.reason;
}

TEST(MeasuredPsf, IsNotNarrowedWhereStarsCrowd) {
  Random random(testing::first_seed());
  constexpr double side = 600.0;
  std::uniform_real_distribution<double> place(0.0, side);
  std::uniform_real_distribution<double> magnitudes(2.5, 5.5);
  std::normal_distribution<double> normal;
  std::vector<Star> stars;
  for (int i = 0; i < 1700; ++i) stars.push_back({{place(random), place(random)}, std::pow(10.0, magnitudes(random))});
  const auto profile = [](double x, double y) { return std::pow(1.0 + (x * x + y * y) / 8.66, -3.0) / 13.6; };
  Image image;
  image.pixels = Plane<float>(600, 600, 300.0F);
  for (const Star& star : stars) {
    for (double y = std::ceil(star.place.y) - 20.0; y < star.place.y + 20.0; ++y) {
      for (double x = std::ceil(star.place.x) - 20.0; x < star.place.x + 20.0; ++x) {
        if (x < 0.0 || y < 0.0 || x >= side || y >= side) continue;
        image.pixels(static_cast<std::size_t>(y), static_cast<std::size_t>(x)) +=
            static_cast<float>(star.flux * profile(x - star.place.x, y - star.place.y));
      }
    }
  }
  for (float& value : image.pixels.values()) value += static_cast<float>(std::sqrt(value) * normal(random));
  const MeasuredPsf measured = measure_psf(image, stars, {.side = 31});
  EXPECT_GE(measured.stars.size(), 10U) << measured.reason;
  const Plane<float> plane = measured.psf.at({300, 300});
  // Where the light of neighbours is taken for background, all of a star's own seems to lie in its middle.
  EXPECT_NEAR(plane(15, 15) / profile(0.0, 0.0), 1.0, 0.025) << measured.reason;
  const double wings = 0.25 * (plane(15, 22) + plane(15, 8) + plane(22, 15) + plane(8, 15));
  EXPECT_NEAR(wings / profile(7.0, 0.0), 1.0, 0.3) << measured.reason;
}

TEST(MeasuredPsf, SaysWhatItWants) {
  Random random(testing::first_seed());
  const Image empty = image_of({}, 100, 100, 3.0, 100.0, 5.0, random);
  EXPECT_THAT(refusal_of(empty, {}), HasSubstr("none of the 0 stars"));
  EXPECT_THAT(refusal_of(empty, {{{50, 50}, 1000}}), HasSubstr("1 too faint or no star"));
  EXPECT_THAT(refusal_of(empty, {{{3, 50}, 1000}}), HasSubstr("1 too near the edge"));
  Image nothing = empty;
  for (float& pixel : nothing.pixels.values()) pixel = NAN;
  EXPECT_THAT(refusal_of(nothing, {{{50, 50}, 1000}}), HasSubstr("1 saturated or with unusable"));
  EXPECT_THAT(refusal_of(empty, {}, {.order = 3}), HasSubstr("expected 0 to 2"));
  EXPECT_THAT(refusal_of(empty, {}, {.side = 10}), HasSubstr("odd"));
  const std::vector<Star> one{{{50.2, 49.7}, 1e5}};
  const MeasuredPsf of_one = measure_psf(image_of(one, 100, 100, 3.0, 100.0, 5.0, random), one, {.order = 2});
  EXPECT_EQ(of_one.psf.order(), 0);
  EXPECT_THAT(of_one.reason, HasSubstr("for want of stars"));
  EXPECT_LT(largest_miss(of_one.psf, {50, 50}, 3.0), 0.05);
}

TEST(ZeroPoint, IsRobustAndSaysItsError) {
  Random random(testing::first_seed());
  std::normal_distribution<double> normal(0.0, 0.02);
  const Wcs wcs = Wcs::tangential({degrees(10), degrees(10)}, {500, 500}, arcseconds(1));
  const std::vector<Star> stars = random_stars(100, 1000.0, random);
  std::vector<CatalogueStar> catalogue;
  for (std::size_t i = 0; i < stars.size(); ++i) {
    const double error = i % 10 == 0 ? 0.8 : normal(random);
    catalogue.push_back({*wcs.sky(stars[i].place), 24.7 - 2.5 * std::log10(stars[i].flux) + error});
  }
  catalogue.push_back({*wcs.sky(PixelPosition{1, 1}), NAN});
  const ZeroPoint found = zero_point(wcs, stars, catalogue);
  EXPECT_NEAR(found.magnitude, 24.7, 4 * found.error);
  EXPECT_NEAR(found.error, 0.02 / std::sqrt(90.0), 0.001);
  EXPECT_NEAR(static_cast<double>(found.stars), 90.0, 6.0);
  EXPECT_THROW(zero_point(wcs, {}, catalogue), Error);
}

TEST(Quality, PassesGoodImagesAndSaysWhatIsWrongWithOthers) {
  Random random(testing::first_seed());
  const std::vector<Star> stars = random_stars(60, 400.0, random);
  Image image = image_of(stars, 400, 400, 3.2, 300.0, 5.0, random);
  image.wcs = Wcs::tangential({degrees(10), degrees(10)}, {200, 200}, arcseconds(0.5));
  const Quality good = judge(image, stars, {.zero_point = ZeroPoint{.magnitude = 25.0}, .reference = &image});
  EXPECT_TRUE(good.is_good) << good.reason;
  EXPECT_NEAR(good.background, 300.0, 3.0);
  EXPECT_NEAR(good.noise, std::sqrt(325.0), 1.0);
  EXPECT_NEAR(good.fwhm, 3.3, 0.2);
  EXPECT_NEAR(good.seeing->arcseconds(), 0.5 * good.fwhm, 1e-6);
  EXPECT_NEAR(*good.overlap, 1.0, 1e-9);
  EXPECT_NEAR(*good.depth, 25.0 - 2.5 * std::log10(good.limiting_flux), 1e-9);

  const Image trailed = image_of(stars, 400, 400, 3.0, 300.0, 5.0, random, 2.0);
  EXPECT_THAT(judge(trailed, stars).reason, HasSubstr("drawn out"));
  EXPECT_THAT(judge(image, stars, {.limits = {.most_fwhm = 2.0}}).reason, HasSubstr("pixels wide"));
  EXPECT_THAT(judge(image, stars, {.limits = {.most_background = 100.0}}).reason, HasSubstr("background"));
  EXPECT_THAT(judge(image, {}).reason, HasSubstr("none of the 0 stars"));
  Image elsewhere = image;
  elsewhere.wcs = Wcs::tangential({degrees(50), degrees(10)}, {200, 200}, arcseconds(0.5));
  EXPECT_THAT(judge(image, stars, {.reference = &elsewhere}).reason, HasSubstr("0 % of it lies on the reference"));
  Image broken = image;
  for (float& pixel : broken.pixels.values()) pixel = NAN;
  EXPECT_THAT(judge(broken, stars).reason, HasSubstr("0 % of the pixels can be used"));
  Image full = image;
  full.saturation = 10.0;
  EXPECT_THAT(judge(full, stars).reason, HasSubstr("100 % are saturated"));
  EXPECT_THROW(judge(Image{}, stars), Error);
}

}  // namespace
}  // namespace astro::imaging
