// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/astrometry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "astro/error.hpp"
#include "imaging/simulated_stars.hpp"
#include "testing/testing.hpp"

namespace astro::imaging {
namespace {

using ::testing::HasSubstr;

Wcs distorted(const Wcs& wcs) {
  std::string header = wcs.header();
  for (const std::string card :
       {"A_ORDER =                    3", "B_ORDER =                    3", "A_2_0   =               4.0E-6",
        "A_1_1   =              -3.0E-6", "B_0_2   =               5.0E-6", "B_3_0   =               2.0E-9"}) {
    header += card + std::string(80 - card.size(), ' ');
  }
  return Wcs::from_header(header);
}

struct Field {
  std::vector<Star> stars;
  std::vector<CatalogueStar> catalogue;
};

/// Stars measured to 0.03 pixel, some of them unknown to the catalogue, and the other way round.
Field field_of(const Wcs& truth, std::size_t count, Random& random) {
  std::normal_distribution<double> error(0.0, 0.03);
  Field field;
  const std::vector<Star> stars = random_stars(count, 1000.0, random);
  for (std::size_t i = 0; i < stars.size(); ++i) {
    const double magnitude = 25.0 - 2.5 * std::log10(stars[i].flux);
    if (i % 7 != 0) field.catalogue.push_back({*truth.sky(stars[i].place), magnitude});
    if (i % 5 != 0)
      field.stars.push_back({{stars[i].place.x + error(random), stars[i].place.y + error(random)}, stars[i].flux});
  }
  return field;
}

double largest_error(const Wcs& a, const Wcs& b) {
  double largest = 0.0;
  for (const double x : {0.0, 500.0, 1000.0}) {
    for (const double y : {0.0, 500.0, 1000.0}) {
      largest = std::max(largest, separation(*a.sky(PixelPosition{x, y}), *b.sky(PixelPosition{x, y})).arcseconds());
    }
  }
  return largest;
}

std::string refusal_of(const std::function<void()>& call, ErrorCode code = ErrorCode::invalid_argument) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "was not refused";
  return {};
}

const Icrs centre{degrees(84.05), degrees(-69.1)};

TEST(Refining, FindsTheWayFromARoughHeader) {
  Random random(testing::first_seed());
  const Wcs truth = Wcs::tangential(centre, {512, 480}, arcseconds(1.2), degrees(7));
  const Field field = field_of(truth, 200, random);
  // Off by half an arcminute, half a degree and a hundredth of the scale.
  const Wcs rough = Wcs::tangential({centre.ra + arcseconds(60), centre.dec + arcseconds(20)}, {512, 480},
                                    arcseconds(1.212), degrees(7.5));
  const Refinement found = refine(rough, field.stars, field.catalogue);
  EXPECT_GT(found.pairs.size(), 100U);
  EXPECT_NEAR(found.rms_pixels, 0.03, 0.005);
  EXPECT_NEAR(found.rms.arcseconds(), 1.2 * found.rms_pixels, 0.001);
  EXPECT_LT(largest_error(found.wcs, truth), 0.03);
  EXPECT_EQ(found.wcs.reference(), rough.reference());
}

TEST(Refining, MeasuresDistortions) {
  Random random(testing::first_seed());
  const Wcs plain = Wcs::tangential(centre, {512, 480}, arcseconds(1.2), degrees(7));
  const Wcs truth = distorted(plain);
  const Field field = field_of(truth, 400, random);
  EXPECT_GT(largest_error(plain, truth), 1.0);
  const Refinement found = refine(plain, field.stars, field.catalogue, {.sip_order = 3});
  EXPECT_NEAR(found.rms_pixels, 0.03, 0.005);
  EXPECT_LT(largest_error(found.wcs, truth), 0.1);
  EXPECT_LT(largest_error(Wcs::from_header(found.wcs.header()), found.wcs), 1e-6);
}

TEST(Refining, LeavesOutStarsThatLieApart) {
  Random random(testing::first_seed());
  const Wcs truth = Wcs::tangential(centre, {500, 500}, arcseconds(1));
  Field field = field_of(truth, 100, random);
  for (std::size_t i = 0; i < field.stars.size(); i += 6) field.stars[i].place.x += 1.5;
  const Refinement found = refine(truth, field.stars, field.catalogue);
  EXPECT_LT(found.rms_pixels, 0.04);
  EXPECT_LT(largest_error(found.wcs, truth), 0.06);
}

TEST(Refining, SaysWhyItCannot) {
  Random random(testing::first_seed());
  const Wcs truth = Wcs::tangential(centre, {500, 500}, arcseconds(1));
  const Field field = field_of(truth, 100, random);
  const Field other = field_of(truth, 100, random);
  EXPECT_THAT(refusal_of([&] { refine(truth, {}, field.catalogue); }), HasSubstr("0 stars"));
  EXPECT_THAT(refusal_of([&] { refine(truth, other.stars, field.catalogue); }), HasSubstr("agree with the catalogue"));
  EXPECT_THAT(refusal_of([&] { refine(truth, field.stars, field.catalogue, {.sip_order = 9}); }),
              HasSubstr("expected 0 or 2 to 5"));
  const Wcs elsewhere = Wcs::tangential({degrees(10), degrees(60)}, {500, 500}, arcseconds(1));
  EXPECT_THAT(refusal_of([&] { refine(elsewhere, field.stars, field.catalogue); }),
              HasSubstr("no star of the catalogue"));
}

TEST(SolvingFields, SaysWhatToInstall) {
  Random random(testing::first_seed());
  const std::vector<Star> stars = random_stars(30, 1000.0, random);
  EXPECT_THAT(
      refusal_of([&] { solve_field(stars, 1000, 1000, {.program = "no-such-program"}); }, ErrorCode::unsupported),
      HasSubstr("install astrometry.net"));
  EXPECT_THAT(refusal_of([&] { solve_field(std::span(stars).first(2), 1000, 1000); }), HasSubstr("at least 4 stars"));
}

TEST(SolvingFields, EndsAProgramThatDoesNot) {
  const testing::TemporaryFolder folder;
  const auto program = folder.write("slow", "#!/bin/sh\nsleep 60 & wait\n");
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  Random random(testing::first_seed());
  const std::vector<Star> stars = random_stars(30, 1000.0, random);
  EXPECT_THAT(refusal_of(
                  [&] {
                    solve_field(stars, 1000, 1000,
                                {.at_most = std::chrono::milliseconds(200), .program = program.string()});
                  },
                  ErrorCode::timeout),
              HasSubstr("did not end in 0.2 s"));
}

}  // namespace
}  // namespace astro::imaging
