// SPDX-License-Identifier: BSD-3-Clause
#include "astro/coordinates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "astro/error.hpp"

namespace astro {
namespace {

using namespace astro::literals;
using ::testing::HasSubstr;

std::string refusal(const char* target) {
  try {
    parse_target(target);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    return error.what();
  }
  return "accepted";
}

TEST(ParseAngle, ReadsEveryUnit) {
  EXPECT_EQ(parse_angle("10.5 deg"), degrees(10.5));
  EXPECT_EQ(parse_angle("10.5deg"), degrees(10.5));
  EXPECT_EQ(parse_angle(" -0.3 rad "), radians(-0.3));
  EXPECT_DOUBLE_EQ(parse_angle("12 arcmin").degrees(), 0.2);
  EXPECT_DOUBLE_EQ(parse_angle("36 arcsec").degrees(), 0.01);
  EXPECT_DOUBLE_EQ(parse_angle("3600000 mas").degrees(), 1.0);
  EXPECT_DOUBLE_EQ(parse_angle("6 h").degrees(), 90.0);
}

TEST(ParseAngle, ReadsSexagesimal) {
  EXPECT_DOUBLE_EQ(parse_angle("1h30m").degrees(), 22.5);
  EXPECT_DOUBLE_EQ(parse_angle("41d16m09s").degrees(), 41.0 + 16.0 / 60 + 9.0 / 3600);
  EXPECT_DOUBLE_EQ(parse_angle("41d16'09.5\"").degrees(), 41.0 + 16.0 / 60 + 9.5 / 3600);
}

TEST(ParseAngle, KeepsTheSignOfMinusNoughtDegrees) { EXPECT_DOUBLE_EQ(parse_angle("-0d30m").degrees(), -0.5); }

TEST(ParseAngle, RefusesWhatCouldBeTwoThings) {
  for (const char* text : {"10", "", "12:30:00", "5m", "1h60m", "1.5h30m", "1h-30m", "inf deg", "nan deg", "0x10 deg",
                           "10 degC", "1h30", "deg"}) {
    EXPECT_THROW(parse_angle(text), Error) << text;
  }
}

TEST(ParseTarget, ReadsEveryForm) {
  EXPECT_EQ(parse_target("icrs 10.684 41.269"), Target(Icrs{degrees(10.684), degrees(41.269)}));
  EXPECT_EQ(parse_target("ICRS 10.684, +41.269"), Target(Icrs{degrees(10.684), degrees(41.269)}));
  EXPECT_EQ(parse_target("galactic 120 0"), Target(Galactic{120_deg, 0_deg}));
  EXPECT_EQ(parse_target("altaz 180 45 deg"), Target(AltAz{180_deg, 45_deg}));
  EXPECT_EQ(parse_target("altaz 450 45"), Target(AltAz{450_deg, 45_deg}));
  EXPECT_EQ(parse_target(" sun "), Target(Body::sun));
  EXPECT_EQ(parse_target("moon"), Target(Body::moon));
  const auto andromeda = std::get<Icrs>(parse_target("icrs 0h42m44s 41d16m"));
  EXPECT_NEAR(andromeda.ra.degrees(), 10.683333333, 1e-9);
  EXPECT_NEAR(andromeda.dec.degrees(), 41.266666667, 1e-9);
}

TEST(ParseTarget, SaysWhatItExpected) {
  EXPECT_THAT(refusal(""), HasSubstr("it is empty"));
  EXPECT_THAT(refusal("icrs 10"), HasSubstr("two angles"));
  EXPECT_THAT(refusal("icrs 10 91"), HasSubstr("declination must be -90 to 90 deg, is 91"));
  EXPECT_THAT(refusal("icrs nan 10"), HasSubstr("right ascension"));
  EXPECT_THAT(refusal("altaz 180 45 3"), HasSubstr("two angles"));
  EXPECT_THAT(refusal("sun 3"), HasSubstr("nothing may follow"));
  EXPECT_THAT(refusal("M311"), HasSubstr("\"galactic 120 0\""));
}

TEST(TargetText, IsAsShortAsWhatAPersonWrote) {
  EXPECT_EQ(to_string(parse_target("icrs 10.684 41.269")), "icrs 10.684 41.269");
  EXPECT_EQ(to_string(parse_target("galactic 120 0")), "galactic 120 0");
  EXPECT_EQ(to_string(Body::sun), "sun");
}

TEST(TargetText, ReadsBackToTheSameBits) {
  std::mt19937_64 random(1420);
  std::uniform_real_distribution<double> longitude(0.0, 6.28);
  std::uniform_real_distribution<double> latitude(-1.57, 1.57);
  for (int i = 0; i < 2000; ++i) {
    const Target target = Icrs{radians(longitude(random)), radians(latitude(random) * (i % 3 == 0 ? 1e-9 : 1.0))};
    EXPECT_EQ(parse_target(to_string(target)), target) << to_string(target);
  }
}

TEST(Separation, IsRightWhereACosineIsNot) {
  const Icrs a{10_deg, 89_deg};
  EXPECT_NEAR(separation(a, a).arcseconds(), 0.0, 1e-12);
  EXPECT_NEAR(separation(Icrs{0_deg, 0_deg}, Icrs{degrees(1e-9), 0_deg}).degrees(), 1e-9, 1e-20);
  EXPECT_NEAR(separation(Icrs{0_deg, 90_deg}, Icrs{77_deg, -90_deg}).degrees(), 180.0, 1e-12);
  EXPECT_NEAR(separation(AltAz{359_deg, 0_deg}, AltAz{1_deg, 0_deg}).degrees(), 2.0, 1e-12);
}

}  // namespace
}  // namespace astro
