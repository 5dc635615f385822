// SPDX-License-Identifier: BSD-3-Clause
// Targets of all kinds, from their text to the sky.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "astro/catalogue.hpp"
#include "astro/error.hpp"
#include "astro/sky/flux.hpp"
#include "astro/sky/frames.hpp"

namespace astro::sky {
namespace {

using namespace astro::literals;
using ::testing::HasSubstr;

const Location green_bank{degrees(38.433), degrees(-79.840), 800.0};
const Time winter_morning = parse_time("2021-02-10T07:57:41");

std::string refusal(const std::string& text) {
  try {
    parse_target(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Targets, AreReadInEveryFormAndWrittenBack) {
  EXPECT_EQ(parse_target("fk5 10.5 41.2"), Target(Fk5{degrees(10.5), degrees(41.2), 2000.0}));
  EXPECT_EQ(parse_target("FK5 J1975.5 0h42m 41.2"), Target(Fk5{degrees(10.5), degrees(41.2), 1975.5}));
  EXPECT_EQ(parse_target("hadec -15 40"), Target(HourAngleDec{degrees(-15), 40_deg}));
  EXPECT_EQ(parse_target("Neptune"), Target(Body::neptune));
  for (const char* text :
       {"fk5 10.5 41.2", "fk5 J1975.5 10.5 41.2", "hadec -15 40", "venus",
        "ephemeris 2026-11-21T20:00:00.000000000Z 10.1 41.2; 2026-11-21T20:01:00.500000000Z 10.3 41.2"}) {
    EXPECT_EQ(to_string(parse_target(text)), text);
    EXPECT_EQ(parse_target(to_string(parse_target(text))), parse_target(text));
  }
}

TEST(Targets, ReadBackToTheSameBitsWhateverTheyAre) {
  const Ephemeris ephemeris(
      {{winter_morning, {radians(0.1234567890123456), radians(1.0 / 3)}}, {winter_morning + from_seconds(1e-9), {}}});
  for (const Target& target : {Target(ephemeris), Target(Fk5{radians(1.0 / 7), radians(-0.3), 1991.25}),
                               Target(HourAngleDec{radians(-1.0 / 3), radians(0.7)})}) {
    EXPECT_EQ(parse_target(to_string(target)), target) << to_string(target);
  }
}

TEST(Targets, SayWhatWasExpected) {
  EXPECT_THAT(refusal("fk5 B1950 10 20"), HasSubstr("equinox"));
  EXPECT_THAT(refusal("fk5 J1975 10"), HasSubstr("two angles"));
  EXPECT_THAT(refusal("hadec 10 95"), HasSubstr("declination must be -90 to 90"));
  EXPECT_THAT(refusal("ephemeris 2026-11-21T20:00:00Z 10.1 41.2"), HasSubstr("two positions"));
  EXPECT_THAT(refusal("ephemeris 2026-11-21T20:00:00Z 10.1"), HasSubstr("TIME RA DEC"));
  EXPECT_THAT(refusal("ephemeris 2026-11-21 1 2; 2026-11-20 1 2"), HasSubstr("does not follow"));
  EXPECT_THAT(refusal("M111"), HasSubstr("no name of the catalogue"));
}

TEST(Catalogue, IsFoundByAnyNameHoweverItIsWritten) {
  EXPECT_EQ(parse_target("S8"), Target(Galactic{207_deg, -15_deg}));
  EXPECT_EQ(parse_target("M31"), parse_target("ngc 224"));
  EXPECT_EQ(parse_target("cas a"), parse_target("3C461"));
  EXPECT_EQ(parse_target("Andromeda Galaxy"), parse_target("m31"));
  EXPECT_EQ(find_in_catalogue(""), nullptr);
  EXPECT_EQ(find_in_catalogue("M"), nullptr);
}

TEST(Catalogue, HasEveryMessierObjectOnceAndNoNameTwice) {
  int messier = 0;
  std::set<std::string> names;
  for (const CatalogueEntry& entry : catalogue()) {
    EXPECT_TRUE(names.insert(std::string(entry.name)).second) << entry.name;
    EXPECT_EQ(find_in_catalogue(entry.name), &entry) << entry.name;
    EXPECT_LE(std::abs(entry.latitude_deg), 90.0) << entry.name;
    messier += entry.name.front() == 'M' ? 1 : 0;
  }
  EXPECT_EQ(messier, 110);
}

TEST(Catalogue, LiesWhereOthersHaveIt) {
  // NASA/IPAC Extragalactic Database and SIMBAD; clusters have no edge, so 0.1 deg.
  const auto expect = [](const char* name, double ra, double dec, double within_deg) {
    const Icrs at = std::get<Icrs>(parse_target(name));
    EXPECT_LT(separation(at, Icrs{degrees(ra), degrees(dec)}).degrees(), within_deg) << name;
  };
  expect("M31", 10.6847, 41.2690, 0.002);
  expect("M42", 83.8221, -5.3911, 0.01);
  expect("M45", 56.75, 24.1167, 0.1);
  expect("M77", 40.6696, -0.0133, 0.002);
  expect("M87", 187.7059, 12.3911, 0.002);
  expect("M102", 226.6229, 55.7632, 0.005);
  expect("M104", 189.9976, -11.6231, 0.002);
  expect("M110", 10.0920, 41.6853, 0.002);
  expect("Cyg A", 299.86815, 40.73392, 0.001);
  expect("3C 286", 202.78453, 30.50915, 0.0001);
  // The same source by two entries.
  EXPECT_LT(separation(std::get<Icrs>(parse_target("Vir A")), std::get<Icrs>(parse_target("M87"))).degrees(), 0.002);
  EXPECT_LT(separation(std::get<Icrs>(parse_target("Tau A")), std::get<Icrs>(parse_target("M1"))).degrees(), 0.002);
}

TEST(AnEphemeris, IsSmoothBetweenItsPoints) {
  // A great circle at half a degree a minute through the pole of the coordinates' seam.
  std::vector<Ephemeris::Point> points;
  for (int minute = 0; minute < 10; ++minute) {
    points.push_back({winter_morning + std::chrono::minutes(minute), {degrees(358.0 + 0.5 * minute).wrapped(), 0_deg}});
  }
  const Ephemeris ephemeris(points);
  for (const double minute : {0.0, 0.5, 3.3, 4.5, 9.0}) {
    const Icrs at = ephemeris.at(winter_morning + from_seconds(60 * minute));
    EXPECT_LT(separation(at, {degrees(358.0 + 0.5 * minute), 0_deg}).arcseconds(), 0.01) << minute;
  }
  EXPECT_EQ(ephemeris.at(points[4].time).ra.degrees(), points[4].direction.ra.degrees());
}

TEST(AnEphemeris, IsNotContinuedBeyondItsEnds) {
  const Ephemeris ephemeris({{winter_morning, {}}, {winter_morning + std::chrono::minutes(1), {}}});
  try {
    altaz(ephemeris, green_bank, winter_morning - std::chrono::seconds(1));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_visible);
    EXPECT_THAT(error.what(), HasSubstr("2021-02-10T07:57:41"));
  }
}

TEST(AnFk5Target, IsThePlaceOfItsEquinox) {
  // Over 50 years precession moves by 0.7 deg; both name the same star.
  const Icrs star{degrees(10.684), degrees(41.269)};
  const Fk5 old = fk5(star, winter_morning, 1950.0);
  EXPECT_GT(separation(Icrs{old.ra, old.dec}, star).degrees(), 0.5);
  EXPECT_LT(separation(altaz(old, green_bank, winter_morning), altaz(star, green_bank, winter_morning)).arcseconds(),
            1e-6);
  // The FK5 of J2000 is the ICRS to some hundredths of an arcsecond.
  const Fk5 new_one = fk5(star, winter_morning);
  EXPECT_LT(separation(Icrs{new_one.ra, new_one.dec}, star).arcseconds(), 0.1);
}

TEST(AHourAngleTarget, StandsStill) {
  const Target target = HourAngleDec{degrees(-15), 40_deg};
  const AltAz now = altaz(target, green_bank, winter_morning);
  EXPECT_EQ(now, altaz(target, green_bank, winter_morning + std::chrono::hours(5)));
  EXPECT_GT(now.altitude, 70_deg);
  EXPECT_LT(now.azimuth, 180_deg) << "before the meridian is in the east";
}

TEST(ThePlanets, AreWhereAstropyHasThem) {
  // From astropy 8.0.2, get_body_barycentric with its ephemeris "builtin" and light time, from the
  // Earth's centre: the site's parallax is up to 9 arcsec. (Both are eraPlan94 in the end; Horizons
  // tests the Sun and the Moon in test_references.py.)
  const auto expect = [](Body body, double ra, double dec) {
    const Icrs at = icrs(body, green_bank, winter_morning);
    EXPECT_LT(separation(at, {degrees(ra), degrees(dec)}).arcseconds(), 10.0)
        << name_of(body) << ' ' << at.ra.degrees() << ' ' << at.dec.degrees();
  };
  expect(Body::mercury, 318.93594, -12.02226);
  expect(Body::venus, 313.39126, -18.45893);
  expect(Body::mars, 44.46568, 18.30326);
  expect(Body::jupiter, 314.60754, -17.71675);
  expect(Body::saturn, 308.57559, -19.17046);
  expect(Body::uranus, 34.56058, 13.35934);
  expect(Body::neptune, 350.57902, -5.22083);
}

TEST(FluxDensities, AreThoseOfTheScales) {
  const Time now = parse_time("2016-01-01");
  // Perley and Butler 2017, table 6, evaluated at 1 GHz: the first coefficient alone.
  EXPECT_NEAR(flux_density_jy("3C 286", 1_GHz, now), std::pow(10.0, 1.2481), 1e-9);
  EXPECT_NEAR(flux_density_jy("Cyg A", 1_GHz, now), std::pow(10.0, 3.3498), 1e-9);
  // Perley and Butler 2013 and 2017 have 14.9 Jy for 3C 286 and 22.0 Jy for 3C 147 at 1.4 GHz: 2 %.
  EXPECT_NEAR(flux_density_jy("3C286", gigahertz(1.4), now), 14.9, 0.3);
  EXPECT_NEAR(flux_density_jy("3C 147", gigahertz(1.4), now), 22.2, 0.5);
  // Baars et al. 1977, table 4: Cyg A has 1590 Jy at 1.4 GHz; 2 %.
  EXPECT_NEAR(flux_density_jy("Cyg A", gigahertz(1.4), now, FluxScale::baars_1977), 1590, 32);
  const double cas_1980 = flux_density_jy("Cas A", 1_GHz, parse_time("1980-01-01"), FluxScale::baars_1977);
  EXPECT_NEAR(cas_1980, std::pow(10.0, 5.745 - 0.770 * 3), 0.5);
  // 0.97 % a year at 1 GHz.
  EXPECT_NEAR(flux_density_jy("Cas A", 1_GHz, parse_time("1990-01-01"), FluxScale::baars_1977) / cas_1980,
              std::pow(0.9903, 10), 2e-5);
  // M87 is Vir A.
  EXPECT_EQ(flux_density_jy("M87", 1_GHz, now), flux_density_jy("Vir A", 1_GHz, now));
}

TEST(FluxDensities, AreOnlyGivenWhereTheScaleHasThem) {
  const auto code = [](const char* source, Frequency frequency, FluxScale scale) {
    try {
      flux_density_jy(source, frequency, winter_morning, scale);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::internal;
  };
  EXPECT_EQ(code("For A", 1_GHz, FluxScale::perley_butler_2017), ErrorCode::out_of_limits);
  EXPECT_EQ(code("M31", 1_GHz, FluxScale::perley_butler_2017), ErrorCode::not_found);
  EXPECT_EQ(code("3C 286", 1_GHz, FluxScale::baars_1977), ErrorCode::not_found);
  for (const auto scale : {FluxScale::perley_butler_2017, FluxScale::baars_1977}) {
    for (const std::string_view name : flux_calibrators(scale)) EXPECT_NE(find_in_catalogue(name), nullptr) << name;
  }
  EXPECT_EQ(flux_calibrators().size(), 20U);
}

}  // namespace
}  // namespace astro::sky
