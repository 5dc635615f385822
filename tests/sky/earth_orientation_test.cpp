// SPDX-License-Identifier: BSD-3-Clause
#include "astro/sky/earth_orientation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "astro/error.hpp"
#include "astro/sky/frames.hpp"
#include "testing/testing.hpp"

namespace astro::sky {
namespace {

using namespace astro::literals;
using ::testing::HasSubstr;

// Lines of finals2000A.all as the IERS published them in November 2026: three days over the leap
// second of 2017-01-01 with values of Bulletin B, and two without.
constexpr const char* finals =
    "161231 57753.00 I  0.077432 0.000091  0.268303 0.000091  I-0.4077645 0.0000073  1.2530 0.0064  I     0.082    "
    "0.106     0.123    0.160  0.077290  0.268200 -0.4077990     0.121    -0.094  \n"
    "17 1 1 57754.00 I  0.076065 0.000091  0.269524 0.000091  I 0.5910127 0.0000055  1.1920 0.0064  I     0.082    "
    "0.106     0.123    0.160  0.075810  0.269430  0.5910000     0.128    -0.094  \n"
    "17 1 2 57755.00 P  0.074736 0.000091  0.270785 0.000091  P 0.5898610 0.0000105  1.1260 0.0064  I     0.082    "
    "0.106     0.123    0.160                                                     \n"
    "17 1 3 57756.00                                                                                       \n";

constexpr const char* c04 =
    "# EOP (IERS) 20 C04 TIME SERIES\n"
    "2016  12  31   0  57753.00    0.077290    0.268200  -0.4077990    0.000121   -0.000094\n"
    "2017   1   1   0  57754.00    0.075810    0.269430   0.5910000    0.000128   -0.000094\n";

constexpr const char* older_c04 =
    "                         INTERNATIONAL EARTH ROTATION AND REFERENCE SYSTEMS SERVICE\n"
    "      Date      MJD      x          y        UT1-UTC       LOD         dX        dY\n"
    "2016  12  31  57753   0.077290   0.268200  -0.4077990   0.0012530   0.000121  -0.000094\n"
    "2017   1   1  57754   0.075810   0.269430   0.5910000   0.0011920   0.000128  -0.000094\n";

/// Whatever a test sets is gone after it.
class EarthOrientationInUse : public ::testing::Test {
 protected:
  void TearDown() override { set_earth_orientation(nullptr); }
};

TEST(EarthOrientationFile, IsReadInEachOfItsFormats) {
  for (const char* text : {finals, c04, older_c04}) {
    const EarthOrientation table = EarthOrientation::parse(text, "a test");
    EXPECT_EQ(table.first(), parse_time("2016-12-31"));
    const EarthOrientationValues at = table.at(parse_time("2016-12-31"));
    EXPECT_NEAR(at.ut1_minus_utc_s, -0.407799, 1e-9);
    EXPECT_NEAR(at.xp.arcseconds(), 0.07729, 1e-12);
    EXPECT_NEAR(at.yp.arcseconds(), 0.26820, 1e-12);
    EXPECT_NEAR(table.at(parse_time("2017-01-01")).ut1_minus_utc_s, 0.591, 1e-9);
  }
}

TEST(EarthOrientationFile, SaysWhatIsPredicted) {
  const EarthOrientation table = EarthOrientation::parse(finals, "a test");
  EXPECT_EQ(table.last(), parse_time("2017-01-02"));
  EXPECT_EQ(table.last_measured(), parse_time("2017-01-01"));
}

TEST(EarthOrientationFile, IsRefusedWithItsLineWhenItIsBroken) {
  for (const char* text :
       {"", "hello\n", "2016 12 31 0 57753.00 0.07 0.26 -0.4 0 0\n2017 1 2 0 57755.00 0.07 0.26 0.59 0 0\n",
        "2016 12 31 0 57753.00 0.07 0.26 -40 0 0\n"}) {
    try {
      EarthOrientation::parse(text, "table.txt");
      FAIL() << "accepted: " << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_file);
      EXPECT_THAT(error.what(), HasSubstr("table.txt, line "));
    }
  }
  EXPECT_THROW(EarthOrientation::read("/nowhere/finals2000A.all"), Error);
}

TEST(EarthOrientationValuesBetweenDays, GoEvenlyThroughALeapSecond) {
  const EarthOrientation table = EarthOrientation::parse(c04, "a test");
  // UT1 - UTC falls by 1.2 ms over the day, and jumps by a second at its end only.
  EXPECT_NEAR(table.at(parse_time("2016-12-31T12:00:00")).ut1_minus_utc_s, -0.4083995, 1e-7);
  EXPECT_NEAR(table.at(parse_time("2016-12-31T23:59:59")).ut1_minus_utc_s, -0.409, 1e-5);
}

TEST(EarthOrientationValuesBetweenDays, StayAfterTheLastAndAreNothingBeforeTheFirst) {
  const EarthOrientation table = EarthOrientation::parse(c04, "a test");
  EXPECT_NEAR(table.at(parse_time("2019-01-01")).ut1_minus_utc_s, 0.591, 1e-9);
  EXPECT_EQ(table.at(parse_time("2016-12-30")), EarthOrientationValues());
}

TEST_F(EarthOrientationInUse, TurnsTheSkyByUt1) {
  const Location site{0_deg, 0_deg, 0.0};
  const Time time = parse_time("2017-01-01");
  const Angle without = sidereal_time(site, time);
  set_earth_orientation(std::make_shared<const EarthOrientation>(EarthOrientation::parse(c04, "a test")));
  EXPECT_NEAR((sidereal_time(site, time) - without).arcseconds(), 0.591 * 15.0411, 1e-4);
  // The pole: towards Greenwich is down in the south of that meridian, by xp cos(longitude) at the pole star.
  const AltAz pole = altaz(Icrs{0_deg, 90_deg}, site, time);
  set_earth_orientation(nullptr);
  const AltAz pole_without = altaz(Icrs{0_deg, 90_deg}, site, time);
  EXPECT_NEAR((pole.altitude - pole_without.altitude).arcseconds(), 0.0758, 0.02);
}

TEST_F(EarthOrientationInUse, SaysHowLargeTheErrorIs) {
  EXPECT_THAT(earth_orientation_warning(parse_time("2017-01-01")), HasSubstr("14 arcsec"));
  set_earth_orientation(std::make_shared<const EarthOrientation>(EarthOrientation::parse(c04, "a test")));
  EXPECT_EQ(earth_orientation_warning(parse_time("2017-01-01")), "");
  EXPECT_THAT(earth_orientation_warning(parse_time("2017-04-11")), HasSubstr("ended on 2017-01-01"));
  EXPECT_THAT(earth_orientation_warning(parse_time("2017-04-11")), HasSubstr("2.3 arcsec"));
  EXPECT_THAT(earth_orientation_warning(parse_time("2016-01-01")), HasSubstr("begins only on 2016-12-31"));
}

int warnings = 0;

TEST_F(EarthOrientationInUse, WarnsOnceAndNotForEveryPlace) {
  set_earth_orientation(nullptr);
  warnings = 0;
  set_earth_orientation_listener([](const std::string&) { ++warnings; });
  for (int i = 0; i < 3; ++i) sidereal_time({0_deg, 0_deg, 0.0}, parse_time("2017-01-01"));
  EXPECT_EQ(warnings, 1);
  set_earth_orientation(std::make_shared<const EarthOrientation>(EarthOrientation::parse(c04, "a test")));
  sidereal_time({0_deg, 0_deg, 0.0}, parse_time("2016-12-31T12:00:00"));
  EXPECT_EQ(warnings, 1) << "the table has this time";
  sidereal_time({0_deg, 0_deg, 0.0}, parse_time("2017-12-31"));
  EXPECT_EQ(warnings, 2) << "it has run out";
  set_earth_orientation_listener(nullptr);
}

TEST_F(EarthOrientationInUse, IsSwappedWhileOthersCompute) {
  const auto table = std::make_shared<const EarthOrientation>(EarthOrientation::parse(c04, "a test"));
  const Location site{0_deg, 0_deg, 0.0};
  const Time time = parse_time("2016-12-31T12:00:00");
  set_earth_orientation(table);
  const Angle with = sidereal_time(site, time);
  set_earth_orientation(nullptr);
  const Angle without = sidereal_time(site, time);
  std::thread swaps([&] {
    for (int i = 0; i < 200; ++i) set_earth_orientation(i % 2 == 0 ? table : nullptr);
  });
  for (int i = 0; i < 200; ++i) {
    const Angle now = sidereal_time(site, time);
    EXPECT_TRUE(now == with || now == without);
  }
  swaps.join();
}

}  // namespace
}  // namespace astro::sky
