// SPDX-License-Identifier: BSD-3-Clause
// An hour of samples, in simulated time, of radios that overflow and are unplugged at random moments: what the drivers
// `soapy` and `rtl_tcp` make of when samples came, and of their stamps, beside what was lost in truth.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <random>

#include "soapy/gaps.hpp"
#include "stream_kit/arrivals.hpp"
#include "testing/testing.hpp"

namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr double rate_hz = 2.4e6;
constexpr std::uint64_t block = 8192;
constexpr double hour_s = 3600.0;

/// The air, a radio and a bus. All are counted by when they were received, in samples since the start.
class Radio {
 public:
  explicit Radio(std::uint64_t seed) : random_(seed) {}

  struct Block {
    std::uint64_t first;    ///< in truth
    std::int64_t stamp_ns;  ///< by its own clock, which begins with each start
    Steady::time_point came;
  };

  Block next() {
    Block made{next_, std::llround(static_cast<double>(next_ - began_) / rate_hz * 1e9), {}};
    next_ += block;
    // Never before its last sample, and never before the one ahead of it.
    came_s_ = std::max(came_s_, static_cast<double>(next_) / rate_hz + 2e-3 + jitter());
    made.came = at(came_s_);
    return made;
  }
  std::uint64_t overflow(double least = 1.0) { return lose(between(least, 0.5 * rate_hz)); }
  std::uint64_t unplug() {
    const std::uint64_t lost = lose(between(0.2 * rate_hz, 20.0 * rate_hz));
    began_ = next_;
    return lost;
  }
  /// Nothing comes for so long, and then all of it.
  void hold_back(double seconds) { came_s_ = std::max(came_s_, static_cast<double>(next_) / rate_hz) + seconds; }
  double between(double from, double to) { return std::uniform_real_distribution(from, to)(random_); }
  double now_s() const { return came_s_; }
  static Steady::time_point at(double seconds) {
    return Steady::time_point() + std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(seconds));
  }

 private:
  std::uint64_t lose(double samples) {
    next_ += static_cast<std::uint64_t>(samples);
    return static_cast<std::uint64_t>(samples);
  }
  /// On its way through a bus and a machine that has other work: less than a block takes.
  double jitter() {
    return std::min(std::exponential_distribution(1.0 / 3e-4)(random_), 0.9 * static_cast<double>(block) / rate_hz);
  }

  std::mt19937_64 random_;
  std::uint64_t next_ = 0;
  std::uint64_t began_ = 0;
  double came_s_ = 0.0;
};

class HourOfGaps : public testing::TestWithParam<bool> {};

TEST_P(HourOfGaps, OfASoapyRadioIsCountedAndTimedToOneBlock) {
  const bool is_stamped = GetParam();
  Radio radio(astro::testing::first_seed());
  soapy::Gaps gaps;
  gaps.begin(rate_hz, Radio::at(0.0));
  std::uint64_t told = 0;  // the index of the next sample
  std::uint64_t count = 0;
  double next_fault_s = 1.0;
  while (radio.now_s() < hour_s) {
    std::uint64_t lost = 0;
    bool was_away = false;
    if (radio.now_s() > next_fault_s) {
      next_fault_s = radio.now_s() + radio.between(0.1, 10.0);
      was_away = ++count % 5 == 0;
      lost = was_away ? radio.unplug() : radio.overflow();
      was_away ? gaps.was_away() : gaps.broke();
    }
    const Radio::Block came = radio.next();
    const std::optional<std::int64_t> stamp = is_stamped ? std::optional(came.stamp_ns) : std::nullopt;
    const std::uint64_t found = gaps.lost_before(block, stamp, came.came);
    const double slack = is_stamped && !was_away ? 1.0 : block;
    ASSERT_NEAR(static_cast<double>(found), static_cast<double>(lost), slack) << "of gap " << count;
    ASSERT_NEAR(static_cast<double>(told + found), static_cast<double>(came.first), block)
        << "the clock that counts samples, after gap " << count << " at " << radio.now_s() << " s";
    told += found + block;
  }
  EXPECT_GT(count, 400U);
}

INSTANTIATE_TEST_SUITE_P(StampedOrNot, HourOfGaps, testing::Bool(),
                         [](const auto& of) { return of.param ? "Stamped" : "Unstamped"; });

