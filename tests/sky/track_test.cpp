// SPDX-License-Identifier: BSD-3-Clause
#include "astro/sky/track.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "astro/error.hpp"

namespace astro::sky {
namespace {

using namespace astro::literals;

const Time start = parse_time("2024-03-01");

std::vector<Time> minutes(int count) {
  std::vector<Time> made;
  for (int i = 0; i < count; ++i) made.push_back(start + std::chrono::minutes(i));
  return made;
}

/// Every point looks where it was asked to.
void expect_on_target(const TrackPlan& plan, const std::vector<Axes>& wanted) {
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!plan.points[i].reached) continue;
    const Axes& axes = plan.points[i].axes;
    const AltAz there =
        plan.points[i].flipped ? AltAz{axes.first - 180_deg, 180_deg - axes.second} : AltAz{axes.first, axes.second};
    EXPECT_LT(separation(there, AltAz{wanted[i].first, wanted[i].second}).arcseconds(), 0.01) << i;
  }
}

TEST(ATrack, StartsInTheTurnThatHasRoomAtItsEnd) {
  // From azimuth 300 to 60 degrees through north, with a cable of 0 to 450: a single move from 290
  // takes 300, and hits the stop at 450 only if the track goes on so far. This one ends at 420.
  std::vector<Axes> wanted;
  for (int i = 0; i <= 120; ++i) wanted.push_back({degrees(300 + i).wrapped(), 45_deg});
  const AxisReach reach{.first = {0_deg, 450_deg}};
  const TrackPlan plan = plan_track(minutes(121), wanted, reach, {290_deg, 45_deg});
  EXPECT_EQ(plan.changes, 0);
  EXPECT_NEAR(plan.points.back().axes.first.degrees(), 420.0, 1e-9);
  expect_on_target(plan, wanted);
}

TEST(ATrack, TakesTheLongWayAtTheStartRatherThanUnwindingInTheMiddle) {
  // From 30 to 170 degrees the wrong way round: down through north to -190. The cable ends at 0, so
  // it must start at 390.
  std::vector<Axes> wanted;
  for (int i = 0; i <= 140; ++i) wanted.push_back({degrees(30 - i).wrapped(), 45_deg});
  const AxisReach reach{.first = {0_deg, 450_deg}, .fastest = {1_deg, 5_deg}};
  const TrackPlan plan = plan_track(minutes(141), wanted, reach, {29_deg, 45_deg});
  // Unwinding costs 360 s wherever it is; at the start or in the middle, but once.
  EXPECT_LE(seconds(plan.lost), 362.0);
  EXPECT_LE(plan.changes, 1);
  expect_on_target(plan, wanted);
  // Being there already it costs nothing.
  const TrackPlan wound = plan_track(minutes(141), wanted, reach, {390_deg, 45_deg});
  EXPECT_EQ(seconds(wound.lost), 0.0);
  EXPECT_EQ(wound.changes, 0);
}

TEST(ATrack, UnwindsOnceWhereTheCableIsTooShort) {
  std::vector<Axes> wanted;
  for (int i = 0; i <= 500; ++i) wanted.push_back({degrees(10 + i).wrapped(), 45_deg});
  const AxisReach reach{.first = {0_deg, 360_deg}, .fastest = {6_deg, 5_deg}};
  const TrackPlan plan = plan_track(minutes(501), wanted, reach, {10_deg, 45_deg});
  EXPECT_EQ(plan.changes, 1);
  for (const TrackPoint& point : plan.points) {
    EXPECT_GE(point.axes.first, reach.first.from);
    EXPECT_LE(point.axes.first, reach.first.to);
  }
  expect_on_target(plan, wanted);
}

/// A star that passes through the zenith, at 15 arcsec a second.
std::vector<Axes> through_the_zenith(int count) {
  std::vector<Axes> wanted;
  for (int i = 0; i < count; ++i) {
    const double along = 0.25 * (i - count / 2.0);  // degrees a minute
    wanted.push_back({degrees(180.0 / 3.14159265358979 * std::atan2(-along, 1e-6)).wrapped(),
                      90_deg - degrees(std::hypot(along, 1e-6))});
  }
  return wanted;
}

TEST(ATrack, GoesOverTheZenithRatherThanRoundIt) {
  const auto wanted = through_the_zenith(121);
  AxisReach reach{.first = {-270_deg, 270_deg}, .second = {0_deg, 180_deg}, .fastest = {degrees(0.1), 5_deg}};
  const TrackPlan over = plan_track(minutes(121), wanted, reach, {90_deg, 60_deg});
  EXPECT_TRUE(over.points.front().flipped != over.points.back().flipped);
  expect_on_target(over, wanted);
  reach.second.to = 90_deg;
  const TrackPlan round = plan_track(minutes(121), wanted, reach, {90_deg, 60_deg});
  EXPECT_LT(seconds(over.lost), 10.0);
  EXPECT_NEAR(seconds(round.lost), 1800.0, 100.0) << "half a turn at a tenth of a degree a second";
  expect_on_target(round, wanted);
}

TEST(ATrack, SaysWhatIsOutOfReach) {
  std::vector<Axes> wanted;
  for (int i = 0; i <= 40; ++i) wanted.push_back({100_deg, degrees(i)});
  const AxisReach reach{.second = {20_deg, 90_deg}};
  const TrackPlan plan = plan_track(minutes(41), wanted, reach, {100_deg, 20_deg});
  for (int i = 0; i <= 40; ++i) EXPECT_EQ(plan.points[static_cast<std::size_t>(i)].reached, i >= 20) << i;
  EXPECT_NEAR(seconds(plan.lost), 19 * 60.0, 60.5);
}

TEST(ATrack, OfATargetIsThatOfTheSky) {
  const Location site{degrees(38.433), degrees(-79.84), 800.0};
  const Observer observer(site);
  const Target star = parse_target("icrs 83.63 37.5");
  const AxisReach reach{.first = {-180_deg, 540_deg}};
  const TrackPlan plan = plan_track(observer, star, start, start + std::chrono::hours(5), std::chrono::seconds(30),
                                    reach, {250_deg, 60_deg});
  ASSERT_EQ(plan.points.size(), 601U);
  for (const TrackPoint& point : plan.points) {
    if (point.flipped || !point.reached) continue;
    EXPECT_LT(separation(AltAz{point.axes.first, point.axes.second}, observer.altaz(star, point.time)).arcseconds(),
              0.01);
  }
}

TEST(ATrack, RefusesWhatMakesNoSense) {
  const std::vector<Axes> wanted(3);
  EXPECT_THROW(plan_track(minutes(2), wanted, {}, {}), Error);
  EXPECT_THROW(plan_track(std::vector<Time>(3, start), wanted, {}, {}), Error);
  EXPECT_THROW(plan_track(minutes(3), wanted, {.first = {10_deg, 0_deg}}, {}), Error);
  EXPECT_THROW(plan_track(minutes(3), wanted, {.fastest = {0_deg, 5_deg}}, {}), Error);
}

}  // namespace
}  // namespace astro::sky
