// SPDX-License-Identifier: BSD-3-Clause
#include "astro/sky/pointing_model.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>

#include "astro/error.hpp"
#include "astro/sky/frames.hpp"

namespace astro::sky {
namespace {

using namespace astro::literals;
using ::testing::HasSubstr;

using Vector = std::array<double, 3>;

/// North, east, up.
Vector vector_of(const Axes& place) {
  const double a = place.first.radians();
  const double e = place.second.radians();
  return {std::cos(a) * std::cos(e), std::sin(a) * std::cos(e), std::sin(e)};
}

/// Axes of an alt-az mount, perfect but that its azimuth axis leans by two angles: rotated exactly.
Axes axes_of_a_leaning_mount(const Axes& place, Angle north, Angle west) {
  Vector v = vector_of(place);
  // Up leans to the north: about the east-west line.
  const double n = north.radians();
  v = {v[0] * std::cos(n) - v[2] * std::sin(n), v[1], v[0] * std::sin(n) + v[2] * std::cos(n)};
  const double w = west.radians();
  v = {v[0], v[1] * std::cos(w) + v[2] * std::sin(w), v[2] * std::cos(w) - v[1] * std::sin(w)};
  return {radians(std::atan2(v[1], v[0])), radians(std::asin(v[2]))};
}

std::vector<Axes> all_over_the_sky(std::size_t count) {
  std::mt19937 random(3);
  std::uniform_real_distribution<double> azimuth(0.0, 360.0);
  std::uniform_real_distribution<double> altitude(15.0, 80.0);
  std::vector<Axes> places;
  for (std::size_t i = 0; i < count; ++i) places.push_back({degrees(azimuth(random)), degrees(altitude(random))});
  return places;
}

TEST(APointingModel, TiltsAsAMountThatLeans) {
  const Angle lean = arcseconds(20);
  for (const Axes& place : all_over_the_sky(50)) {
    const PointingModel north(Geometry::alt_az, {{"AN", lean}});
    const Axes exact_north = axes_of_a_leaning_mount(place, lean, 0_deg);
    EXPECT_NEAR((north.axes_of(place).first - exact_north.first).wrapped_signed().arcseconds(), 0.0, 0.1);
    EXPECT_NEAR((north.axes_of(place).second - exact_north.second).arcseconds(), 0.0, 0.02);
    const PointingModel west(Geometry::alt_az, {{"AW", lean}});
    const Axes exact_west = axes_of_a_leaning_mount(place, 0_deg, lean);
    EXPECT_NEAR((west.axes_of(place).first - exact_west.first).wrapped_signed().arcseconds(), 0.0, 0.1);
    EXPECT_NEAR((west.axes_of(place).second - exact_west.second).arcseconds(), 0.0, 0.02);
  }
}

TEST(APointingModel, MisalignsAPolarAxisAsTheSameLeanOfTheGround) {
  // ME raises the polar axis: the mount of another latitude, seen in hour angle and declination.
  const Location here{40_deg, 0_deg, 0.0};
  const Location there{40_deg + arcseconds(20), 0_deg, 0.0};
  const PointingModel model(Geometry::hour_angle_dec, {{"ME", arcseconds(20)}}, here.latitude);
  for (const Axes& place : all_over_the_sky(50)) {
    const AltAz at{place.first, place.second};
    const HourAngleDec truth = hour_angle_dec(at, here);
    const HourAngleDec axes = hour_angle_dec(at, there);
    if (truth.dec.abs() > 70_deg) continue;
    const Axes found = model.axes_of({truth.hour_angle, truth.dec});
    EXPECT_NEAR((found.first - axes.hour_angle).wrapped_signed().arcseconds(), 0.0, 0.1);
    EXPECT_NEAR((found.second - axes.dec).arcseconds(), 0.0, 0.02);
  }
}

TEST(APointingModel, IsUndoneByItsInverse) {
  const PointingModel model(Geometry::alt_az, {{"IA", arcminutes(30)},
                                               {"IE", arcminutes(-12)},
                                               {"CA", arcminutes(3)},
                                               {"NPAE", arcminutes(2)},
                                               {"AN", arcminutes(5)},
                                               {"AW", arcminutes(-4)},
                                               {"TF", arcminutes(6)}});
  for (const Axes& place : all_over_the_sky(100)) {
    const Axes back = model.place_of(model.axes_of(place));
    EXPECT_NEAR((back.first - place.first).arcseconds(), 0.0, 1e-6);
    EXPECT_NEAR((back.second - place.second).arcseconds(), 0.0, 1e-6);
  }
}

/// Where the beam of an alt-az mount looks that reads this, and lies so far square to its altitude axis: by vectors.
Axes place_of_a_squint(const Axes& reading, Angle off) {
  const Vector along = vector_of(reading);
  const Vector aside = vector_of({reading.first - 90_deg, 0_deg});
  Vector beam{};
  for (std::size_t i = 0; i < 3; ++i) beam[i] = std::cos(off.radians()) * along[i] + std::sin(off.radians()) * aside[i];
  return {radians(std::atan2(beam[1], beam[0])), radians(std::asin(beam[2]))};
}

TEST(APointingModel, HoldsOverTheZenithToo) {
  const Angle squint = arcminutes(8);
  const Angle zero = arcminutes(-20);
  const PointingModel model(Geometry::alt_az, {{"IE", zero}, {"CA", squint}});
  const PointingModel leaning(Geometry::alt_az, {{"AN", arcminutes(3)}, {"AW", arcminutes(-2)}});
  for (const Axes& place : all_over_the_sky(100)) {
    if (place.second > 70_deg) continue;
    const Axes over{place.first + 180_deg, 180_deg - place.second};
    for (const Axes& pose : {place, over}) {
      const Axes reading = model.axes_of(pose);
      const Axes seen = place_of_a_squint({reading.first, reading.second - zero}, squint);
      EXPECT_NEAR((seen.first - place.first).wrapped_signed().arcminutes() * std::cos(place.second.radians()), 0.0,
                  0.05);
      EXPECT_NEAR((seen.second - place.second).arcminutes(), 0.0, 0.05);
    }
    // A lean turns the sky: over the zenith it reads what turned over reads straight.
    const Axes straight = leaning.axes_of(place);
    const Axes turned = leaning.axes_of(over);
    EXPECT_NEAR((turned.first - straight.first - 180_deg).wrapped_signed().arcseconds(), 0.0, 1e-6);
    EXPECT_NEAR((turned.second + straight.second - 180_deg).arcseconds(), 0.0, 1e-6);
  }
}

TEST(APointingModel, StaysBoundedAtThePolesAndAtTheHorizon) {
  const PointingModel model(Geometry::alt_az,
                            {{"IA", 30_deg}, {"CA", 1_deg}, {"NPAE", -1_deg}, {"AW", 1_deg}, {"TX", arcminutes(2)}});
  for (double first = 0.0; first < 360.0; first += 15.0) {
    for (double second = -95.0; second <= 185.0; second += 0.25) {
      const Axes place{degrees(first), degrees(second)};
      const Axes added = model.correction(place);
      EXPECT_LT((added.first - 30_deg).abs(), 15_deg) << first << ", " << second;
      EXPECT_LT(added.second.abs(), 3_deg) << first << ", " << second;
    }
    for (double second = 3.0; second < 177.0; second += 0.25) {
      if (std::abs(second - 90.0) < 2.0) continue;  // one side of the zenith reads what the other does
      const Axes place{degrees(first), degrees(second)};
      const Axes back = model.place_of(model.axes_of(place));
      EXPECT_NEAR(back.first.degrees(), first, 1e-6) << second;
      EXPECT_NEAR(back.second.degrees(), second, 1e-6) << first;
    }
  }
}

std::vector<PointingObservation> observed(const PointingModel& truth, Angle noise, std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal(0.0, noise.radians());
  std::vector<PointingObservation> made;
  for (const Axes& place : all_over_the_sky(count)) {
    Axes axes = truth.axes_of(place);
    axes.first += radians(normal(random) / std::cos(place.second.radians()));
    axes.second += radians(normal(random));
    made.push_back({place, axes, noise});
  }
  return made;
}

const std::vector<PointingTerm> truth_of_a_dish{
    {"IA", arcminutes(30)},  {"IE", arcminutes(-12)}, {"CA", arcminutes(3)}, {"NPAE", arcminutes(-2)},
    {"AN", arcminutes(1.5)}, {"AW", arcminutes(-1)},  {"TF", arcminutes(4)}};

std::vector<std::string> names_of(const std::vector<PointingTerm>& terms) {
  std::vector<std::string> names;
  for (const PointingTerm& term : terms) names.push_back(term.name);
  return names;
}

TEST(AFit, RecoversTheTermsThatMadeTheOffsets) {
  const PointingModel truth(Geometry::alt_az, truth_of_a_dish);
  const auto observations = observed(truth, arcseconds(20), 60, 1);
  const PointingFit fit = fit_pointing(Geometry::alt_az, names_of(truth_of_a_dish), observations);
  for (const PointingTerm& term : truth_of_a_dish) {
    const auto found = std::find_if(fit.model.terms().begin(), fit.model.terms().end(),
                                    [&](const PointingTerm& each) { return each.name == term.name; });
    EXPECT_LT((found->value - term.value).abs(), found->error * 4.0) << term.name;
    EXPECT_GT(found->error.arcseconds(), 0.0);
    EXPECT_LT(found->error.arcseconds(), 60.0) << term.name;
  }
  EXPECT_NEAR(fit.reduced_chi_squared, 1.0, 0.4);
  EXPECT_NEAR(fit.rms.arcseconds(), 20.0 * std::sqrt(2.0), 6.0);
}

TEST(AFit, HasErrorsThatAreRight) {
  // Many nights: the spread of each term is the error that one night gives, and pulls are normal.
  const PointingModel truth(Geometry::alt_az, truth_of_a_dish);
  const auto names = names_of(truth_of_a_dish);
  double square = 0.0;
  int count = 0;
  for (unsigned night = 0; night < 200; ++night) {
    const PointingFit fit = fit_pointing(Geometry::alt_az, names, observed(truth, arcseconds(15), 40, 100 + night));
    for (const PointingTerm& term : fit.model.terms()) {
      const double pull = (term.value - truth.value(term.name)) / term.error;
      square += pull * pull;
      ++count;
    }
  }
  EXPECT_NEAR(square / count, 1.0, 0.12);
}

TEST(AFit, ScalesErrorsThatWereOnlyRelative) {
  const PointingModel truth(Geometry::alt_az, truth_of_a_dish);
  auto observations = observed(truth, arcseconds(20), 60, 1);
  for (PointingObservation& each : observations) each.error = arcseconds(1);  // far too small
  const auto names = names_of(truth_of_a_dish);
  const PointingFit plain = fit_pointing(Geometry::alt_az, names, observations);
  const PointingFit scaled = fit_pointing(Geometry::alt_az, names, observations, Angle(), true);
  EXPECT_NEAR(scaled.model.terms()[0].error / plain.model.terms()[0].error, std::sqrt(plain.reduced_chi_squared), 1e-9);
  EXPECT_GT(plain.reduced_chi_squared, 200.0);
}

TEST(AFit, WeighsWhatIsKnownBetter) {
  // Two halves that disagree about the zero of altitude: the precise one wins.
  std::vector<PointingObservation> observations;
  for (const Axes& place : all_over_the_sky(20)) {
    observations.push_back({place, {place.first, place.second + arcseconds(100)}, arcseconds(1)});
    observations.push_back({place, {place.first, place.second}, arcseconds(10)});
  }
  const std::vector<std::string> names{"IE"};
  const PointingFit fit = fit_pointing(Geometry::alt_az, names, observations);
  EXPECT_NEAR(fit.model.value("IE").arcseconds(), 100.0 / (1 + 0.01), 0.01);
}

TEST(AFit, TakesOffsetsAcrossNorthTheShortWay) {
  std::vector<PointingObservation> observations;
  for (const double azimuth : {359.9, 0.1, 120.0}) {
    observations.push_back({{degrees(azimuth), 45_deg}, {degrees(azimuth + 0.2).wrapped(), 45_deg}, arcseconds(1)});
  }
  const std::vector<std::string> names{"IA"};
  EXPECT_NEAR(fit_pointing(Geometry::alt_az, names, observations).model.value("IA").degrees(), 0.2, 1e-9);
}

std::string refusal(const std::vector<std::string>& names, const std::vector<PointingObservation>& observations) {
  try {
    fit_pointing(Geometry::alt_az, names, observations);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    return error.what();
  }
  return "accepted";
}

TEST(AFit, SaysWhyItCannotBe) {
  const PointingModel truth(Geometry::alt_az, truth_of_a_dish);
  const auto observations = observed(truth, arcseconds(20), 30, 1);
  EXPECT_THAT(refusal({"TF", "HECE"}, observations), HasSubstr("cannot tell HECE"));
  EXPECT_THAT(refusal({"MA"}, observations), HasSubstr("no term \"MA\""));
  EXPECT_THAT(refusal({"IA", "IE"}, {observations[0]}), HasSubstr("too few"));
  EXPECT_THAT(refusal({"IA", "IA"}, observations), HasSubstr("IA"));
  auto broken = observations;
  broken[3].error = Angle();
  EXPECT_THAT(refusal({"IA"}, broken), HasSubstr("observation 3"));
}

TEST(AFit, WorksForAnEquatorialMountToo) {
  const std::vector<PointingTerm> terms{{"IH", arcminutes(8)}, {"ID", arcminutes(-3)}, {"CH", arcminutes(2)},
                                        {"MA", arcminutes(4)}, {"ME", arcminutes(-5)}, {"TF", arcminutes(1)}};
  const PointingModel truth(Geometry::hour_angle_dec, terms, 40_deg);
  std::vector<PointingObservation> observations;
  for (int hour = -5; hour <= 5; ++hour) {
    for (const double dec : {-20.0, 0.0, 30.0, 60.0}) {
      const Axes place{hours(hour), degrees(dec)};
      observations.push_back({place, truth.axes_of(place), arcseconds(5)});
    }
  }
  const PointingFit fit = fit_pointing(Geometry::hour_angle_dec, names_of(terms), observations, 40_deg);
  for (const PointingTerm& term : terms) {
    EXPECT_NEAR((fit.model.value(term.name) - term.value).arcseconds(), 0.0, 1e-6) << term.name;
  }
}

}  // namespace
}  // namespace astro::sky
