// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>

#include "bench.hpp"

namespace astro::testing {
namespace {

struct Counting final : Listener {
  std::atomic<std::uint64_t> heard = 0, missed = 0;
  std::atomic<bool> in_order = true;
  std::function<void()> on_points;
  std::uint32_t last = 0;
  void points(std::span<const Point> points, std::uint64_t missed_now) override {
    if (on_points) on_points();
    missed += missed_now;
    for (const Point& point : points) {
      if (point.device != "lamp") continue;
      if (last != 0 && point.sequence != last + 1 && missed_now == 0) in_order = false;
      last = point.sequence;
      ++heard;
    }
  }
};

TEST(Telemetry, ReachesListenersInOrderAndWithoutLoss) {
  Bench bench;
  const Observatory site = bench.open();
  Counting listener;
  const Subscription subscription = site.subscribe(listener);
  for (int i = 0; i < 5000; ++i) bench.controller->host->point("brightness", i, Quality::good, {});
  EXPECT_TRUE(eventually([&] { return listener.heard == 5000; }));
  EXPECT_TRUE(listener.in_order);
  EXPECT_EQ(listener.missed, 0u);
  EXPECT_DOUBLE_EQ(site.latest("lamp.brightness")->value.as_number(), 4999.0);
}

TEST(Telemetry, DelaysOnlyTheListenerThatIsSlowAndCountsWhatItMissed) {
  Bench bench;
  const Observatory site = bench.open();
  Gate gate;
  Counting slow, quick;
  slow.on_points = [&] { gate.wait(60s); };
  const Subscription one = site.subscribe(slow);
  const Subscription two = site.subscribe(quick);
  bench.controller->host->point("brightness", 0, Quality::good, {});
  gate.await_somebody();
  const int count = 70000;
  for (int i = 0; i < count; ++i) bench.controller->host->point("brightness", i, Quality::good, {});
  EXPECT_TRUE(eventually([&] { return quick.heard + quick.missed >= static_cast<std::uint64_t>(count) + 1; }));
  gate.open();
  EXPECT_TRUE(eventually([&] { return slow.missed > 0; }));
  EXPECT_GE(slow.missed, static_cast<std::uint64_t>(count) - 65536);
}

TEST(Telemetry, CallsAListenerNoMoreWhenItsSubscriptionIsGone) {
  Bench bench;
  const Observatory site = bench.open();
  Counting listener;
  {
    const Subscription subscription = site.subscribe(listener);
    bench.controller->host->point("brightness", 1, Quality::good, {});
    ASSERT_TRUE(eventually([&] { return listener.heard == 1; }));
  }
  bench.controller->host->point("brightness", 2, Quality::good, {});
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(listener.heard, 1u);
}

TEST(Telemetry, LetsAListenerEndItsOwnSubscription) {
  Bench bench;
  const Observatory site = bench.open();
  Counting listener;
  Subscription subscription;
  std::mutex mutex;
  listener.on_points = [&] {
    const std::lock_guard lock(mutex);
    subscription = Subscription();
  };
  {
    const std::lock_guard lock(mutex);
    subscription = site.subscribe(listener);
  }
  bench.controller->host->point("brightness", 1, Quality::good, {});
  EXPECT_TRUE(eventually([&] { return listener.heard >= 1; }));
}

}  // namespace
}  // namespace astro::testing
