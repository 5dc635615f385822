// SPDX-License-Identifier: BSD-3-Clause
#include "astro/clock.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <thread>
#include <vector>

#include "astro/error.hpp"

namespace astro {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

const Time dusk = parse_time("2021-02-10T18:00:00Z");

TEST(SystemClock, IsTheMachinesUtc) {
  const auto clock = Clock::system();
  const auto before = std::chrono::system_clock::now();
  const Time now = clock->now();
  EXPECT_GE(now, before);
  EXPECT_LT(now - before, 5s);
  EXPECT_FALSE(clock->is_simulated());
  EXPECT_EQ(clock->speed(), 1.0);
}

TEST(SystemClock, SleepsUntilTheInstant) {
  const auto clock = Clock::system();
  const Time wanted = clock->now() + 20ms;
  EXPECT_TRUE(clock->sleep_until(wanted));
  EXPECT_GE(clock->now(), wanted - 1ms);
  EXPECT_TRUE(clock->sleep_until(Time::min())) << "what is past has come";
  EXPECT_TRUE(clock->sleep_for(-1s));
}

TEST(SystemClock, IsNotHeld) {
  const auto clock = Clock::system();
  const Clock::Hold hold = clock->hold(Time{});
  EXPECT_TRUE(clock->sleep_for(1ms));
}

void expect_prompt_stop(Clock& clock) {
  std::stop_source stop;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(20ms);
    stop.request_stop();
  });
  const auto started = Steady::now();
  EXPECT_FALSE(clock.sleep_until(Time::max(), stop.get_token()));
  EXPECT_LT(Steady::now() - started, 5s);
  EXPECT_FALSE(clock.sleep_for(1h, stop.get_token())) << "stop was requested before";
}

TEST(SystemClock, WakesWhenStopIsRequested) { expect_prompt_stop(*Clock::system()); }
TEST(SimulatedClock, WakesWhenStopIsRequested) { expect_prompt_stop(*Clock::simulated(dusk, 2.0)); }

TEST(SimulatedClock, WakesWhenStopIsRequestedBehindAHold) {
  const auto clock = Clock::simulated(dusk, 1e6);
  const Clock::Hold hold = clock->hold(dusk);
  expect_prompt_stop(*clock);
}

TEST(SimulatedClock, RunsAtItsSpeed) {
  const auto clock = Clock::simulated(dusk, 3600.0);
  EXPECT_GE(clock->now(), dusk);
  const auto started = Steady::now();
  EXPECT_TRUE(clock->sleep_for(3min));
  const auto real = Steady::now() - started;
  EXPECT_GE(real, 49ms);  // 3 min / 3600
  EXPECT_LT(real, 5s);
  EXPECT_GE(clock->now(), dusk + 3min);
}

TEST(SimulatedClock, RefusesASpeedThatIsNone) {
  for (const double speed : {0.0, -1.0, 2e6, std::nan("")}) EXPECT_THROW(Clock::simulated(dusk, speed), Error);
}

TEST(SimulatedClock, NeverPassesTheEarliestHold) {
  const auto clock = Clock::simulated(dusk, 1e6);
  Clock::Hold first = clock->hold(dusk + 1s);
  const Clock::Hold second = clock->hold(dusk + 1h);
  std::this_thread::sleep_for(2ms);
  EXPECT_EQ(clock->now(), dusk + 1s);
  first.move_to(dusk + 2h);
  std::this_thread::sleep_for(20ms);  // 20000 s
  EXPECT_EQ(clock->now(), dusk + 1h);
}

TEST(SimulatedClock, GoesOnFromWhereItWasHeld) {
  const auto clock = Clock::simulated(dusk, 10.0);
  Steady::time_point freed;
  {
    const Clock::Hold hold = clock->hold(dusk);
    std::this_thread::sleep_for(100ms);
    EXPECT_EQ(clock->now(), dusk);
    freed = Steady::now();
  }
  // Held time is not made up for: else a second would have gone by at once.
  const Time now = clock->now();
  EXPECT_LE(now - dusk, 10 * (Steady::now() - freed) + 500ms);
}

TEST(SimulatedClock, IsNotTurnedBackByAHoldInThePast) {
  const auto clock = Clock::simulated(dusk, 1e6);
  std::this_thread::sleep_for(1ms);
  const Time before = clock->now();
  Clock::Hold hold = clock->hold(dusk);
  const Time held = clock->now();
  EXPECT_GE(held, before);
  std::this_thread::sleep_for(1ms);
  EXPECT_EQ(clock->now(), held);
  hold.move_to(dusk - 1h);
  EXPECT_EQ(clock->now(), held);

  hold.move_to(held + 24h * 365);
  std::this_thread::sleep_for(1ms);
  const Time later = clock->now();
  hold.move_to(dusk);
  EXPECT_GE(clock->now(), later) << "also when a hold is moved back";
}

TEST(SimulatedClock, WakesASleeperWhenTheHoldMovesPastIt) {
  const auto clock = Clock::simulated(dusk, 1e6);
  Clock::Hold hold = clock->hold(dusk);
  std::atomic<bool> woke = false;
  std::jthread sleeper([&] {
    EXPECT_TRUE(clock->sleep_until(dusk + 10s));
    woke = true;
  });
  for (int i = 1; i <= 9; ++i) {
    hold.move_to(dusk + i * 1s);
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_FALSE(woke);
  hold.move_to(dusk + 10s);
  sleeper.join();
  EXPECT_EQ(clock->now(), dusk + 10s);
}

TEST(SimulatedClock, IsFreeAfterAReleaseAlsoASecondOne) {
  const auto clock = Clock::simulated(dusk, 1e6);
  Clock::Hold hold = clock->hold(dusk);
  hold.release();
  hold.release();
  hold.move_to(dusk - 1h);
  EXPECT_TRUE(clock->sleep_until(dusk + 10s));
  Clock::Hold none;
  none.move_to(dusk);
  none.release();
}

TEST(SimulatedClock, OutlivesWhoMadeTheHold) {
  Clock::Hold hold;
  {
    const auto clock = Clock::simulated(dusk);
    hold = clock->hold(dusk);
  }
  hold.move_to(dusk + 1s);
}

TEST(SimulatedClock, NeverRunsBackWithManyThreadsAndHolds) {
  const auto clock = Clock::simulated(dusk, 1e5);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&](const std::stop_token& stop) {
      Time last = clock->now();
      while (!stop.stop_requested()) {
        const Time now = clock->now();
        EXPECT_GE(now, last);
        last = now;
      }
    });
    threads.emplace_back([&](const std::stop_token& stop) {
      while (clock->sleep_for(1s, stop)) {}
    });
  }
  for (int i = 0; i < 200; ++i) {
    const Time end = clock->now() + 1s;
    Clock::Hold hold = clock->hold(end);
    EXPECT_TRUE(clock->sleep_until(end));
    hold.move_to(end + 1s);
    EXPECT_TRUE(clock->sleep_until(end + 1s));
  }
}

}  // namespace
}  // namespace astro
