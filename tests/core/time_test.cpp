// SPDX-License-Identifier: BSD-3-Clause
#include "astro/time.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "astro/error.hpp"

namespace astro {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;

const Time morning = sys_days(std::chrono::year(2021) / 2 / 10) + 7h + 57min + 41s;

TEST(Time, ReadsIso8601InItsForms) {
  EXPECT_EQ(parse_time("2021-02-10T07:57:41"), morning);
  EXPECT_EQ(parse_time("2021-02-10 07:57:41Z"), morning);
  EXPECT_EQ(parse_time("2021-02-10T08:57:41+01:00"), morning);
  EXPECT_EQ(parse_time("2021-02-10T02:27:41-0530"), morning);
  EXPECT_EQ(parse_time("2021-02-10T07:57:41.123456789Z"), morning + 123456789ns);
  EXPECT_EQ(parse_time("2021-02-10"), Time(sys_days(std::chrono::year(2021) / 2 / 10)));
  EXPECT_EQ(parse_time("1969-12-31T23:59:59.5"), Time(-500ms));
}

TEST(Time, CountsALeapSecondAsTheNextOne) {
  EXPECT_EQ(parse_time("2016-12-31T23:59:60Z"), parse_time("2017-01-01T00:00:00Z"));
}

TEST(Time, RefusesWhatIsNoInstant) {
  for (const char* text : {"", "yesterday", "2021-02-30", "2021-13-01", "2021-02-10T24:00:00", "2021-02-10T07:60:00",
                           "2021-02-10T07:57:41.", "2021-02-10T07:57:41+1:00", "2021-02-10T07:57:41Zulu", "10.2.2021",
                           "2021-02-10T07:57:61", "2021-02-10T", "1500-01-01", "2400-01-01"}) {
    EXPECT_THROW(parse_time(text), Error) << text;
  }
}

TEST(Time, WritesWhatItReads) {
  EXPECT_EQ(format_time(morning), "2021-02-10T07:57:41.000Z");
  EXPECT_EQ(format_time(morning, 0), "2021-02-10T07:57:41Z");
  EXPECT_EQ(format_time(morning + 999999999ns), "2021-02-10T07:57:41.999Z");  // never a second that has not come
  EXPECT_EQ(format_time(Time(-1ns), 9), "1969-12-31T23:59:59.999999999Z");
  for (const Time time : {morning, Time(-1ns), Time(Duration(4'000'000'000'123'456'789)), Time::min() + 72h}) {
    EXPECT_EQ(parse_time(format_time(time, 9)), time);
  }
}

TEST(Time, RoundsSecondsToTheNanosecond) {
  EXPECT_EQ(from_seconds(0.1), 100ms);
  EXPECT_EQ(from_seconds(-1.5), -1500ms);
  EXPECT_EQ(from_seconds(1e9), 1'000'000'000s);
  EXPECT_THROW(from_seconds(NAN), Error);
  EXPECT_THROW(from_seconds(1e10), Error);
}

TEST(Time, KnowsTheModifiedJulianDate) {
  // MJD 51544.5 is 2000-01-01T12:00 (the definition of J2000.0 as a UTC date).
  EXPECT_DOUBLE_EQ(mjd(parse_time("2000-01-01T12:00:00Z")), 51544.5);
  EXPECT_EQ(from_mjd(51544.5), parse_time("2000-01-01T12:00:00Z"));
  const auto error = from_mjd(mjd(morning)) - morning;
  EXPECT_LT(std::abs(error.count()), 1000);
  EXPECT_LT(mjd(Time(-1h)), 40587.0);
  EXPECT_THROW(from_mjd(NAN), Error);
  EXPECT_THROW(from_mjd(1e9), Error);
}

}  // namespace
}  // namespace astro
