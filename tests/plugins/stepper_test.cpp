// SPDX-License-Identifier: BSD-3-Clause
// How the motors of the driver `stepper` are told to move: its planner, without clock and lines.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "stepper/axis.hpp"
#include "stepper/profile.hpp"
#include "testing/testing.hpp"

namespace stepper {
namespace {

constexpr Ramps trapezoid{.speed = 1000.0, .acceleration = 4000.0};
constexpr Ramps s_curve{.speed = 1000.0, .acceleration = 4000.0, .jerk = 60000.0};

/// Looks at a profile closely: speed, acceleration and continuity, from there to its end.
void expect_within(const Profile& profile, const Ramps& ramps, double begin, double fastest) {
  const double step = 1e-3;
  State before = profile.at(begin);
  for (double t = begin + step; t <= profile.end() + step; t += step) {
    const State now = profile.at(t);
    ASSERT_LE(std::abs(now.speed), fastest * (1.0 + 1e-9));
    ASSERT_LE(std::abs(now.speed - before.speed), ramps.acceleration * step * (1.0 + 1e-6) + 1e-6);
    ASSERT_NEAR(now.position, before.position + (now.speed + before.speed) / 2.0 * step, 1e-3 * step * fastest + 1e-6);
    if (ramps.jerk > 0.0) {
      ASSERT_LE(std::abs(now.acceleration - before.acceleration), ramps.jerk * step * (1.0 + 1e-6) + 1e-6);
    }
    before = now;
  }
  EXPECT_EQ(before.position, profile.rests_at());
}

class Ramped : public ::testing::TestWithParam<Ramps> {};
INSTANTIATE_TEST_SUITE_P(Profiles, Ramped, ::testing::Values(trapezoid, s_curve),
                         [](const auto& each) { return each.param.jerk > 0.0 ? "SCurve" : "Trapezoid"; });

TEST_P(Ramped, GoesToWholeStepsWithinSpeedAndAcceleration) {
  for (const double target : {1.0, -1.0, 2.0, 17.0, -300.0, 5000.0}) {
    const Profile profile = Profile::to(target, {}, GetParam(), 10.0);
    EXPECT_EQ(profile.rests_at(), target);
    expect_within(profile, GetParam(), 10.0, GetParam().speed);
  }
}

TEST(Profile, TakesTheTimeThatTheRampsAllow) {
  // v/a + d/v: 0.25 s of ramps and 5 s at the fastest.
  EXPECT_NEAR(Profile::to(5000.0, {}, trapezoid, 0.0).end(), 5.25, 1e-9);
  // The S-curve's ramp is a/jerk longer.
  EXPECT_NEAR(Profile::to(5000.0, {}, s_curve, 0.0).end(), 5.25 + 4000.0 / 60000.0, 1e-9);
  // Too near for the fastest: 2 sqrt(d/a).
  EXPECT_NEAR(Profile::to(100.0, {}, trapezoid, 0.0).end(), 2.0 * std::sqrt(100.0 / 4000.0), 1e-6);
}

TEST_P(Ramped, ChangesItsMindAtAnyMomentWithoutAJerk) {
  std::mt19937_64 chance(astro::testing::first_seed());
  const auto between = [&](double low, double high) { return std::uniform_real_distribution(low, high)(chance); };
  const int rounds = astro::testing::is_long() ? 5000 : 200;
  for (int round = 0; round < rounds; ++round) {
    Profile profile = Profile::to(std::round(between(-3000, 3000)), {}, GetParam(), 0.0);
    double now = 0.0;
    double fastest = GetParam().speed;
    for (int change = 0; change < 5; ++change) {
      now += between(0.0, 0.8);
      Ramps ramps = GetParam();
      ramps.speed = between(50.0, 1000.0);
      const State here = profile.at(now);
      fastest = std::max(ramps.speed, std::abs(here.speed) +
                                          here.acceleration * here.acceleration / (2.0 * std::max(1.0, ramps.jerk)));
      const double target = std::round(between(-3000, 3000));
      profile = change % 3 == 2 ? Profile::stop(here, GetParam(), now) : Profile::to(target, here, ramps, now);
      if (change % 3 != 2) {
        ASSERT_EQ(profile.rests_at(), target);
      }
      ASSERT_EQ(profile.rests_at(), std::round(profile.rests_at()));
      ASSERT_NEAR(profile.at(now).position, here.position, 1e-6);
      // What would come to rest within a millionth of a step rests at once.
      ASSERT_NEAR(profile.at(now).speed, here.speed, profile.end() > now ? 1e-6 : 0.01);
      ASSERT_NO_FATAL_FAILURE(expect_within(profile, ramps, now, std::max(fastest, GetParam().speed)));
    }
  }
}

TEST_P(Ramped, StopsNoLaterThanWhereItWasSent) {
  for (double moment = 0.0; moment < 1.2; moment += 0.003) {
    const Profile profile = Profile::to(700.0, {}, GetParam(), 0.0);
    const Profile stopped = Profile::stop(profile.at(moment), GetParam(), moment);
    ASSERT_LE(stopped.rests_at(), 700.0);
    ASSERT_GE(stopped.rests_at(), 0.0);
    ASSERT_NO_FATAL_FAILURE(expect_within(stopped, GetParam(), moment, 1000.0));
  }
}

constexpr Axis::Settings axis(std::int64_t backlash = 0, const Ramps& ramps = trapezoid) {
  return {.from = -500, .to = 2000, .ramps = ramps, .backlash = backlash};
}

/// Makes its steps until it stands, or until the time.
std::vector<Axis::Step> run(Axis& axis, double until = 1e9) {
  std::vector<Axis::Step> steps;
  while (const auto step = axis.next()) {
    if (step->time > until) break;
    axis.made(*step);
    steps.push_back(*step);
  }
  return steps;
}

TEST(Axis, MakesEachStepOnceAndInItsTime) {
  Axis motor(axis(), 0);
  motor.go(1000, 1e9, 5.0);
  const auto steps = run(motor);
  ASSERT_EQ(steps.size(), 1000u);
  EXPECT_EQ(motor.dish(), 1000);
  double before = 5.0;
  for (const Axis::Step& step : steps) {
    ASSERT_EQ(step.direction, 1);
    ASSERT_GE(step.time - before, 1.0 / 1000.0 - 1e-9);  // never faster than the fastest
    before = step.time;
  }
  // Half a step at the ramp's beginning takes sqrt(2 * 0.5 / a).
  EXPECT_NEAR(steps.front().time - 5.0, std::sqrt(1.0 / 4000.0), 1e-9);
}

TEST(Axis, StepsAreAsFarApartAsTheAccelerationAllows) {
  for (const Ramps& ramps : {trapezoid, s_curve}) {
    Axis motor(axis(0, ramps), 0);
    motor.go(1500, 1e9, 0.0);
    const auto steps = run(motor);
    for (std::size_t i = 2; i < steps.size(); ++i) {
      const double first = steps[i - 1].time - steps[i - 2].time;
      const double second = steps[i].time - steps[i - 1].time;
      // The mean speeds of neighbouring intervals differ by at most a times the time between their middles.
      ASSERT_LE(std::abs(1.0 / second - 1.0 / first), ramps.acceleration * (first + second) / 2.0 * (1.0 + 1e-6));
    }
  }
}

TEST(Axis, NeverPassesItsReachByAStepWhateverItIsTold) {
  std::mt19937_64 chance(astro::testing::first_seed());
  const int rounds = astro::testing::is_long() ? 200000 : 500;
  Axis motor(axis(7, s_curve), 0);
  double now = 0.0;
  for (int i = 0; i < rounds; ++i) {
    const auto what = chance() % 4;
    if (what == 0) motor.stop(now);
    else motor.go(static_cast<std::int64_t>(chance() % 8000) - 4000, 10.0 + static_cast<double>(chance() % 1000), now);
    now += static_cast<double>(chance() % 1000) * 1e-3;
    for (std::optional<Axis::Step> step; (step = motor.next()) && step->time <= now;) {
      motor.made(*step);
      ASSERT_GE(motor.dish(), -500);
      ASSERT_LE(motor.dish(), 2000);
    }
  }
}

TEST(Axis, TakesUpThePlayOfItsGearsWhenItTurns) {
  Axis motor(axis(10), 0);
  motor.go(100, 1e9, 0.0);
  EXPECT_EQ(run(motor).size(), 110u);
  EXPECT_EQ(motor.dish(), 100);
  motor.go(150, 1e9, 10.0);
  EXPECT_EQ(run(motor).size(), 50u);
  motor.go(140, 1e9, 20.0);
  EXPECT_EQ(run(motor).size(), 20u);
  EXPECT_EQ(motor.dish(), 140);
  motor.go(140, 1e9, 30.0);
  EXPECT_TRUE(run(motor).empty());
  EXPECT_EQ(motor.motor(), 140);
}

TEST(Axis, ComesWhereItIsSentAlsoPastItAndBackThroughThePlay) {
  std::mt19937_64 chance(astro::testing::first_seed());
  for (const Ramps& ramps : {trapezoid, s_curve}) {
    Axis motor(axis(30, ramps), 0);
    motor.go(2000, 1e9, 0.0);
    run(motor, 1.0);
    const std::int64_t near = motor.dish() + 5;  // nearer than it can brake
    motor.go(near, 1e9, 1.0);
    run(motor);
    EXPECT_EQ(motor.dish(), near);
    double now = 10.0;
    for (int i = 0; i < 300; ++i) {
      motor.go(static_cast<std::int64_t>(chance() % 2500) - 500, 1e9, now);
      now += static_cast<double>(chance() % 500) * 1e-3;
      run(motor, now);
      const std::int64_t goal =
          std::clamp<std::int64_t>(motor.dish() + static_cast<std::int64_t>(chance() % 401) - 200, -500, 2000);
      motor.go(goal, 1e9, now);
      const auto steps = run(motor);
      ASSERT_EQ(motor.dish(), goal) << "move " << i;
      if (!steps.empty()) now = steps.back().time + 0.1;
    }
  }
}

TEST(Axis, AStepThatComesLateNeverHurriesTheOthers) {
  Axis motor(axis(), 0);
  motor.go(1000, 1e9, 0.0);
  double shift = 0.0;
  double before = -1.0;
  for (int i = 0; const auto step = motor.next(); ++i) {
    double done = step->time;
    if (i % 100 == 50) done += 0.05;
    ASSERT_GE(done - before, 0.74 / 1000.0);
    before = done;
    motor.made(*step);
    if (motor.was_late(done - step->time)) shift += done - step->time;
  }
  EXPECT_EQ(motor.dish(), 1000);
  EXPECT_NEAR(shift, 0.5, 1e-9);
  EXPECT_NEAR(before, 1.25 + 0.5, 0.02);
}

TEST(Axis, HaltsWithoutAnotherStep) {
  Axis motor(axis(), 0);
  motor.go(1000, 1e9, 0.0);
  run(motor, 0.5);
  motor.halt();
  EXPECT_FALSE(motor.next());
  const std::int64_t here = motor.dish();
  motor.go(here + 3, 1e9, 1.0);
  EXPECT_EQ(run(motor).size(), 3u);
}

TEST(Homing, FindsTheEdgeOfItsSwitchFromEitherSide) {
  using Want = Homing::Want;
  Homing outside;
  EXPECT_EQ(outside.next(false, true), Want::seek);
  EXPECT_EQ(outside.next(false, false), Want::nothing);
  EXPECT_EQ(outside.next(true, false), Want::stop);
  EXPECT_EQ(outside.next(true, false), Want::nothing);
  EXPECT_EQ(outside.next(true, true), Want::back_off);
  EXPECT_EQ(outside.next(false, false), Want::creep);
  EXPECT_EQ(outside.next(true, false), Want::done);
  Homing inside;
  EXPECT_EQ(inside.next(true, true), Want::back_off);
  EXPECT_EQ(inside.next(false, false), Want::creep);
  EXPECT_EQ(inside.next(false, true), Want::lost);
}

}  // namespace
}  // namespace stepper
