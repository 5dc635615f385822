// SPDX-License-Identifier: BSD-3-Clause
#include "astro/sky/observer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <thread>

#include "astro/error.hpp"

namespace astro::sky {
namespace {

using namespace astro::literals;

const Location green_bank{degrees(38.433), degrees(-79.840), 800.0};
const Time evening = parse_time("2024-03-09T22:13:07");
constexpr double mas_a_radian = 206264806.2;

double milliarcseconds(const AltAz& a, const AltAz& b) { return separation(a, b).radians() * mas_a_radian; }

std::vector<Icrs> random_directions(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> unit(0.0, 1.0);
  std::vector<Icrs> made;
  for (std::size_t i = 0; i < count; ++i) {
    made.push_back({degrees(360 * unit(random)), radians(std::asin(2 * unit(random) - 1))});
  }
  return made;
}

/// Over twelve hours, in no order.
std::vector<Time> shuffled_times(std::size_t count) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> unit(0.0, 12 * 3600.0);
  std::vector<Time> made;
  for (std::size_t i = 0; i < count; ++i) made.push_back(evening + from_seconds(unit(random)));
  return made;
}

/// Twenty days with a leap second and a moving pole, so that nothing is zero.
std::shared_ptr<const EarthOrientation> orientation_of(int first_mjd, int days, double ut1) {
  std::string text;
  for (int i = 0; i < days; ++i) {
    char line[160];
    std::snprintf(line, sizeof line, "2017 1 1 0 %d.00 %.6f %.6f %.7f 0 0\n", first_mjd + i, 0.1 + 0.002 * i,
                  0.3 - 0.0013 * i, ut1 - 0.0012 * i + (first_mjd + i >= 57754 && first_mjd < 57754 ? 1.0 : 0.0));
    text += line;
  }
  return std::make_shared<const EarthOrientation>(EarthOrientation::parse(text, "a test"));
}

class PreparedSky : public ::testing::Test {
 protected:
  void SetUp() override { set_earth_orientation_listener(nullptr); }
  void TearDown() override { set_earth_orientation(nullptr); }
};

TEST_F(PreparedSky, IsTheFullComputationToAHundredthOfAMilliarcsecond) {
  set_earth_orientation(orientation_of(57744, 20, -0.4));
  const auto directions = random_directions(400, 1);
  double worst = 0.0;
  std::mt19937 random(2);
  std::uniform_real_distribution<double> unit(0.0, 1.0);
  for (const Icrs& direction : directions) {
    const Location site{degrees(180 * unit(random) - 90), degrees(360 * unit(random) - 180), 3000 * unit(random)};
    const Time time = parse_time("2016-12-22") + from_seconds(unit(random) * 18 * 86400);
    const AltAz full = altaz(direction, site, time);
    worst = std::max(worst, milliarcseconds(Observer(site).altaz(direction, time), full));
  }
  EXPECT_LT(worst, 0.01);
  RecordProperty("worst_mas", std::to_string(worst));
}

TEST_F(PreparedSky, IsTheFullComputationBeforeLeapSecondsAndFarAhead) {
  for (const char* text :
       {"1965-03-04T05:06:07", "1972-01-01T00:00:00", "1971-12-31T23:59:59", "2099-07-01T17:00:01"}) {
    const Time time = parse_time(text);
    for (const Icrs& direction : random_directions(20, 3)) {
      const AltAz full = altaz(direction, green_bank, time);
      EXPECT_LT(milliarcseconds(Observer(green_bank).altaz(direction, time), full), 0.02) << text;
    }
  }
}

TEST_F(PreparedSky, IsTheFullComputationThroughTheAir) {
  const Weather air = standard_weather(green_bank);
  const Observer observer(green_bank, air);
  for (const Icrs& direction : random_directions(200, 4)) {
    const AltAz full = altaz(direction, green_bank, evening, air);
    EXPECT_LT(milliarcseconds(observer.altaz(direction, evening), full), 0.01) << full.altitude.degrees();
  }
}

TEST_F(PreparedSky, HasBodiesToAMilliarcsecond) {
  const Observer observer(green_bank);
  for (const Body body : {Body::sun, Body::moon, Body::mercury, Body::venus, Body::mars, Body::jupiter, Body::saturn,
                          Body::uranus, Body::neptune}) {
    double worst = 0.0;
    for (int hour = 0; hour < 30; ++hour) {
      const Time time = evening + std::chrono::minutes(61 * hour);
      worst = std::max(worst, milliarcseconds(observer.altaz(body, time), altaz(body, green_bank, time)));
    }
    EXPECT_LT(worst, 1.0) << name_of(body);
  }
}

TEST_F(PreparedSky, BendsLightBesideTheSun) {
  // Two degrees from it stars are moved by a quarter of an arcsecond.
  const Icrs sun = icrs(Body::sun, green_bank, evening);
  const Icrs beside{sun.ra + 2_deg, sun.dec};
  EXPECT_LT(milliarcseconds(Observer(green_bank).altaz(beside, evening), altaz(beside, green_bank, evening)), 0.01);
}

TEST_F(PreparedSky, DoesNotDependOnTheOrderOfTheQuestions) {
  const Icrs direction{123_deg, degrees(-12)};
  std::vector<Time> times = shuffled_times(2000);
  std::vector<AltAz> shuffled(times.size());
  Observer(green_bank).altaz(direction, times, shuffled);
  std::vector<std::size_t> order(times.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return times[a] < times[b]; });
  const Observer sorted(green_bank);
  for (const std::size_t i : order) EXPECT_EQ(sorted.altaz(direction, times[i]), shuffled[i]);
}

