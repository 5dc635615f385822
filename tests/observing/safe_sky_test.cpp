// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>

#include "core/bench.hpp"
#include "safe_judge.hpp"

namespace astro::testing {
namespace {

using ::testing::HasSubstr;

const Location tenerife{degrees(28.3009), degrees(-16.5098), 2390.0};
const Time noon = parse_time("2026-06-21T13:10:00Z");
const Time afternoon = parse_time("2026-06-21T16:00:00Z");
const MountLimits whole{{degrees(0), degrees(450)}, {degrees(5), degrees(88)}};

Axes axes(double first, double second) { return {degrees(first), degrees(second)}; }

SafeSky sky_with(SafetySection rules) { return {tenerife, Geometry::alt_az, whole, std::move(rules)}; }

SafetySection ten_degrees() {
  SafetySection rules;
  rules.sun_distance = degrees(10);
  return rules;
}

TEST(SafeSky, ForbidsNothingWithoutRules) {
  const SafeSky sky = sky_with({});
  const Spot sun = sun_at(tenerife, noon);
  EXPECT_FALSE(sky.objection(AltAz{degrees(sun.azimuth), degrees(sun.altitude)}, noon));
  EXPECT_FALSE(sky.objection(axes(100, 5), noon));
  EXPECT_EQ(sky.route({}, axes(10, 10), axes(400, 80), noon), std::vector{axes(400, 80)});
}

TEST(SafeSky, KeepsTheBeamFromTheSunAndSaysHowFarItWouldBe) {
  const SafeSky sky = sky_with(ten_degrees());
  const Spot sun = sun_at(tenerife, afternoon);
  const auto below = [&](double distance) { return AltAz{degrees(sun.azimuth), degrees(sun.altitude - distance)}; };
  EXPECT_FALSE(sky.objection(below(10.01), afternoon));
  const auto objection = sky.objection(below(9.5), afternoon);
  ASSERT_TRUE(objection);
  EXPECT_THAT(*objection, HasSubstr("the Sun is 9.5 deg from azimuth"));
  EXPECT_THAT(*objection, HasSubstr("10 deg"));
  EXPECT_NEAR(sky.clearance(below(12), afternoon).degrees(), 2.0, 1e-3);
  EXPECT_NEAR(sky.clearance(below(4), afternoon).degrees(), -6.0, 1e-3);
}

TEST(SafeSky, LooksWhereTheBeamIsAndNotWhatTheAxesRead) {
  const auto model = std::make_shared<const sky::PointingModel>(
      Geometry::alt_az, std::vector<sky::PointingTerm>{{"IA", degrees(20)}, {"IE", degrees(-4)}, {"CA", degrees(1)}});
  const SafeSky sky(tenerife, Geometry::alt_az, whole, ten_degrees(), model);
  const Spot sun = sun_at(tenerife, afternoon);
  const Axes at_the_sun = model->axes_of(axes(sun.azimuth, sun.altitude));
  EXPECT_THAT(sky.objection(at_the_sun, afternoon).value_or(""), HasSubstr("the Sun is"));
  EXPECT_FALSE(sky.objection(Axes{at_the_sun.first - degrees(25), at_the_sun.second}, afternoon));
  // Round it, and no point of the way nearer than the rules say.
  const Axes before = model->axes_of(axes(sun.azimuth - 40, sun.altitude));
  const Axes behind = model->axes_of(axes(sun.azimuth + 40, sun.altitude));
  Axes at = before;
  for (const Axes& next : sky.route({}, before, behind, afternoon)) {
    for (int step = 0; step <= 1000; ++step) {
      const double part = step / 1000.0;
      const Axes there{at.first + (next.first - at.first) * part, at.second + (next.second - at.second) * part};
      const Axes place = model->place_of(there);
      EXPECT_GT(sky.clearance(AltAz{place.first, place.second}, afternoon), degrees(-0.02));
    }
    at = next;
  }
  EXPECT_EQ(at, behind);
}

TEST(SafeSky, KeepsTheBeamFromTheMoon) {
  SafetySection rules;
  rules.moon_distance = degrees(5);
  const SafeSky sky = sky_with(rules);
  const Time night = parse_time("2026-06-27T23:00:00Z");
  const AltAz moon = sky::altaz(Body::moon, tenerife, night, sky::standard_weather(tenerife));
  ASSERT_GT(moon.altitude, degrees(10));
  EXPECT_THAT(sky.objection(moon, night).value_or(""), HasSubstr("the Moon is"));
  EXPECT_FALSE(sky.objection(AltAz{moon.azimuth, moon.altitude + degrees(5.1)}, night));
}

TEST(SafeSky, DrawsTheHorizonStraightBetweenItsPointsAndRoundTheNorth) {
  SafetySection rules;
  rules.horizon = {{degrees(90), degrees(20)}, {degrees(350), degrees(10)}, {degrees(10), degrees(30)}};
  const SafeSky sky = sky_with(rules);
  const auto is_free = [&](double azimuth, double altitude) {
    return !sky.objection(AltAz{degrees(azimuth), degrees(altitude)}, noon);
  };
  EXPECT_TRUE(is_free(0, 20.01));
  EXPECT_FALSE(is_free(0, 19.99));
  EXPECT_TRUE(is_free(355, 15.01));
  EXPECT_FALSE(is_free(355, 14.99));
  EXPECT_TRUE(is_free(50, 25.01));
  EXPECT_FALSE(is_free(50, 24.99));
  EXPECT_TRUE(is_free(220, 15.01));
  EXPECT_FALSE(is_free(220, 14.99));
  EXPECT_THAT(sky.objection(AltAz{degrees(0), degrees(12)}, noon).value_or(""),
              HasSubstr("altitude 12 deg is below the horizon's line at azimuth 0 deg, 20 deg"));
}

TEST(SafeSky, NamesTheLimitsThatAxesWouldLeave) {
  EXPECT_THAT(sky_with({}).objection(axes(10, 89), noon).value_or(""), HasSubstr("altitude 89 deg"));
}

TEST(SafeSky, GoesRoundTheSunByOneAxisAfterTheOther) {
  const SafeSky sky = sky_with(ten_degrees());
  const Spot sun = sun_at(tenerife, afternoon);
  const Axes from = axes(sun.azimuth - 20, sun.altitude);
  const Axes to = axes(sun.azimuth + 20, sun.altitude);
  const auto way = sky.route({}, from, to, afternoon);
  ASSERT_GE(way.size(), 3U);
  EXPECT_EQ(way.back(), to);
  Axes last = from;
  for (const Axes& point : way) {
    EXPECT_TRUE(point.first == last.first || point.second == last.second) << "one axis at a time";
    last = point;
  }
}

TEST(SafeSky, RefusesAGoalInForbiddenSkyAndAWayThatIsNot) {
  const SafeSky sky = sky_with(ten_degrees());
  const Spot sun = sun_at(tenerife, afternoon);
  std::string message;
  EXPECT_EQ(code_of([&] { (void)sky.route({}, axes(0, 40), axes(sun.azimuth, sun.altitude), afternoon); }, &message),
            ErrorCode::unsafe);
  EXPECT_THAT(message, HasSubstr("the Sun is"));
  // Two ridges of 89 degrees across all that the limits leave.
  SafetySection wall;
  for (const double middle : {100.0, 300.0}) {
    for (const auto& [aside, altitude] : {std::pair{-6.0, 0.0}, {-5.0, 89.0}, {5.0, 89.0}, {6.0, 0.0}}) {
      wall.horizon.push_back({degrees(middle + aside), degrees(altitude)});
    }
  }
  const SafeSky walled = sky_with(wall);
  EXPECT_EQ(code_of([&] { (void)walled.route({}, axes(50, 40), axes(200, 40), noon); }, &message), ErrorCode::unsafe);
  EXPECT_THAT(message, HasSubstr("no safe way from azimuth 50 deg, altitude 40 deg"));
  EXPECT_EQ(walled.route({}, axes(310, 40), axes(400, 40), noon).size(), 1U);
}

TEST(SafeSky, LeadsOutOfForbiddenSkyAndNeverDeeperIn) {
  const SafeSky sky = sky_with(ten_degrees());
  const Spot sun = sun_at(tenerife, afternoon);
  for (const double angle : {0.0, 45.0, 100.0, 190.0, 300.0}) {
    const Axes from = axes(sun.azimuth + 6 * cosine(angle), sun.altitude + 6 * sine(angle));
    const auto way = sky.route({}, from, axes(20, 30), afternoon);
    double nearest = apart({from.first.degrees(), from.second.degrees()}, sun);
    Axes last = from;
    for (const Axes& point : way) {
      for (int i = 0; i <= 1000; ++i) {
        const double f = last.first.degrees() + (point.first - last.first).degrees() * i / 1000.0;
        const double s = last.second.degrees() + (point.second - last.second).degrees() * i / 1000.0;
        const double distance = apart({f, s}, sun);
        EXPECT_GE(distance, std::min(nearest, 10.0) - 0.01);
        nearest = std::max(nearest, std::min(distance, 10.0));
      }
      last = point;
    }
  }
}

/// Whatever the two axes do on a leg, each goes from its beginning to its end and never back.
Axes somewhere_between(const Axes& a, const Axes& b, Chance& chance) {
  const auto part = [&] { return chance.one_in(4) ? std::round(chance.between(0, 1)) : chance.between(0, 1); };
  return {a.first + (b.first - a.first) * part(), a.second + (b.second - a.second) * part()};
}

TEST(SafeSky, FindsOnlyWaysThatAreFreeHoweverFastEachAxisTurnsAndRefusesOnlyWhatCannotBeReached) {
  int refused = 0, found = 0, detours = 0;
  for (unsigned seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Chance chance(seed);
    Judge judge{.site = chance.site(), .limits = chance.limits()};
    if (chance.one_in(3)) {
      judge.geometry = Geometry::hour_angle_dec;
      judge.limits = {{degrees(-180), degrees(180)}, {degrees(-80), degrees(90)}};
    }
    judge.rules.horizon = chance.horizon();
    judge.rules.sun_distance = degrees(chance.between(1, 40));
    const Time time = chance.day(judge.site);
    const Spot sun = sun_at(judge.site, time);
    const SafeSky sky(judge.site, judge.geometry, judge.limits, judge.rules);
    const auto anywhere = [&] {
      return axes(chance.between(judge.limits.first.from.degrees(), judge.limits.first.to.degrees()),
                  chance.between(judge.limits.second.from.degrees(), judge.limits.second.to.degrees()));
    };
    Axes from = anywhere(), to = anywhere();
    for (int n = 0; n < 1000 && judge.clear(from.first.degrees(), from.second.degrees(), sun) < 2.0; ++n)
      from = anywhere();
    for (int n = 0; n < 1000 && judge.clear(to.first.degrees(), to.second.degrees(), sun) < 2.0; ++n) to = anywhere();
    if (judge.clear(from.first.degrees(), from.second.degrees(), sun) < 2.0) continue;
    if (judge.clear(to.first.degrees(), to.second.degrees(), sun) < 2.0) continue;
    try {
      const auto way = sky.route({}, from, to, time);
      ++found;
      detours += way.size() > 1;
      ASSERT_EQ(way.back(), to);
      Axes last = from;
      for (const Axes& point : way) {
        ASSERT_TRUE(judge.is_within_limits(point.first.degrees(), point.second.degrees()));
        for (int i = 0; i < 300; ++i) {
          const Axes at = somewhere_between(last, point, chance);
          ASSERT_GE(judge.clear(at.first.degrees(), at.second.degrees(), sun), -0.03)
              << at.first.degrees() << ", " << at.second.degrees();
        }
        last = point;
      }
    } catch (const Error& error) {
      ++refused;
      EXPECT_FALSE(judge.is_reachable(from, to, sun, 1.5)) << error.what();
    }
  }
  EXPECT_GT(found, 300);
  EXPECT_GT(detours, 30);
  RecordProperty("refused", refused);
  RecordProperty("detours", detours);
}

TEST(SafetySection, IsCheckedAgainstTheDevicesOfTheSite) {
  const std::string yaml = R"(
site: {name: Test, latitude: 28 deg, longitude: -16 deg}
mounts:
  dish: {driver: simulator}
controllers:
  weather: {driver: simulator.environment}
safety:
  dish:
    horizon: [{azimuth: 0 deg, altitude: 8 deg}, {azimuth: 360 deg, altitude: 9 deg}]
    sun_action: refuse
    conditions:
      - {point: weather.temprature, above: 30}
      - {point: wether.temperature, above: 30}
      - {point: weather.temperature}
      - {point: weather.system_status, above: 3}
      - {point: weather.system_status, equals: broken}
      - {point: weather.system_status, equals: error}
)";
  std::string problems;
  try {
    (void)parse_site(yaml);
  } catch (const SiteError& error) {
    for (const Problem& problem : error.problems()) {
      EXPECT_GT(problem.line, 7);
      problems += problem.message + " [" + problem.suggestion + "]\n";
    }
  }
  EXPECT_THAT(problems, HasSubstr("azimuth 0 deg stands there twice"));
  EXPECT_THAT(problems, HasSubstr("expected warn, stop or park"));
  EXPECT_THAT(problems, HasSubstr("'weather' has no such point [temperature]"));
  EXPECT_THAT(problems, HasSubstr("[weather]"));
  EXPECT_THAT(problems, HasSubstr("needs `above`, `below` or `equals`"));
  EXPECT_THAT(problems, HasSubstr("it is no number"));
  EXPECT_THAT(problems, HasSubstr("equals: "));
  EXPECT_EQ(std::ranges::count(problems, '\n'), 7) << problems;
}

}  // namespace
}  // namespace astro::testing
