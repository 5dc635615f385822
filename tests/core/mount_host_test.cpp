// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>

#include <astro/sky/frames.hpp>
#include <cmath>

#include "bench.hpp"

namespace astro::testing {
namespace {

using ::testing::HasSubstr;

const Time begin_of_night = parse_time("2026-06-01T22:00:00Z");

/// ICRS of the direction that is seen there at the beginning of the night.
Target star_at(double azimuth, double altitude, const Location& site) {
  return sky::icrs(AltAz{degrees(azimuth), degrees(altitude)}, site, begin_of_night, sky::standard_weather(site));
}

struct Night : ::testing::Test {
  Bench bench;
  void run_at(double speed) { bench.options.clock = Clock::simulated(begin_of_night, speed); }
};
using MountTest = Night;

TEST_F(MountTest, RefusesTargetsBelowTheHorizonBeforeAnythingMoves) {
  run_at(1);
  const Observatory site = bench.open();
  std::string message;
  EXPECT_EQ(code_of([&] { site.mount("dish").track(star_at(100, -10, site.location())); }, &message),
            ErrorCode::not_visible);
  EXPECT_THAT(message, HasSubstr("below the horizon"));
  EXPECT_EQ(bench.mount->moves, 0);
}

TEST_F(MountTest, NamesAxisValueAndLimitsOfWhatItRefuses) {
  const Observatory site = bench.open(MountLimits{{degrees(0), degrees(450)}, {degrees(10), degrees(85)}});
  const MountHandle dish = site.mount("dish");
  std::string message;
  EXPECT_EQ(code_of([&] { dish.slew_to(AltAz{degrees(120), degrees(5)}); }, &message), ErrorCode::out_of_limits);
  EXPECT_THAT(message, HasSubstr("altitude 5 deg"));
  EXPECT_THAT(message, HasSubstr("10 to 85 deg"));
  EXPECT_EQ(code_of([&] { dish.move_to({degrees(451), degrees(20)}); }, &message), ErrorCode::out_of_limits);
  EXPECT_THAT(message, HasSubstr("azimuth 451 deg"));
  EXPECT_EQ(code_of([&] { dish.move_to({degrees(std::nan("")), degrees(20)}); }), ErrorCode::invalid_argument);
  EXPECT_EQ(bench.mount->moves, 0);
}

TEST_F(MountTest, TakesTheNearestTurn) {
  const Observatory site = bench.open();
  const MountHandle dish = site.mount("dish");
  dish.move_to({degrees(400), degrees(45)});
  dish.wait_until_on_target();
  dish.slew_to(AltAz{degrees(60), degrees(45)});
  EXPECT_NEAR(bench.mount->last_target().first.degrees(), 420.0, 1e-9);
  dish.slew_to(AltAz{degrees(200), degrees(45)});
  EXPECT_NEAR(bench.mount->last_target().first.degrees(), 200.0, 1e-9);
}

TEST_F(MountTest, GoesOverTheZenithWhereItCannotTurnThere) {
  const Observatory site = bench.open(MountLimits{{degrees(0), degrees(180)}, {degrees(0), degrees(180)}});
  const MountHandle dish = site.mount("dish");
  dish.slew_to(AltAz{degrees(270), degrees(30)});
  EXPECT_NEAR(bench.mount->last_target().first.degrees(), 90.0, 1e-9);
  EXPECT_NEAR(bench.mount->last_target().second.degrees(), 150.0, 1e-9);
  dish.wait_until_on_target();
  EXPECT_NEAR(dish.status().place.azimuth.degrees(), 270.0, 1e-9);
  EXPECT_NEAR(dish.status().place.altitude.degrees(), 30.0, 1e-9);
}

TEST_F(MountTest, PointsByItsModelAlsoOverTheZenith) {
  const std::vector<sky::PointingTerm> terms{{"IA", degrees(-3)}, {"IE", degrees(2)}, {"CA", degrees(0.5)}};
  const Observatory site = bench.open(MountLimits{{degrees(0), degrees(180)}, {degrees(0), degrees(180)}}, terms);
  const MountHandle dish = site.mount("dish");
  const double collimation = 0.5 / std::cos(degrees(30).radians());
  dish.slew_to(AltAz{degrees(100), degrees(30)});
  EXPECT_NEAR(bench.mount->last_target().first.degrees(), 97.0 + collimation, 1e-9);
  EXPECT_NEAR(bench.mount->last_target().second.degrees(), 32.0, 1e-9);
  dish.wait_until_on_target();
  EXPECT_NEAR(dish.status().place.azimuth.degrees(), 100.0, 1e-9);
  EXPECT_NEAR(dish.status().place.altitude.degrees(), 30.0, 1e-9);
  // Turned over, the beam lies on the other side of its axis, and the zero of the second axis is where it was.
  dish.slew_to(AltAz{degrees(270), degrees(30)});
  EXPECT_NEAR(bench.mount->last_target().first.degrees(), 87.0 - collimation, 1e-9);
  EXPECT_NEAR(bench.mount->last_target().second.degrees(), 152.0, 1e-9);
  dish.wait_until_on_target();
  EXPECT_NEAR(dish.status().place.azimuth.degrees(), 270.0, 1e-9);
  EXPECT_NEAR(dish.status().place.altitude.degrees(), 30.0, 1e-9);
  // The limits are those of the axes: a place at 179 deg is read at 176, one at 1 deg at -1.4.
  EXPECT_NEAR(dish.axes_of(AltAz{degrees(179), degrees(30)}, site.clock()->now()).second.degrees(), 32.0, 1e-9);
  EXPECT_NEAR(dish.axes_of(AltAz{degrees(1), degrees(30)}, site.clock()->now()).second.degrees(), 152.0, 1e-9);
}

TEST_F(MountTest, StaysWithinItsAccuracyOfWhatItTracks) {
  run_at(50);
  const Observatory site = bench.open();
  const MountHandle dish = site.mount("dish");
  const Target star = star_at(140, 50, site.location());
  dish.track(star);
  dish.wait_until_on_target();
  EXPECT_TRUE(dish.status().tracking);
  EXPECT_EQ(to_string(*dish.target()), to_string(star));
  double worst = 0.0;
  const Time end = site.clock()->now() + 5min;
  while (site.clock()->now() < end) {
    const MountReport report = dish.status();
    const AltAz there = sky::altaz(star, site.location(), report.time, sky::standard_weather(site.location()));
    worst = std::max(worst, separation(report.place, there).degrees());
    std::this_thread::sleep_for(2ms);
  }
  EXPECT_LT(worst, 0.1);
  EXPECT_GT(bench.mount->moves, 5) << "5 minutes are more than a degree of sky";
  EXPECT_LT(bench.mount->moves, 100) << "the dead-band spares the relays";
  dish.stop();
  EXPECT_FALSE(dish.status().tracking);
  EXPECT_FALSE(dish.target());
  const int moves = bench.mount->moves;
  site.clock()->sleep_for(5min);
  EXPECT_EQ(bench.mount->moves, moves);
}

TEST_F(MountTest, TracksWithEquatorialAxes) {
  for (const Geometry geometry : {Geometry::hour_angle_dec, Geometry::ra_dec}) {
    Bench equatorial;
    equatorial.mount->description.geometry = geometry;
    equatorial.mount->description.first = {degrees(-180), degrees(360)};
    equatorial.mount->description.second = {degrees(-90), degrees(90)};
    equatorial.options.clock = Clock::simulated(begin_of_night, 50);
    const Observatory site = equatorial.open();
    const MountHandle dish = site.mount("dish");
    const Target star = star_at(140, 50, site.location());
    dish.track(star);
    dish.wait_until_on_target();
    site.clock()->sleep_for(60s);
    const MountReport report = dish.status();
    const AltAz there = sky::altaz(star, site.location(), report.time, sky::standard_weather(site.location()));
    EXPECT_LT(separation(report.place, there).degrees(), 0.1);
  }
}

TEST_F(MountTest, EndsTrackingWithASentenceWhenTheTargetLeavesTheLimits) {
  run_at(500);
  const Observatory site = bench.open(MountLimits{{degrees(0), degrees(450)}, {degrees(10), degrees(85)}});
  const MountHandle dish = site.mount("dish");
  dish.track(star_at(270, 16, site.location()));
  const int stops = bench.mount->stops;
  ASSERT_TRUE(eventually([&] { return !dish.status().tracking; }));
  EXPECT_TRUE(eventually([&] { return bench.mount->stops > stops; }));
  std::string message;
  EXPECT_EQ(code_of([&] { dish.wait_until_on_target(); }, &message), ErrorCode::out_of_limits);
  EXPECT_THAT(message, HasSubstr("tracking ends"));
}

TEST_F(MountTest, WaitsUntilItIsThereInTheTimeOfTheObservatory) {
  run_at(100);
  bench.mount->rests_at_once = false;
  const Observatory site = bench.open();
  const MountHandle dish = site.mount("dish");
  dish.move_to({degrees(200), degrees(40)});
  EXPECT_EQ(code_of([&] { dish.wait_until_on_target(30s); }), ErrorCode::timeout);
  std::thread arriving([&] {
    std::this_thread::sleep_for(50ms);
    bench.mount->place({degrees(200), degrees(40)});
    bench.mount->moving = false;
  });
  dish.wait_until_on_target(10min);
  EXPECT_TRUE(dish.status().on_target);
  dish.wait_until_stopped();
  arriving.join();
}

TEST_F(MountTest, InterruptsWhoWaitsWhenSomebodyStopsIt) {
  bench.mount->rests_at_once = false;
  const Observatory site = bench.open();
  const MountHandle dish = site.mount("dish");
  dish.move_to({degrees(200), degrees(40)});
  std::thread other([&] {
    std::this_thread::sleep_for(50ms);
    site.mount("dish", {"ben"}).stop();
  });
  EXPECT_EQ(code_of([&] { dish.wait_until_on_target(); }), ErrorCode::interrupted);
  other.join();
  EXPECT_EQ(code_of([&] { dish.wait_until_on_target(); }), ErrorCode::interrupted) << "also who comes later";
}

TEST_F(MountTest, RefusesRatesThatWouldLeaveTheLimitsAndStopsAtThem) {
  const Observatory site = bench.open();
  const MountHandle dish = site.mount("dish");
  const AxisRates up{degrees(0), degrees(10)};
  EXPECT_EQ(code_of([&] { dish.move_rate(up, 3s); }), ErrorCode::out_of_limits);
  dish.move_to({degrees(100), degrees(170)});
  dish.wait_until_on_target();
  EXPECT_EQ(code_of([&] { dish.move_rate(up, 2s); }), ErrorCode::out_of_limits);
  dish.move_rate(up, 900ms);
  EXPECT_EQ(bench.mount->rates, 1);
  const int stops = bench.mount->stops;
  bench.mount->place({degrees(100), degrees(180)});
  EXPECT_TRUE(eventually([&] { return bench.mount->stops > stops; }));
}

TEST_F(MountTest, NeverFakesARate) {
  bench.mount->description.rates = false;
  const Observatory site = bench.open();
  EXPECT_EQ(code_of([&] { site.mount("dish").move_rate({degrees(1), degrees(0)}); }), ErrorCode::unsupported);
}

TEST_F(MountTest, KnowsWhereItPointedBetweenTwoReadings) {
  run_at(10);
  const Observatory site = bench.open();
  const MountHandle dish = site.mount("dish");
  dish.move_to({degrees(359), degrees(40)});
  dish.wait_until_on_target();
  site.clock()->sleep_for(20s);
  const auto place = dish.place_at(site.clock()->now() - 10s);
  ASSERT_TRUE(place);
  EXPECT_NEAR(place->azimuth.degrees(), 359.0, 1e-9);
  EXPECT_FALSE(dish.place_at(begin_of_night - 6s));
  EXPECT_FALSE(dish.place_at(site.clock()->now() + 1h));
}

TEST_F(MountTest, EmitsWhatChangedAndOtherwiseOnceASecond) {
  run_at(10);
  struct Count final : Listener {
    std::mutex mutex;
    std::vector<Time> azimuths;
    std::atomic<int> last = 0;
    std::atomic<bool> in_order = true;
    void points(std::span<const Point> points, std::uint64_t) override {
      for (const Point& point : points) {
        if (point.device != "dish") continue;
        if (last != 0 && point.sequence != static_cast<std::uint32_t>(last) + 1) in_order = false;
        last = static_cast<int>(point.sequence);
        const std::lock_guard lock(mutex);
        if (point.id == "dish.azimuth") azimuths.push_back(point.time);
      }
    }
    std::vector<Time> all() {
      const std::lock_guard lock(mutex);
      return azimuths;
    }
  } count;
  const Observatory site = bench.open();
  const Subscription subscription = site.subscribe(count);
  ASSERT_TRUE(eventually([&] { return count.all().size() >= 12; }));
  const std::vector<Time> times = count.all();
  std::vector<double> apart;
  for (std::size_t i = 1; i < times.size(); ++i) apart.push_back(seconds(times[i] - times[i - 1]));
  std::ranges::sort(apart);
  EXPECT_GE(apart.front(), 1.0);
  EXPECT_LT(apart[apart.size() / 2], 1.5) << "any one may be read late";
  EXPECT_TRUE(count.in_order);
  EXPECT_DOUBLE_EQ(site.latest("dish.azimuth")->value.as_number(), 100.0);
  EXPECT_EQ(site.latest("dish.azimuth")->unit, "deg");
  EXPECT_EQ(site.latest("dish.state")->value.as_text(), "stopped");
}

TEST_F(MountTest, ReadsItsSnapshotWhole) {
  bench.mount->description.poll_every = 1ms;
  const Observatory site = bench.open();
  const MountHandle dish = site.mount("dish");
  std::atomic<bool> done = false;
  std::thread mover([&] {
    for (int i = 0; i < 200; ++i) {
      bench.mount->place({degrees(i), degrees(i / 2.0)});
      std::this_thread::sleep_for(1ms);
    }
    done = true;
  });
  while (!done) {
    const MountReport report = dish.status();
    if (report.axes.first == degrees(100)) continue;
    ASSERT_NEAR(report.axes.first.degrees(), 2 * report.axes.second.degrees(), 1e-9);
  }
  mover.join();
}

}  // namespace
}  // namespace astro::testing