TEST_F(PreparedSky, GivesTheSameForManyTargetsAndForOneToRounding) {
  const auto directions = random_directions(300, 5);
  const Observer observer(green_bank, standard_weather(green_bank));
  std::vector<AltAz> together(directions.size());
  observer.altaz(directions, evening, together);
  std::vector<AltAz> paired(directions.size());
  observer.altaz(directions, std::vector<Time>(directions.size(), evening), paired);
  for (std::size_t i = 0; i < directions.size(); ++i) {
    EXPECT_LT(milliarcseconds(together[i], paired[i]), 1e-6);
    EXPECT_LT(milliarcseconds(together[i], observer.altaz(directions[i], evening)), 1e-6);
  }
}

TEST_F(PreparedSky, DoesNotDependOnHowManyAreAsked) {
  // Blocks that are full, begun and nearly empty, at one time and at many.
  const auto directions = random_directions(300, 8);
  const std::vector<Time> times = shuffled_times(300);
  const Observer observer(green_bank, standard_weather(green_bank));
  std::vector<AltAz> all(300);
  std::vector<AltAz> at_once(300);
  observer.altaz(directions, times, all);
  observer.altaz(directions, evening, at_once);
  for (const std::size_t count : {1U, 7U, 8U, 9U, 127U, 128U, 129U, 299U}) {
    std::vector<AltAz> some(count);
    observer.altaz(std::span(directions).first(count), std::span(times).first(count), some);
    EXPECT_TRUE(std::equal(some.begin(), some.end(), all.begin())) << count;
    observer.altaz(std::span(directions).first(count), evening, some);
    EXPECT_TRUE(std::equal(some.begin(), some.end(), at_once.begin())) << count;
  }
}

TEST_F(PreparedSky, TakesAnglesOfManyTurnsAndThePoles) {
  const Observer observer(green_bank);
  const Icrs direction{50_deg, 20_deg};
  for (const double turns : {-3.0, 1.0, 1000.0, 1e5}) {
    const Icrs same{degrees(50 + 360 * turns), 20_deg};
    const std::vector<Icrs> asked{same};
    std::vector<AltAz> place(1);
    observer.altaz(asked, evening, place);
    EXPECT_LT(milliarcseconds(place[0], observer.altaz(direction, evening)), 0.01 + std::abs(turns) * 1e-4) << turns;
  }
  for (const double dec : {-90.0, 90.0}) {
    const Icrs pole{123_deg, degrees(dec)};
    EXPECT_LT(milliarcseconds(observer.altaz(pole, evening), altaz(pole, green_bank, evening)), 0.01);
  }
}

TEST_F(PreparedSky, FindsTheWayBack) {
  const auto directions = random_directions(300, 6);
  const std::vector<Time> times = shuffled_times(300);
  const Observer observer(green_bank);
  std::vector<AltAz> places(directions.size());
  observer.altaz(directions, times, places);
  std::vector<Icrs> back(directions.size());
  observer.icrs(places, times, back);
  for (std::size_t i = 0; i < back.size(); ++i) {
    EXPECT_LT(separation(back[i], directions[i]).radians() * mas_a_radian, 0.001);
  }
  const Icrs full = icrs(places[3], green_bank, times[3]);
  EXPECT_LT(separation(back[3], full).radians() * mas_a_radian, 0.01);
}

TEST_F(PreparedSky, HasTheVelocitiesToAMillimetreASecond) {
  const Observer observer(green_bank);
  const std::vector<Time> times = shuffled_times(50);
  const Icrs direction{300_deg, 20_deg};
  for (const VelocityFrame frame : {VelocityFrame::topo, VelocityFrame::geo, VelocityFrame::helio, VelocityFrame::bary,
                                    VelocityFrame::lsrk, VelocityFrame::lsrd, VelocityFrame::galacto}) {
    std::vector<double> km_s(times.size());
    observer.velocity_correction_km_s(direction, times, frame, km_s);
    for (std::size_t i = 0; i < times.size(); ++i) {
      EXPECT_NEAR(km_s[i], sky::velocity_correction_km_s(direction, green_bank, times[i], frame), 1e-6);
    }
  }
}

TEST_F(PreparedSky, AnswersManyThreadsAtOnce) {
  const Observer observer(green_bank);
  const Icrs direction{10_deg, 20_deg};
  const AltAz expected = Observer(green_bank).altaz(direction, evening);
  std::vector<std::thread> threads;
  std::array<int, 4> right{};
  for (std::size_t t = 0; t < right.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        observer.altaz(direction, evening + std::chrono::hours(6 * i));
        right[t] += observer.altaz(direction, evening) == expected ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int count : right) EXPECT_EQ(count, 50);
}

TEST_F(PreparedSky, RefusesSpansThatDoNotFit) {
  const std::vector<Time> times(3, evening);
  std::vector<AltAz> places(2);
  EXPECT_THROW(Observer(green_bank).altaz(Icrs{}, times, places), Error);
  EXPECT_THROW(Observer({radians(std::nan("")), 0_deg, 0.0}), Error);
  places.resize(3);
  EXPECT_THROW(Observer(green_bank).altaz(Icrs{radians(std::nan("")), 0_deg}, times, places), Error);
}

TEST_F(PreparedSky, TakesEveryKindOfTarget) {
  const Observer observer(green_bank);
  for (const char* text : {"galactic 120 5", "fk5 J1975 20 30", "altaz 100 30", "hadec 20 30", "venus", "Cas A",
                           "ephemeris 2024-03-09T22:00:00Z 10 20; 2024-03-09T23:00:00Z 11 21; 2024-03-10 12 22"}) {
    const Target target = parse_target(text);
    EXPECT_LT(milliarcseconds(observer.altaz(target, evening), altaz(target, green_bank, evening)), 1.0) << text;
  }
}

}  // namespace
}  // namespace astro::sky
