// SPDX-License-Identifier: BSD-3-Clause
#include "astro/sky/frames.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "astro/error.hpp"
#include "golden.hpp"

namespace astro::sky {
namespace {

using namespace astro::literals;

double milliarcseconds(Angle angle) { return angle.arcseconds() * 1e3; }

const Location green_bank{degrees(38.433), degrees(-79.840), 800.0};
const Time winter_morning = parse_time("2021-02-10T07:57:41");

TEST(AltAzOfAStar, IsWhatAstropyHasToAMilliarcsecond) {
  for (const auto& row : golden::rows) {
    const AltAz place = altaz(row.direction(), row.site(), parse_time(row.time));
    const AltAz expected{degrees(row.azimuth_deg), degrees(row.altitude_deg)};
    EXPECT_LT(milliarcseconds(separation(place, expected)), 1.0) << row.time;
  }
}

TEST(AltAzOfAStar, IsRightForTheCommandLinesExample) {
  // astropy 8.0.2, IERS off (UT1 = UTC); 1 mas.
  const AltAz place = altaz(parse_target("icrs 10.684 41.269"), green_bank, winter_morning);
  EXPECT_LT(milliarcseconds(separation(place, {degrees(351.8285065994592), degrees(-9.580882673032612)})), 1.0);
}

TEST(AltAzOfSunAndMoon, IsWhatAstropyHas) {
  // The Sun to 50 mas, the Moon to 5 mas: both take the same series for their places.
  for (const auto& row : golden::bodies) {
    const AltAz place = altaz(row.body, row.site(), parse_time(row.time));
    const AltAz expected{degrees(row.azimuth_deg), degrees(row.altitude_deg)};
    const double limit = row.body == Body::sun ? 50.0 : 5.0;
    EXPECT_LT(milliarcseconds(separation(place, expected)), limit) << row.time;
  }
}

TEST(AltAzOfTheMoon, IsSeenFromTheSiteAndNotFromTheEarthsCentre) {
  // Two sites under the same Moon, 90 deg of longitude apart: parallax of up to a degree between them.
  const Time time = parse_time("2021-02-10T07:57:41");
  const Icrs here = icrs(Body::moon, {0_deg, 0_deg, 0}, time);
  const Icrs there = icrs(Body::moon, {0_deg, 90_deg, 0}, time);
  EXPECT_GT(separation(here, there).degrees(), 0.3);
}

TEST(Bugs, LatitudeAndLongitudeAreNotSwapped) {
  // From the pole the altitude of a star is its declination of date, whatever the longitude.
  const Location pole{90_deg, degrees(-79.84), 0.0};
  const Time time = parse_time("2000-01-01T12:00:00");
  EXPECT_NEAR(altaz(Icrs{123_deg, 30_deg}, pole, time).altitude.degrees(), 30.0, 0.01);
  // And along the equator the sky turns by the difference of longitudes.
  const Angle here = sidereal_time({0_deg, 0_deg, 0}, time);
  const Angle there = sidereal_time({0_deg, 90_deg, 0}, time);
  EXPECT_NEAR((there - here).wrapped().degrees(), 90.0, 1e-9);
  // astropy 8.0.2, IERS off. With the numbers swapped it would be below -31 deg, which is as high as
  // declination 41.3 comes at latitude -79.8.
  EXPECT_NEAR(altaz(parse_target("icrs 10.684 41.269"), green_bank, winter_morning).altitude.degrees(), -9.5809, 1e-4);
}

TEST(Bugs, PrecessionIsNotAppliedTwice) {
  // 26 years of precession are 0.36 deg near the equator: a second time shows a thousand times over.
  const Time late = parse_time("2026-06-01T03:00:00");
  const Icrs direction{degrees(83.63), degrees(22.01)};
  const HourAngleDec of_date = hour_angle_dec(altaz(direction, green_bank, late), green_bank);
  const Angle ra_of_date = (sidereal_time(green_bank, late) - of_date.hour_angle).wrapped();
  // Lieske's rates for J2000: m + n sin(ra) tan(dec) and n cos(ra), 46.124 and 20.043 arcsec a year
  // (Meeus, Astronomical Algorithms, 1998, chapter 21); 45 arcsec for nutation and aberration.
  const double years = 26.41;
  const double ra = direction.ra.radians();
  const double drift_ra = years * (46.124 + 20.043 * std::sin(ra) * std::tan(direction.dec.radians()));
  const double drift_dec = years * 20.043 * std::cos(ra);
  EXPECT_NEAR((ra_of_date - direction.ra).arcseconds(), drift_ra, 45.0);
  EXPECT_NEAR((of_date.dec - direction.dec).arcseconds(), drift_dec, 45.0);
}

TEST(IcrsOfAPlace, IsTheInverseOfAltAz) {
  for (const auto& row : golden::rows) {
    const Time time = parse_time(row.time);
    const Icrs back = icrs(altaz(row.direction(), row.site(), time), row.site(), time);
    EXPECT_LT(milliarcseconds(separation(back, row.direction())), 0.01) << row.time;
  }
}

TEST(IcrsOfAPlace, IsTheInverseThroughTheAirToo) {
  const Weather air = standard_weather(green_bank);
  for (int azimuth = 0; azimuth < 360; azimuth += 30) {
    const AltAz place{degrees(azimuth), 20_deg};
    const AltAz back = altaz(icrs(place, green_bank, winter_morning, air), green_bank, winter_morning, air);
    EXPECT_LT(milliarcseconds(separation(back, place)), 10.0) << azimuth;
  }
}

TEST(IcrsOfABody, LeadsToTheBodysPlace) {
  for (const auto& row : golden::bodies) {
    const Time time = parse_time(row.time);
    const Icrs direction = icrs(Target(row.body), row.site(), time);
    const AltAz by_direction = altaz(direction, row.site(), time);
    // What the Sun bends is not taken from a body; at these dates it is less than 0.1 arcsec.
    EXPECT_LT(separation(by_direction, altaz(row.body, row.site(), time)).arcseconds(), 0.1) << row.time;
  }
}

TEST(Refraction, RaisesATargetByWhatTheAirDoes) {
  const Weather air{920.0, 5.0, 0.5, 210000.0};
  const Time noon = parse_time("2021-02-10T12:00:00");
  const Icrs direction{280_deg, -5_deg};
  const AltAz bare = altaz(direction, green_bank, noon);
  const AltAz seen = altaz(direction, green_bank, noon, air);
  // astropy 8.0.2, IERS off: 33.34371470985506 deg and, through the same air, 33.36783026128169 deg.
  EXPECT_NEAR(bare.altitude.degrees(), 33.34371470985506, 3e-7);
  EXPECT_NEAR(seen.altitude.degrees(), 33.36783026128169, 3e-7);
  EXPECT_NEAR((seen.azimuth - bare.azimuth).arcseconds(), 0.0, 1e-6);
}

TEST(Refraction, IsThinnerOnAMountain) {
  const Weather sea = standard_weather({0_deg, 0_deg, 0.0});
  const Weather mountain = standard_weather({0_deg, 0_deg, 5000.0});
  EXPECT_NEAR(sea.pressure_hpa, 1013.25, 1e-9);
  EXPECT_NEAR(mountain.pressure_hpa, 540.2, 0.2);  // ICAO Doc 7488, table for 5000 m
  EXPECT_NEAR(mountain.temperature_c, -17.5, 0.01);
}

TEST(Galactic, IsTiedToTheIcrs) {
  // astropy 8.0.2; 0.05 arcsec: it rounds the pole of B1950, where ERFA has the matrix of the Hipparcos catalogue.
  const Icrs centre = icrs(Galactic{0_deg, 0_deg});
  EXPECT_LT(separation(centre, Icrs{degrees(266.4049882865447), degrees(-28.936177761791473)}).arcseconds(), 0.05);
  const Icrs plane = icrs(Galactic{120_deg, 0_deg});
  EXPECT_LT(separation(plane, Icrs{degrees(6.450831136239271), degrees(62.72572675402354)}).arcseconds(), 0.05);
  const Galactic back = galactic(plane);
  EXPECT_NEAR(back.l.degrees(), 120.0, 1e-10);
  EXPECT_NEAR(back.b.degrees(), 0.0, 1e-10);
}

TEST(SiderealTime, IsApparentAndLocal) {
  // astropy 8.0.2: Time.sidereal_time("apparent", longitude), IERS off.
  EXPECT_NEAR(sidereal_time(green_bank, winter_morning).degrees(), 180.19861407324638, 1e-7);
}

TEST(SiderealTime, GoesOnEvenlyOverALeapSecond) {
  // ERFA's day is a second longer on 2016-12-31: the sky must not jump by 15 arcsec within it.
  const Location site{0_deg, 0_deg, 0};
  const Angle before = sidereal_time(site, parse_time("2016-12-31T12:00:00"));
  const Angle after = sidereal_time(site, parse_time("2016-12-31T13:00:00"));
  EXPECT_NEAR((after - before).arcseconds(), 3600 * 15.0411, 0.2);
}

TEST(HourAngleDec, GoesToAltAzAndBack) {
  const AltAz place{200_deg, 35_deg};
  const AltAz back = altaz(hour_angle_dec(place, green_bank), green_bank);
  EXPECT_LT(milliarcseconds(separation(back, place)), 0.001);
  EXPECT_GT(hour_angle_dec(place, green_bank).hour_angle.degrees(), 0.0) << "west of south is a positive hour angle";
}

TEST(AltAzTarget, IsThePlaceItself) {
  const AltAz wrapped{450_deg, 45_deg};
  EXPECT_EQ(altaz(wrapped, green_bank, winter_morning, standard_weather(green_bank)), wrapped);
}

TEST(Sky, RefusesWhatIsNotFinite) {
  const Angle nan = radians(std::nan(""));
  EXPECT_THROW(altaz(Icrs{nan, 0_deg}, green_bank, winter_morning), Error);
  EXPECT_THROW(altaz(Galactic{nan, 0_deg}, green_bank, winter_morning), Error);
  EXPECT_THROW(altaz(Body::sun, {nan, 0_deg, 0}, winter_morning), Error);
  EXPECT_THROW(altaz(Body::sun, {0_deg, 0_deg, std::nan("")}, winter_morning), Error);
  EXPECT_THROW(icrs(AltAz{0_deg, nan}, green_bank, winter_morning), Error);
  EXPECT_THROW(altaz(Body::sun, green_bank, winter_morning, {std::nan(""), 0, 0, 0}), Error);
}

TEST(Sky, WorksAtTheEndsOfTime) {
  for (const Time time : {Time::min() + std::chrono::hours(48), Time::max() - std::chrono::hours(48)}) {
    const AltAz place = altaz(Icrs{10_deg, 20_deg}, green_bank, time);
    EXPECT_TRUE(std::isfinite(place.altitude.degrees())) << format_time(time);
  }
}

}  // namespace
}  // namespace astro::sky
