// SPDX-License-Identifier: BSD-3-Clause
// What each rule of `safety:` does to the simulated mount.
#include <gmock/gmock.h>

#include "safe_bench.hpp"

namespace astro::testing {
namespace {

using ::testing::HasSubstr;

/// What the mount's host has to say.
struct Heard final : Listener {
  std::mutex mutex;
  std::vector<std::string> warnings;
  void notice(const Notice& notice) override {
    const std::lock_guard lock(mutex);
    if (notice.device == "dish" && notice.level >= LogLevel::warning) warnings.push_back(notice.message);
  }
  std::vector<std::string> all() {
    const std::lock_guard lock(mutex);
    return warnings;
  }
};

struct SafeMount : ::testing::Test {
  SafeBench bench;
  void run_at(double speed, Time start = noon) { bench.options.clock = Clock::simulated(start, speed); }
  void go_wrong(const char* what, double at, double lasts) {
    bench.mount.emplace_back("faults", List{Map{{"kind", what}, {"at", at}, {"lasts", lasts}}});
  }
  /// The weather station measures this from now on.
  static void hold(const Observatory& site, const char* sensor, double value) {
    site.controller("weather")
        .perform("set_sensor_value", Map{{"sensor_id", sensor}, {"value", value}})
        .wait_completed(10s);
  }
  static std::string why(const MountHandle& dish) {
    std::string message;
    EXPECT_TRUE(code_of([&] { dish.wait_until_on_target(1h); }, &message));
    return message;
  }
};

TEST_F(SafeMount, IsParkedWhenTheWindRisesAndTakesNothingUntilItHasCalmedDown) {
  run_at(50);
  bench.rules.conditions = {{.point = "weather.temperature",
                             .above = 30.0,
                             .lasting = 2s,
                             .clear_for = 200s,
                             .missing_after = 10min,
                             .action = SafetyAction::park}};
  const Observatory site = bench.open();
  const MountHandle dish = site.mount("dish");
  dish.track(AltAz{degrees(40), degrees(30)});
  dish.wait_until_on_target();
  hold(site, "temperature", 33);
  ASSERT_TRUE(eventually([&] { return dish.status().state == MountState::parked; }));
  EXPECT_FALSE(dish.status().tracking);
  std::string message;
  EXPECT_EQ(code_of([&] { dish.slew_to(AltAz{degrees(40), degrees(30)}); }, &message), ErrorCode::unsafe);
  EXPECT_THAT(message, HasSubstr("weather.temperature is 33 degC, above 30"));
  EXPECT_EQ(code_of([&] { dish.move_rate({degrees(1), degrees(0)}); }), ErrorCode::unsafe);
  EXPECT_EQ(code_of([&] { dish.home(); }), ErrorCode::unsafe);
  dish.park();  // always
  dish.stop();
  hold(site, "temperature", 20);
  EXPECT_EQ(code_of([&] { dish.slew_to(AltAz{degrees(40), degrees(30)}); }, &message), ErrorCode::unsafe);
  EXPECT_THAT(message, HasSubstr("it must be over for 200 s"));
  site.clock()->sleep_for(210s);
  dish.slew_to(AltAz{degrees(40), degrees(30)});
  dish.wait_until_on_target();
}

TEST_F(SafeMount, LetsGoOnWhatRunsWhereItOnlyRefusesAndOnlySpeaksWhereItWarns) {
  run_at(50);
  bench.rules.conditions = {
      {.point = "weather.humidity", .above = 70.0, .missing_after = 10min, .action = SafetyAction::warn},
      {.point = "weather.temperature", .above = 30.0, .missing_after = 10min, .action = SafetyAction::refuse}};
  Heard heard;
  const Observatory site = bench.open();
  const Subscription subscription = site.subscribe(heard);
  const MountHandle dish = site.mount("dish");
  dish.track(AltAz{degrees(40), degrees(30)});
  dish.wait_until_on_target();
  hold(site, "humidity", 80);
  EXPECT_TRUE(eventually([&] { return heard.all().size() == 1; }));
  EXPECT_THAT(heard.all().back(), HasSubstr("weather.humidity is 80 %, above 70"));
  dish.track(AltAz{degrees(50), degrees(30)});
  hold(site, "temperature", 33);
  EXPECT_TRUE(eventually([&] { return heard.all().size() == 2; }));
  EXPECT_EQ(code_of([&] { dish.track(AltAz{degrees(60), degrees(30)}); }), ErrorCode::unsafe);
  dish.wait_until_on_target();
  EXPECT_TRUE(dish.status().tracking);
  EXPECT_NEAR(dish.status().axes.first.degrees(), 50, 0.1);
}

TEST_F(SafeMount, TakesAWeatherStationThatIsSilentForStorm) {
  run_at(50);
  // There are no such points. Both are missed at the same time: the stronger action counts.
  bench.rules.conditions = {{.point = "weather.rain", .above = 1.0, .missing_after = 20s, .action = SafetyAction::warn},
                            {.point = "weather.wind", .above = 30.0, .missing_after = 20s}};
  const Observatory site = bench.open();
  const MountHandle dish = site.mount("dish");
  dish.track(AltAz{degrees(40), degrees(30)});
  ASSERT_TRUE(eventually([&] { return dish.status().state == MountState::parked; }));
  std::string message;
  EXPECT_EQ(code_of([&] { dish.track(AltAz{degrees(40), degrees(30)}); }, &message), ErrorCode::unsafe);
  EXPECT_THAT(message, HasSubstr("weather.wind has not been measured for"));
}

TEST_F(SafeMount, EndsAMotionThatStalls) {
  run_at(50);
  go_wrong("stall", 3, 1000);
  bench.rules.stall_after = 5s;
  const Observatory site = bench.open();
  const MountHandle dish = site.mount("dish");
  dish.move_to({degrees(400), degrees(45)});
  EXPECT_THAT(why(dish), HasSubstr("the mount stalls"));
  EXPECT_FALSE(dish.target());
}

struct SilentMount : SafeMount, ::testing::WithParamInterface<const char*> {};

TEST_P(SilentMount, IsToldToStop) {
  run_at(10);
  go_wrong(GetParam(), 3, 30);
  const Observatory site = bench.open();
  const MountHandle dish = site.mount("dish");
  dish.move_to({degrees(440), degrees(45)});
  EXPECT_THAT(why(dish), HasSubstr("stopped answering while it moved"));
  // It stands as soon as it answers again.
  ASSERT_TRUE(eventually([&] { return dish.status().state == MountState::stopped; }));
  EXPECT_LT(dish.status().axes.first, degrees(300));
}
INSTANTIATE_TEST_SUITE_P(Faults, SilentMount, ::testing::Values("dropout", "exception"));

TEST_F(SafeMount, SaysThatItStrays) {
  run_at(10);
  bench.rules.stray = degrees(1);
  bench.rules.stray_after = 2s;
  const Observatory site = bench.open();
  const MountHandle dish = site.mount("dish");
  dish.move_to({degrees(200), degrees(45)});
  dish.wait_until_on_target();
  {  // somebody turns it by a handset of its own
    const std::lock_guard lock(bench.window->mutex);
    bench.window->mount->move_to({degrees(250), degrees(45)});
  }
  // Until then it is where it was sent, by what the host has read.
  ASSERT_TRUE(eventually([&] { return code_of([&] { dish.wait_until_on_target(1h); }).has_value(); }));
  EXPECT_THAT(why(dish), HasSubstr("the mount strays"));
  dish.wait_until_stopped();
  EXPECT_LT(dish.status().axes.first, degrees(245));
}

TEST_F(SafeMount, ParksWhenTheSunComesToWhatItFollows) {
  // A place that stands still, 12 degrees before the Sun.
  const Time later = noon + 4h;
  const Spot sun = sun_at(bench.site, later);
  run_at(500, later - 50min);
  bench.rules.sun_distance = degrees(8);
  bench.rules.sun_action = SafetyAction::park;
  Heard heard;
  const Observatory site = bench.open();
  const Subscription subscription = site.subscribe(heard);
  const MountHandle dish = site.mount("dish");
  dish.track(AltAz{degrees(sun.azimuth), degrees(sun.altitude)});
  EXPECT_TRUE(dish.status().tracking);
  ASSERT_TRUE(eventually([&] { return dish.status().state == MountState::parked; }));
  EXPECT_TRUE(eventually([&] {
    return std::ranges::any_of(
        heard.all(), [](const std::string& said) { return said.find("tracking ends: the Sun is") != said.npos; });
  }));
  EXPECT_LT(site.clock()->now(), later);
}

TEST_F(SafeMount, WarnsOnceWhenTheSunComesToAMountThatStands) {
  Heard heard;
  const Time later = noon + 4h;
  const Spot sun = sun_at(bench.site, later);
  run_at(500, later - 40min);
  bench.rules.sun_distance = degrees(5);
  const Observatory site = bench.open();
  const Subscription subscription = site.subscribe(heard);
  const MountHandle dish = site.mount("dish");
  dish.slew_to(AltAz{degrees(sun.azimuth), degrees(sun.altitude)});
  dish.wait_until_on_target();
  dish.wait_until_stopped();
  const Axes stood = dish.status().axes;
  site.clock()->sleep_until(later);
  const auto warnings = heard.all();
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_THAT(warnings.front(), HasSubstr("it has come to the beam: move the mount away"));
  EXPECT_EQ(dish.status().axes, stood);
}

TEST_F(SafeMount, DoesNotParkThroughTheSunButGoesRoundIt) {
  const Spot sun = sun_at(bench.site, noon + 3h);
  run_at(50, noon + 3h);
  bench.rules.sun_distance = degrees(10);
  bench.mount = {{"start", axes_map(sun.azimuth - 20, sun.altitude)},
                 {"park", axes_map(sun.azimuth + 20, sun.altitude)}};
  const Observatory site = bench.open();
  const MountHandle dish = site.mount("dish");
  dish.park();
  double nearest = 180;
  while (dish.status().state != MountState::parked) {
    const MountReport report = dish.status();
    const Spot here{report.place.azimuth.degrees(), report.place.altitude.degrees()};
    nearest = std::min(nearest, apart(here, sun_at(bench.site, report.time)));
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_GT(nearest, 9.9);
  EXPECT_LT(nearest, 30);
}

TEST_F(SafeMount, RefusesAParkPositionInTheSunAndSaysSo) {
  const Spot sun = sun_at(bench.site, noon + 3h);
  run_at(50, noon + 3h);
  bench.rules.sun_distance = degrees(10);
  bench.mount = {{"start", axes_map(20, 40)}, {"park", axes_map(sun.azimuth, sun.altitude)}};
  const Observatory site = bench.open();
  std::string message;
  EXPECT_EQ(code_of([&] { site.mount("dish").park(); }, &message), ErrorCode::unsafe);
  EXPECT_THAT(message, HasSubstr("the Sun is"));
}

TEST_F(SafeMount, SparesTheMotors) {
  run_at(200);
  bench.rules.starts_per_minute = 2;
  bench.mount = {{"accuracy", 0.01}};  // the sky passes half of that in two seconds
  const Observatory site = bench.open();
  const MountHandle dish = site.mount("dish");
  const auto moves = [&] {
    const std::lock_guard lock(bench.window->mutex);
    return bench.window->mount->moves.load();
  };
  dish.track(
      sky::icrs(AltAz{degrees(120), degrees(50)}, bench.site, site.clock()->now(), sky::standard_weather(bench.site)));
  site.clock()->sleep_for(60s);
  const int before = moves();
  const Time from = site.clock()->now();
  site.clock()->sleep_for(20min);
  const int made = moves() - before;
  const double minutes = seconds(site.clock()->now() - from) / 60;
  EXPECT_LE(made, 2 * minutes + 2);
  EXPECT_GE(made, minutes);
  EXPECT_TRUE(dish.status().tracking);
}

TEST_F(SafeMount, RefusesRatesThatItsRulesDoNotAllow) {
  run_at(50);
  bench.rules.slew_limit = degrees(2);
  const Observatory site = bench.open();
  const MountHandle dish = site.mount("dish");
  EXPECT_EQ(code_of([&] { dish.move_rate({degrees(3), degrees(0)}); }), ErrorCode::out_of_limits);
  dish.move_rate({degrees(2), degrees(0)});
  // The drive itself slews at 5 degrees a second: it is stopped.
  dish.move_to({degrees(400), degrees(45)});
  EXPECT_THAT(why(dish), HasSubstr("an axis turns by"));
}

TEST_F(SafeMount, ComesBackFromBelowTheHorizonsLine) {
  run_at(50);
  bench.rules.horizon = {{degrees(0), degrees(20)}};
  bench.mount = {{"start", axes_map(180, 8)}};
  const Observatory site = bench.open();
  const MountHandle dish = site.mount("dish");
  std::string message;
  EXPECT_EQ(code_of([&] { dish.move_rate({degrees(0), degrees(-1)}); }, &message), ErrorCode::out_of_limits);
  dish.move_rate({degrees(0), degrees(1)}, 500ms);
  EXPECT_EQ(code_of([&] { dish.move_to({degrees(180), degrees(15)}); }, &message), ErrorCode::out_of_limits);
  EXPECT_THAT(message, HasSubstr("below the horizon's line"));
  dish.move_to({degrees(200), degrees(40)});
  dish.wait_until_on_target();
}

}  // namespace
}  // namespace astro::testing
