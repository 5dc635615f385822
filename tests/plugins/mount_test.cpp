// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>

#include <cmath>

#include "bench.hpp"

namespace {

using namespace std::chrono_literals;
using namespace astro::literals;
using astro::testing::Bench;
using astro::testing::HeldClock;

astro::Map placed(double first, double second) { return {{"start", astro::Map{{"first", first}, {"second", second}}}}; }

struct SimulatedMount : testing::Test {
  HeldClock time;
  Bench bench{time.clock()};
};

TEST_F(SimulatedMount, SlewsInTheTimeThatSpeedAndAccelerationAllow) {
  const auto mount = bench.mount("dish", "simulator", placed(90, 45));
  mount->move_to({180_deg, 45_deg});
  time.advance(18900ms);  // 90 deg at 5 deg/s, and a second to speed up and slow down: 19 s
  EXPECT_EQ(mount->status().state, astro::MountState::moving);
  time.advance(100ms);
  EXPECT_EQ(mount->status().state, astro::MountState::stopped);
  EXPECT_NEAR(mount->status().position.first.degrees(), 180.0, 1e-9);
}

TEST_F(SimulatedMount, NeverExceedsItsSpeedOrAccelerationAlsoWhenTheTargetChanges) {
  const auto mount = bench.mount("dish", "simulator", placed(90, 45));
  double last = 90.0;
  double last_speed = 0.0;
  mount->move_to({180_deg, 45_deg});
  for (int step = 0; step < 1500; ++step) {
    if (step == 400) mount->move_to({100_deg, 45_deg});
    if (step == 700) mount->move_to({300_deg, 45_deg});
    if (step == 1300) mount->stop();
    time.advance(10ms);
    const double now = mount->status().position.first.degrees();
    const double speed = (now - last) / 0.01;
    ASSERT_LE(std::abs(speed), 5.0 + 1e-3) << "at step " << step;
    ASSERT_LE(std::abs(speed - last_speed) / 0.01, 5.0 + 0.1) << "at step " << step;
    last = now, last_speed = speed;
  }
}

TEST_F(SimulatedMount, NeedsItsBrakingDistanceToStop) {
  const auto mount = bench.mount("dish", "simulator", placed(0, 45));
  mount->move_to({300_deg, 45_deg});
  time.advance(10s);
  const double at_stop = mount->status().position.first.degrees();
  mount->stop();
  time.advance(5s);
  EXPECT_EQ(mount->status().state, astro::MountState::stopped);
  EXPECT_NEAR(mount->status().position.first.degrees() - at_stop, 5.0 * 5.0 / (2.0 * 5.0), 1e-6);  // v^2 / 2a
}

TEST_F(SimulatedMount, LetsARateDieAfterItsLifetime) {
  const auto mount = bench.mount("dish", "simulator", placed(90, 45));
  mount->move_rate({1_deg, -1_deg}, 500ms);
  time.advance(10s);
  EXPECT_EQ(mount->status().state, astro::MountState::stopped);
  EXPECT_NEAR(mount->status().position.first.degrees(), 90.5, 1e-6);
  EXPECT_NEAR(mount->status().position.second.degrees(), 44.5, 1e-6);
}

TEST_F(SimulatedMount, StopsAtTheEndOfItsReach) {
  const auto mount = bench.mount("dish", "simulator", placed(448, 45));
  mount->move_rate({5_deg, 0_deg}, 60s);
  time.advance(61s);
  EXPECT_NEAR(mount->status().position.first.degrees(), 450.0, 1e-6);
}

TEST_F(SimulatedMount, ParksAndForgetsItWhenItMoves) {
  const auto mount = bench.mount("dish", "simulator");
  mount->park();
  time.advance(60s);
  EXPECT_EQ(mount->status().state, astro::MountState::parked);
  EXPECT_NEAR(mount->status().position.second.degrees(), 88.0, 1e-9);
  mount->move_to({180_deg, 45_deg});
  EXPECT_EQ(mount->status().state, astro::MountState::moving);
}

TEST_F(SimulatedMount, StandsForAnyMountAsItsTwin) {
  auto real = std::make_shared<astro::DriverDescription>();
  real->mount = {.geometry = astro::Geometry::hour_angle_dec, .first = {-90_deg, 90_deg}, .second = {-30_deg, 85_deg}};
  const auto mount = bench.mount("dish", "simulator", {}, real);
  ASSERT_TRUE(mount.kept->mount.has_value());
  EXPECT_EQ(mount.kept->mount->geometry, astro::Geometry::hour_angle_dec);
  EXPECT_EQ(mount.kept->mount->first.from, -90_deg);
  EXPECT_FALSE(mount.kept->mount->parks);
}

TEST_F(SimulatedMount, FailsOnDemand) {
  const auto fault = [](const char* kind, double at) { return astro::Map{{"kind", kind}, {"at", at}, {"lasts", 1.0}}; };
  const auto mount = bench.mount(
      "dish", "simulator", {{"faults", astro::List{fault("exception", 10), fault("dropout", 20), fault("stall", 30)}}});
  EXPECT_NO_THROW(mount->status());
  time.advance(10500ms);
  EXPECT_THROW(mount->move_to({180_deg, 50_deg}), astro::Error);
  time.advance(10s);
  EXPECT_THROW(mount->status(), astro::Error);
  time.advance(9s);
  const auto before = mount->status().position;
  mount->move_to({200_deg, 50_deg});
  time.advance(1s);  // 30.5 s: within the stall
  const auto stalled = mount->status();
  EXPECT_EQ(stalled.state, astro::MountState::moving);
  time.advance(400ms);
  EXPECT_EQ(mount->status().position, stalled.position);
  EXPECT_NE(stalled.position, before);
}

TEST_F(SimulatedMount, RefusesAFaultThatNoMountCanHave) {
  const astro::Map overflow{{"kind", "overflow"}};
  EXPECT_THROW(bench.mount("dish", "simulator", {{"faults", astro::List{overflow}}}), astro::Error);
}

}  // namespace
