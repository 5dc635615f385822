// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/registration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "astro/error.hpp"
#include "imaging/simulated_stars.hpp"
#include "testing/testing.hpp"

namespace astro::imaging {
namespace {

using ::testing::HasSubstr;

Transform turned(double degrees_, double scale, double x0, double y0, bool mirrored = false) {
  const double c = scale * std::cos(degrees_ * std::numbers::pi / 180);
  const double s = scale * std::sin(degrees_ * std::numbers::pi / 180);
  const double flip = mirrored ? -1.0 : 1.0;
  return {x0, c, -s * flip, y0, s, c * flip};
}

/// The same stars through a transform, measured again, without some and with others instead, in another order.
std::vector<Star> seen_again(const std::vector<Star>& stars, const Transform& transform, double noise, double kept,
                             Random& random) {
  std::normal_distribution<double> error(0.0, noise);
  std::uniform_real_distribution<double> chance(0.0, 1.0);
  std::vector<Star> seen;
  for (const Star& star : stars) {
    if (chance(random) > kept) continue;
    const PixelPosition there = transform(star.place);
    seen.push_back({{there.x + error(random), there.y + error(random)}, star.flux * (0.7 + 0.1 * chance(random))});
  }
  const std::size_t missing = stars.size() - seen.size();
  for (std::size_t i = 0; i < missing; ++i) {
    seen.push_back({{1000.0 * chance(random), 1000.0 * chance(random)}, std::pow(10.0, 2.0 + 2.0 * chance(random))});
  }
  std::shuffle(seen.begin(), seen.end(), random);
  return seen;
}

/// Largest distance in a field of 1000 pixels between where two transforms put a pixel.
double difference(const Transform& a, const Transform& b) {
  double largest = 0.0;
  for (const double x : {0.0, 1000.0}) {
    for (const double y : {0.0, 1000.0}) {
      const PixelPosition p = a({x, y});
      const PixelPosition q = b({x, y});
      largest = std::max(largest, std::hypot(p.x - q.x, p.y - q.y));
    }
  }
  return largest;
}

TEST(Registration, FindsShiftsRotationsScalesAndMirrorImages) {
  Random random(testing::first_seed());
  const std::vector<Transform> truths{turned(0, 1, 12.3, -7.8),    turned(33, 1, 100, 50),
                                      turned(180, 1, 1000, 1000),  turned(-71, 1.7, 0, 800),
                                      turned(5, 0.4, 30, 30),      turned(120, 1.0, 500, 0, true),
                                      turned(3, 1.3, 0, 10, true), Transform{5, 1.01, 0.02, 3, -0.015, 0.99}};
  for (const Transform& truth : truths) {
    const std::vector<Star> stars = random_stars(80, 1000.0, random);
    const std::vector<Star> seen = seen_again(stars, truth, 0.05, 0.8, random);
    const Registration found = register_stars(stars, seen);
    ASSERT_TRUE(found.is_found) << found.reason;
    EXPECT_EQ(found.transform.is_mirrored(), truth.is_mirrored());
    // The errors of some sixty stars of 0.05 pixel: 0.05 at the corners is three times what they leave.
    EXPECT_LT(difference(found.transform, truth), 0.06) << found.reason;
    EXPECT_NEAR(found.rms, 0.05, 0.02);
    EXPECT_GE(found.pairs.size(), 50U);
    for (const auto& [a, b] : found.pairs) {
      const PixelPosition there = truth(stars[a].place);
      EXPECT_LT(std::hypot(there.x - seen[b].place.x, there.y - seen[b].place.y), 0.4);
    }
  }
}

TEST(Registration, FindsPartsThatOverlapByAThird) {
  Random random(testing::first_seed());
  for (int i = 0; i < 5; ++i) {
    const std::vector<Star> sky = random_stars(300, 1600.0, random);
    std::vector<Star> left;
    std::vector<Star> right;
    const Transform truth = turned(4.0 * i, 1.0, -660.0, 10.0);
    for (const Star& star : sky) {
      if (star.place.x < 1000.0 && star.place.y < 1000.0) left.push_back(star);
      const PixelPosition there = truth(star.place);
      if (there.x > 0.0 && there.x < 1000.0 && there.y > 0.0 && there.y < 1000.0) right.push_back({there, star.flux});
    }
    const Registration found = register_stars(left, right);
    ASSERT_TRUE(found.is_found) << found.reason;
    EXPECT_LT(difference(found.transform, truth), 1e-6);
  }
}

TEST(Registration, IsContentWithFewStars) {
  Random random(testing::first_seed());
  const Transform truth = turned(25, 1.0, 40, -20);
  for (const std::size_t count : {3U, 4U, 6U}) {
    const std::vector<Star> stars = random_stars(count, 1000.0, random);
    const Registration found = register_stars(stars, seen_again(stars, truth, 0.0, 1.0, random));
    ASSERT_TRUE(found.is_found) << count << ": " << found.reason;
    EXPECT_LT(difference(found.transform, truth), 1e-6);
    EXPECT_EQ(found.pairs.size(), count);
  }
}

TEST(Registration, HoldsToTheMotionThatIsAskedFor) {
  Random random(testing::first_seed());
  const std::vector<Star> stars = random_stars(60, 1000.0, random);
  const Transform shift{4.25, 1, 0, -3.5, 0, 1};
  const Registration shifted =
      register_stars(stars, seen_again(stars, shift, 0.05, 0.9, random), {.motion = Motion::shift});
  ASSERT_TRUE(shifted.is_found) << shifted.reason;
  EXPECT_EQ(shifted.transform.xx, 1.0);
  EXPECT_EQ(shifted.transform.xy, 0.0);
  EXPECT_LT(difference(shifted.transform, shift), 0.03);
  const Registration rigid =
      register_stars(stars, seen_again(stars, turned(10, 1, 0, 0), 0.05, 0.9, random), {.motion = Motion::rigid});
  ASSERT_TRUE(rigid.is_found) << rigid.reason;
  EXPECT_DOUBLE_EQ(rigid.transform.scale(), 1.0);
  EXPECT_NEAR(rigid.transform.rotation().degrees(), 10.0, 0.01);
  EXPECT_FALSE(
      register_stars(stars, seen_again(stars, turned(10, 1.3, 0, 0), 0.05, 0.9, random), {.motion = Motion::rigid})
          .is_found);
  const auto mirror = seen_again(stars, turned(0, 1, 0, 1000, true), 0.05, 0.9, random);
  EXPECT_FALSE(register_stars(stars, mirror, {.may_be_mirrored = false}).is_found);
}

TEST(Registration, SaysWhyItFindsNothing) {
  Random random(testing::first_seed());
  EXPECT_THAT(register_stars({}, {}).reason, HasSubstr("at least 3"));
  const std::vector<Star> one{{{10, 10}, 100}};
  EXPECT_THAT(register_stars(one, random_stars(50, 1000.0, random)).reason, HasSubstr("1 and 50 stars"));
  for (int i = 0; i < (testing::is_long() ? 100 : 8); ++i) {
    const Registration found = register_stars(random_stars(100, 1000.0, random), random_stars(100, 1000.0, random));
    EXPECT_FALSE(found.is_found) << found.reason;
    EXPECT_FALSE(found.reason.empty());
  }
  const std::vector<Star> all_in_one_place(20, Star{{5, 5}, 1.0});
  EXPECT_FALSE(register_stars(all_in_one_place, all_in_one_place).is_found);
  const std::vector<Star> broken{{{NAN, 10}, 100}, {{1, 1}, 1}, {{2, 9}, 1}};
  EXPECT_THROW(register_stars(broken, broken), Error);
}

TEST(Registration, FollowsTheHeaders) {
  const Icrs centre{degrees(120), degrees(-30)};
  const Wcs from = Wcs::tangential(centre, {500, 500}, arcseconds(1));
  const Wcs to = Wcs::tangential(centre, {520, 480}, arcseconds(0.5), degrees(30));
  const Registration found = register_wcs(from, 1000, 1000, to);
  ASSERT_TRUE(found.is_found) << found.reason;
  EXPECT_NEAR(found.transform.scale(), 2.0, 1e-6);
  EXPECT_NEAR(found.transform({500, 500}).x, 520.0, 1e-6);
  EXPECT_LT(found.rms, 1e-3);
  const Registration none =
      register_wcs(from, 1000, 1000, Wcs::tangential({degrees(300), degrees(30)}, {0, 0}, arcseconds(1)));
  EXPECT_FALSE(none.is_found);
  EXPECT_THAT(none.reason, HasSubstr("does not see"));
}

TEST(Transform, HasAnInverse) {
  const Transform transform = turned(20, 1.5, 3, 4, true);
  const PixelPosition back = transform.inverse()(transform({7, 9}));
  EXPECT_NEAR(back.x, 7.0, 1e-12);
  EXPECT_NEAR(back.y, 9.0, 1e-12);
  EXPECT_NEAR(transform.rotation().degrees(), 20.0, 1e-9);
  EXPECT_THROW((Transform{0, 1, 1, 0, 1, 1}.inverse()), Error);
}

}  // namespace
}  // namespace astro::imaging