/// A radio without stamps that brings nothing for a while says no word of what it lost in it: that is found by the
/// clock some seconds later. What was only late is not lost, and what it tells in between stays exact.
TEST(HourOfGaps, OfASoapyRadioThatTimesOutIsFoundByTheClockAndWhatIsLateIsNoGap) {
  Radio radio(astro::testing::first_seed());
  soapy::Gaps gaps;
  gaps.begin(rate_hz, Radio::at(0.0));
  std::uint64_t told = 0;
  int faults = 0;
  double next_fault_s = 5.0;
  while (radio.now_s() < hour_s) {
    std::uint64_t lost_with_a_word = 0;
    if (radio.now_s() > next_fault_s) {
      next_fault_s = radio.now_s() + radio.between(10.0, 15.0);
      const int what = faults++ % 3;
      if (what == 0) radio.overflow(1.1 * stream_kit::Arrivals::least_seen_s * rate_hz);
      if (what == 1) radio.hold_back(radio.between(0.05, 1.5));
      if (what == 2) {
        lost_with_a_word = radio.overflow();
        gaps.broke();
      }
    }
    const Radio::Block came = radio.next();
    const std::uint64_t found = gaps.lost_before(block, std::nullopt, came.came);
    if (lost_with_a_word > 0) {
      ASSERT_NEAR(static_cast<double>(found), static_cast<double>(lost_with_a_word), block);
    }
    told += found;
    const double off = static_cast<double>(came.first) - static_cast<double>(told);
    ASSERT_GE(off, -static_cast<double>(block)) << "what was late was counted at " << radio.now_s() << " s";
    const bool may_not_know_yet = radio.now_s() < next_fault_s - 5.0;
    ASSERT_TRUE(may_not_know_yet || off <= block) << off << " samples off at " << radio.now_s() << " s";
    told += block;
  }
  EXPECT_GT(faults, 200);
}

/// The samples behind a connection that was gone were late, so that too many were counted: what is lost next is counted
/// that much less, once.
TEST(HourOfGaps, WhatWasCountedTooMuchIsMadeGoodOnce) {
  stream_kit::Arrivals arrivals;
  arrivals.begin(rate_hz, Radio::at(0.0));
  std::uint64_t first = 0;
  std::uint64_t told = 0;
  const auto go_on = [&](double seconds, double late_s) {
    for (const double end = static_cast<double>(first) / rate_hz + seconds;
         static_cast<double>(first) / rate_hz < end;) {
      first += block;
      told += arrivals.lost_before(block, Radio::at(static_cast<double>(first) / rate_hz + late_s)) + block;
    }
  };
  go_on(6.0, 0.0);
  arrivals.was_away();
  first += 1'000'000;
  go_on(0.1, 0.1);  // late, and then no more
  go_on(6.0, 0.0);
  EXPECT_NEAR(static_cast<double>(told) - static_cast<double>(first), 0.1 * rate_hz, block);
  first += 500'000;
  go_on(12.0, 0.0);
  EXPECT_NEAR(static_cast<double>(told), static_cast<double>(first), block);
}

/// Of what a server behind a network throws away nothing tells: it is found seconds later, unless it is too little to
/// be told from the network's moods. A connection that was gone is counted as it comes back.
TEST(HourOfGaps, OfAServerThatTellsNothingIsFoundByTheClock) {
  Radio radio(astro::testing::first_seed());
  stream_kit::Arrivals arrivals;
  arrivals.begin(rate_hz, Radio::at(0.0));
  constexpr double least = stream_kit::Arrivals::least_seen_s * rate_hz;
  std::uint64_t told = 0;
  int losses = 0;
  double next_fault_s = 5.0;
  while (radio.now_s() < hour_s) {
    std::uint64_t lost = 0;
    const bool is_away = losses % 3 == 2;
    if (radio.now_s() > next_fault_s) {
      next_fault_s = radio.now_s() + radio.between(25.0, 35.0);
      lost = is_away ? radio.unplug() : radio.overflow(1.1 * least);
      if (is_away) arrivals.was_away();
      ++losses;
    }
    const Radio::Block came = radio.next();
    const std::uint64_t found = arrivals.lost_before(block, came.came);
    if (lost > 0 && is_away) {
      ASSERT_NEAR(static_cast<double>(found), static_cast<double>(lost), block) << "it was away";
    }
    told += found;
    const double off = std::abs(static_cast<double>(told) - static_cast<double>(came.first));
    const bool may_not_know_yet = radio.now_s() < next_fault_s - 19.0;
    ASSERT_TRUE(may_not_know_yet || off <= block) << off << " samples off at " << radio.now_s() << " s";
    told += block;
  }
  EXPECT_GT(losses, 90);
}

}  // namespace
