// SPDX-License-Identifier: BSD-3-Clause
#include "astro/sky/events.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "astro/error.hpp"

namespace astro::sky {
namespace {

using namespace astro::literals;

const Location green_bank{degrees(38.433), degrees(-79.840), 800.0};
const Location greenwich{degrees(51.4769), degrees(0.0), 0.0};

double seconds_between(Time a, Time b) { return std::abs(seconds(a - b)); }

TEST(Events, OfAStarComeOnceASiderealDay) {
  const Time from = parse_time("2024-03-01");
  const auto found = events(Observer(green_bank), parse_target("M31"), from, from + std::chrono::days(10));
  std::vector<Event> transits;
  for (const Event& event : found) {
    if (event.kind == EventKind::transit) transits.push_back(event);
  }
  ASSERT_EQ(transits.size(), 10U);
  for (std::size_t i = 1; i < transits.size(); ++i) {
    EXPECT_NEAR(seconds(transits[i].time - transits[i - 1].time), 86164.09, 0.1);
  }
}

TEST(Events, AreWhereTheyShouldBe) {
  const Time from = parse_time("2024-03-01");
  const Horizon horizon(12_deg);
  int rises = 0;
  int sets = 0;
  for (const Event& event :
       events(Observer(green_bank), parse_target("Tau A"), from, from + std::chrono::days(3), horizon)) {
    if (event.kind == EventKind::transit) {
      EXPECT_NEAR(event.place.azimuth.degrees(), 180.0, 1e-3);
      EXPECT_NEAR(event.place.altitude.degrees(), 90 - 38.433 + 22.03, 0.02);  // its declination of date
      continue;
    }
    EXPECT_NEAR(event.place.altitude.degrees(), 12.0, 1e-4);
    (event.kind == EventKind::rise ? rises : sets)++;
    EXPECT_EQ(event.kind == EventKind::rise, event.place.azimuth < 180_deg);
  }
  EXPECT_EQ(rises, 3);
  EXPECT_EQ(sets, 3);
}

TEST(Events, OfTheSunAreThoseOfAnAlmanac) {
  // United States Naval Observatory, "Complete Sun and Moon Data for One Day": Greenwich, 2024-06-21:
  // sunrise 03:43, sunset 20:21, transit 12:02 UT; whole minutes.
  const Time from = parse_time("2024-06-21");
  const Horizon horizon(sunrise_altitude);
  const Observer observer(greenwich);
  const auto at = [&](EventKind kind) { return next_event(observer, Body::sun, kind, from, horizon).value().time; };
  EXPECT_LT(seconds_between(at(EventKind::rise), parse_time("2024-06-21T03:43:00")), 60.0);
  EXPECT_LT(seconds_between(at(EventKind::set), parse_time("2024-06-21T20:21:30")), 60.0);
  EXPECT_LT(seconds_between(at(EventKind::transit), parse_time("2024-06-21T12:02:00")), 60.0);
}

TEST(Events, DoNotComeToWhatStaysUpOrDown) {
  const Observer observer(green_bank);
  const Time from = parse_time("2024-03-01");
  const Icrs polar{37_deg, 89_deg};
  EXPECT_FALSE(next_event(observer, polar, EventKind::set, from));
  EXPECT_TRUE(next_event(observer, polar, EventKind::transit, from));
  EXPECT_FALSE(next_event(observer, Icrs{37_deg, degrees(-80)}, EventKind::rise, from));
  EXPECT_TRUE(events(observer, AltAz{10_deg, 20_deg}, from, from + std::chrono::days(1)).empty());
}

TEST(Events, RefuseSpansThatNobodyMeant) {
  const Time from = parse_time("2024-03-01");
  EXPECT_THROW(events(Observer(green_bank), Body::sun, from, from - std::chrono::seconds(1)), Error);
  EXPECT_THROW(nights(green_bank, from, from + std::chrono::days(500)), Error);
}

TEST(AHorizon, IsStraightBetweenItsPointsAndRoundTheNorth) {
  const Horizon horizon({{90_deg, 20_deg}, {350_deg, 10_deg}, {10_deg, 30_deg}});
  EXPECT_NEAR(horizon.at(90_deg).degrees(), 20.0, 1e-12);
  EXPECT_NEAR(horizon.at(50_deg).degrees(), 25.0, 1e-12);
  EXPECT_NEAR(horizon.at(0_deg).degrees(), 20.0, 1e-12);
  EXPECT_NEAR(horizon.at(360_deg).degrees(), 20.0, 1e-12);
  EXPECT_NEAR(horizon.at(355_deg).degrees(), 15.0, 1e-12);
  EXPECT_NEAR(horizon.at(degrees(-5)).degrees(), 15.0, 1e-12);
  EXPECT_TRUE(horizon.is_above({0_deg, 21_deg}));
  EXPECT_FALSE(horizon.is_above({0_deg, 19_deg}));
  EXPECT_THROW(Horizon(std::vector<AltAz>{}), Error);
  EXPECT_THROW(Horizon({{10_deg, 5_deg}, {370_deg, 6_deg}}), Error);
}

TEST(AHorizon, HidesATargetThatIsBehindAHill) {
  // A hill of 40 deg in the west and nothing in the east.
  const Horizon hill({{181_deg, 0_deg}, {182_deg, 40_deg}, {358_deg, 40_deg}, {359_deg, 0_deg}});
  const Observer observer(green_bank);
  const Time from = parse_time("2024-03-01");
  const Target crab = parse_target("M1");
  const Event set = next_event(observer, crab, EventKind::set, from, hill).value();
  EXPECT_NEAR(set.place.altitude.degrees(), 40.0, 1e-3);
  EXPECT_NEAR(next_event(observer, crab, EventKind::rise, from, hill).value().place.altitude.degrees(), 0.0, 1e-3);
}

TEST(Nights, LastFromDuskToDawn) {
  const Time from = parse_time("2024-03-01T17:00:00");
  const auto dark = nights(green_bank, from, from + std::chrono::days(2));
  ASSERT_EQ(dark.size(), 2U);
  for (const auto& [dusk, dawn] : dark) {
    EXPECT_NEAR(altaz(Body::sun, green_bank, dusk).altitude.degrees(), -18.0, 1e-4);
    EXPECT_NEAR(altaz(Body::sun, green_bank, dawn).altitude.degrees(), -18.0, 1e-4);
    EXPECT_GT(seconds(dawn - dusk), 9.5 * 3600);
  }
  const auto civil = nights(green_bank, from, from + std::chrono::days(2), civil_twilight);
  EXPECT_LT(civil[0].first, dark[0].first);
  // No astronomical night in Greenwich at midsummer.
  EXPECT_TRUE(nights(greenwich, parse_time("2024-06-21"), parse_time("2024-06-22")).empty());
  // And one that has begun before.
  const Time night = parse_time("2024-03-02T05:00:00");
  EXPECT_EQ(nights(green_bank, night, night + std::chrono::hours(1)).front(),
            std::pair(night, night + std::chrono::hours(1)));
}

TEST(TheParallacticAngle, IsNothingOnTheMeridianAndTurnsWestward) {
  EXPECT_NEAR(parallactic_angle({180_deg, 45_deg}, green_bank).degrees(), 0.0, 1e-9);
  EXPECT_GT(parallactic_angle({250_deg, 45_deg}, green_bank).degrees(), 0.0);
  EXPECT_LT(parallactic_angle({110_deg, 45_deg}, green_bank).degrees(), 0.0);
  // Smart 1977, Textbook on Spherical Astronomy, chapter 2: sin q = sin(H) cos(latitude) / cos(altitude).
  const AltAz place{250_deg, 45_deg};
  const HourAngleDec at = hour_angle_dec(place, green_bank);
  EXPECT_NEAR(
      std::sin(parallactic_angle(place, green_bank).radians()),
      std::sin(at.hour_angle.radians()) * std::cos(green_bank.latitude.radians()) / std::cos(place.altitude.radians()),
      1e-12);
}

TEST(Airmass, IsOneInTheZenithAndThirtyEightOnTheHorizon) {
  EXPECT_NEAR(airmass(90_deg), 1.0, 1e-3);
  EXPECT_NEAR(airmass(30_deg), 1.993, 0.003);  // Pickering 2002
  EXPECT_NEAR(airmass(0_deg), 38.75, 0.1);
  EXPECT_TRUE(std::isinf(airmass(degrees(-1))));
}

TEST(DistancesFromSunAndMoon, AreWhatSeparatesThem) {
  const Time eclipse = parse_time("2024-04-08T19:20:00");  // total over Cleveland, about 19:15 UTC
  const Location cleveland{degrees(41.5), degrees(-81.69), 200.0};
  EXPECT_LT(moon_distance(Body::sun, cleveland, eclipse).degrees(), 0.1);
  EXPECT_NEAR(sun_distance(Body::sun, cleveland, eclipse).degrees(), 0.0, 1e-9);
  EXPECT_GT(sun_distance(parse_target("M31"), cleveland, eclipse).degrees(), 20.0);
}

TEST(Refraction, IsWhatThePlaceInTheAirHas) {
  const Weather air = optical_weather(1010.0, 10.0, 0.0);
  const Icrs star{280_deg, -5_deg};
  const Time noon = parse_time("2021-02-10T12:00:00");
  const AltAz bare = altaz(star, green_bank, noon);
  const AltAz seen = altaz(star, green_bank, noon, air);
  EXPECT_NEAR((seen.altitude - bare.altitude).arcseconds(), refraction(bare.altitude, air).arcseconds(), 1e-4);
  // Bennett 1982 (J. Navigation 35, 255) at 1010 hPa and 10 C: 1.0 arcmin cot(h + 7.31 / (h + 4.4)).
  for (const double h : {20.0, 35.0, 60.0}) {
    const double bennett = 1.0 / std::tan(degrees(h + 7.31 / (h + 4.4)).radians());
    EXPECT_NEAR(refraction(degrees(h), air).arcminutes(), bennett, 0.03 * bennett) << h;
  }
  EXPECT_EQ(refraction(20_deg, Weather()).radians(), 0.0);
}

TEST(Refraction, OfRadioWavesIsMoreInDampAir) {
  // Water vapour bends radio waves much and light hardly.
  const auto grown = [](auto weather) {
    return refraction(20_deg, weather(1010.0, 25.0, 0.9)) / refraction(20_deg, weather(1010.0, 25.0, 0.0));
  };
  EXPECT_GT(grown(radio_weather), 1.3);
  EXPECT_NEAR(grown(optical_weather), 1.0, 0.01);
}

TEST(Bugs, AzAndElOfTheStartAreNotStampedOnAllSpectra) {
  // An hour of tracking: each time has its own place, 15 degrees of sky further.
  const Time from = parse_time("2024-03-01");
  std::vector<Time> times;
  for (int minute = 0; minute <= 60; ++minute) times.push_back(from + std::chrono::minutes(minute));
  const auto places = altaz(parse_target("M1"), green_bank, times);
  for (std::size_t i = 1; i < places.size(); ++i) {
    const double moved = separation(places[i], places[i - 1]).arcminutes();
    EXPECT_NEAR(moved, 15.04 * std::cos(degrees(22.03).radians()), 0.05);
  }
  EXPECT_GT(separation(places.front(), places.back()).degrees(), 13.0);
}

}  // namespace
}  // namespace astro::sky
