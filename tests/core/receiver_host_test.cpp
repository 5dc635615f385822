// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>

#include <cstring>

#include "bench.hpp"

namespace astro::testing {
namespace {

using ::testing::HasSubstr;

/// Each sample carries its number, so that a consumer can tell what it got.
Filled numbered(std::span<std::byte> buffer, std::uint64_t first, std::size_t at_most = 1u << 30) {
  const std::size_t items = std::min(buffer.size() / sizeof(std::complex<float>), at_most);
  for (std::size_t i = 0; i < items; ++i) {
    const std::complex<float> sample{static_cast<float>(first + i), 0.0f};
    std::memcpy(buffer.data() + i * sizeof sample, &sample, sizeof sample);
  }
  return {.items = items};
}

TEST(Receiver, KnowsItsSettingsAsSoonAsItIsOpen) {
  Bench bench;
  const Observatory site = bench.open();
  const auto settings = site.receiver("hydrogen").settings();
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->receiver, "hydrogen");
  EXPECT_EQ(settings->mount, "dish");
  EXPECT_EQ(settings->tuning.frequency, megahertz(1420));
  EXPECT_EQ(bench.receiver->tunes, 1);
}

TEST(Receiver, KeepsWhatATuningDoesNotNameAndRefusesWhatItCannot) {
  Bench bench;
  bench.receiver->description.antennas = {"A", "B"};
  const Observatory site = bench.open();
  const ReceiverHandle receiver = site.receiver("hydrogen");
  EXPECT_EQ(receiver.tune({.frequency = megahertz(1000), .gain_db = 0.0}).frequency, megahertz(1000));
  const Tuning taken = receiver.tune({.sample_rate = hertz(2e6)});
  EXPECT_EQ(taken.frequency, megahertz(1000));
  EXPECT_EQ(taken.gain_db, 0.0);
  std::string message;
  EXPECT_EQ(code_of([&] { receiver.tune({.frequency = gigahertz(3)}); }, &message), ErrorCode::out_of_limits);
  EXPECT_THAT(message, HasSubstr("frequency"));
  EXPECT_EQ(code_of([&] { receiver.tune({.gain_db = 101.0}); }), ErrorCode::out_of_limits);
  EXPECT_EQ(code_of([&] { receiver.tune({.antenna = "C"}); }, &message), ErrorCode::out_of_limits);
  EXPECT_THAT(message, HasSubstr("A, B"));
  EXPECT_EQ(bench.receiver->tunes, 3);
}

TEST(Receiver, HandsEveryConsumerTheSameBlocksWithoutAGap) {
  Bench bench;
  bench.receiver->on_fill = [](std::span<std::byte> buffer, std::uint64_t first) {
    std::this_thread::sleep_for(1ms);
    return numbered(buffer, first, 1000);  // short fills become whole blocks
  };
  const Observatory site = bench.open();
  const ReceiverHandle receiver = site.receiver("hydrogen");
  BlockStream one = receiver.stream();
  BlockStream two = receiver.stream();
  EXPECT_EQ(bench.receiver->starts, 1);
  std::uint64_t next = 0;
  std::optional<std::uint64_t> next_two;
  for (int i = 0; i < 20; ++i) {
    const BlockPtr block = one.next(5s);
    ASSERT_TRUE(block);
    EXPECT_EQ(block->first, next);
    EXPECT_EQ(block->lost, 0u);
    EXPECT_EQ(block->as<std::complex<float>>()[0].real(), static_cast<float>(next));
    next += block->items();
    const BlockPtr other = two.next(5s);
    ASSERT_TRUE(other);
    if (next_two) {
      EXPECT_EQ(other->first, *next_two);
    }
    next_two = other->first + other->items();
  }
  EXPECT_TRUE(receiver.status().streaming);
  one.close();
  EXPECT_EQ(code_of([&] { one.next(); }), ErrorCode::interrupted);
  EXPECT_TRUE(two.next(5s));
  two.close();
  EXPECT_TRUE(eventually([&] { return !bench.receiver->running; })) << "it stops when its last stream is gone";
  EXPECT_FALSE(receiver.status().streaming);
}

TEST(Receiver, CountsWhatTheHardwareLost) {
  Bench bench;
  bench.receiver->on_fill = [n = 0](std::span<std::byte> buffer, std::uint64_t first) mutable {
    std::this_thread::sleep_for(1ms);
    Filled filled = numbered(buffer, first, 500);
    if (++n == 4) filled.lost = 123;
    return filled;
  };
  const Observatory site = bench.open();
  BlockStream stream = site.receiver("hydrogen").stream();
  std::uint64_t next = 0;
  std::uint64_t lost = 0;
  while (next < 5000) {
    const BlockPtr block = stream.next(5s);
    ASSERT_TRUE(block);
    EXPECT_EQ(block->first, next + block->lost) << "a gap lies before a block, never inside";
    lost += block->lost;
    next = block->first + block->items();
  }
  EXPECT_EQ(lost, 123u);
  EXPECT_EQ(site.receiver("hydrogen").status().lost, 123u);
}

TEST(Receiver, DropsAndCountsWhenAConsumerHoldsAllBlocks) {
  Bench bench;
  bench.receiver->on_fill = [](std::span<std::byte> buffer, std::uint64_t first) {
    std::this_thread::sleep_for(200us);
    return numbered(buffer, first);
  };
  const Observatory site = bench.open();
  const ReceiverHandle receiver = site.receiver("hydrogen");
  BlockStream slow = receiver.stream();
  ASSERT_TRUE(eventually([&] { return receiver.status().dropped > 100000; }));
  std::uint64_t next = 0;
  std::uint64_t lost = 0;
  for (int i = 0; i < 80; ++i) {
    const BlockPtr block = slow.next(5s);
    ASSERT_TRUE(block);
    EXPECT_EQ(block->first, next + block->lost);
    lost += block->lost;
    next = block->first + block->items();
  }
  EXPECT_GT(lost, 100000u);
  EXPECT_GE(receiver.status().dropped, lost);
}

TEST(Receiver, HoldsNoMoreMemoryWhenItIsTunedAgainAndAgain) {
  constexpr std::size_t most = std::size_t{256} << 20;
  Bench bench;
  bench.receiver->on_fill = [](std::span<std::byte>, std::uint64_t) {  // nobody looks at the pixels: no page is touched
    std::this_thread::sleep_for(100us);
    return Filled{.items = 1};
  };
  bench.receiver->settings.dtype = Dtype::u8;
  const auto tune_to = [&](const ReceiverHandle& receiver, std::uint64_t rows) {
    bench.receiver->settings.item_shape = {rows, 4096};
    receiver.tune({});
  };
  bench.receiver->settings.item_shape = {1024, 4096};
  const Observatory site = bench.open();
  const ReceiverHandle receiver = site.receiver("hydrogen");
  BlockStream stalled = receiver.stream();
  for (int i = 0; i < 12; ++i) {  // each time, a consumer that does not come for them would get 64 frames more
    const std::uint64_t dropped = receiver.status().dropped;
    ASSERT_TRUE(eventually([&] { return receiver.status().dropped > dropped; }));
    tune_to(receiver, 1000 + static_cast<std::uint64_t>(i));
  }
  const std::uint64_t dropped = receiver.status().dropped;
  ASSERT_TRUE(eventually([&] { return receiver.status().dropped > dropped; }));
  std::vector<BlockPtr> kept;
  std::size_t bytes = 0;
  for (BlockPtr block = stalled.next(5s); block && bytes <= 2 * most; block = stalled.next(200ms)) {
    bytes += block->bytes().size();
    kept.push_back(std::move(block));
  }
  EXPECT_LE(bytes, most);
  EXPECT_GT(bytes, most / 2);
  kept.clear();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(stalled.next(5s)) << "what was given back can be filled again";
}

TEST(Receiver, MarksTheBlockAfterAChangeOfSettings) {
  Bench bench;
  const Observatory site = bench.open();
  const ReceiverHandle receiver = site.receiver("hydrogen");
  BlockStream stream = receiver.stream();
  const BlockPtr before = stream.next(5s);
  ASSERT_TRUE(before);
  receiver.tune({.frequency = megahertz(1000)});
  for (;;) {
    const BlockPtr block = stream.next(5s);
    ASSERT_TRUE(block);
    if (block->settings_changed) {
      EXPECT_EQ(block->settings().tuning.frequency, megahertz(1000));
      EXPECT_NE(block->shared_settings(), before->shared_settings());
      break;
    }
    EXPECT_EQ(block->shared_settings(), before->shared_settings());
  }
}

TEST(Receiver, EndsItsStreamsWhenItIsStopped) {
  Bench bench;
  const Observatory site = bench.open();
  const ReceiverHandle receiver = site.receiver("hydrogen");
  BlockStream stream = receiver.stream();
  ASSERT_TRUE(stream.next(5s));
  receiver.stop();
  EXPECT_EQ(code_of([&] {
              while (stream.next(5s)) {}
            }),
            ErrorCode::interrupted);
  BlockStream again = receiver.stream();
  const BlockPtr first = again.next(5s);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->first, 0u);
}

TEST(Receiver, EndsItsStreamsWithWhatFillThrewAndCanStartAgain) {
  Bench bench;
  std::atomic<bool> fails = true;
  bench.receiver->on_fill = [&](std::span<std::byte> buffer, std::uint64_t first) {
    std::this_thread::sleep_for(1ms);
    if (fails) throw std::runtime_error("usb gone");
    return numbered(buffer, first);
  };
  const Observatory site = bench.open();
  const ReceiverHandle receiver = site.receiver("hydrogen");
  {
    BlockStream stream = receiver.stream();
    std::string message;
    EXPECT_EQ(code_of([&] { stream.next(5s); }, &message), ErrorCode::device_fault);
    EXPECT_THAT(message, HasSubstr("'hydrogen': usb gone"));
  }
  fails = false;
  BlockStream stream = receiver.stream();
  EXPECT_TRUE(stream.next(5s));
}

TEST(Receiver, EndsARecordingWithItsLastBlock) {
  Bench bench;
  bench.receiver->on_fill = [](std::span<std::byte> buffer, std::uint64_t first) {
    Filled filled = numbered(buffer, first, 1000);
    if (first == 0) filled.time = parse_time("2020-05-05T00:00:00Z");
    filled.ended = first + filled.items >= 25000;
    return filled;
  };
  const Observatory site = bench.open();
  BlockStream stream = site.receiver("hydrogen").stream();
  std::uint64_t items = 0;
  bool last = false;
  while (const BlockPtr block = stream.next(5s)) {
    EXPECT_FALSE(last);
    EXPECT_EQ(block->time_is_exact, items == 0);
    EXPECT_EQ(block->time, parse_time("2020-05-05T00:00:00Z") + block->settings().duration_of(block->first));
    items += block->items();
    last = block->last;
  }
  EXPECT_EQ(items, 25000u);
  EXPECT_TRUE(last);
}

TEST(Receiver, StampsAStreamByTheClockOfTheObservatory) {
  Bench bench;
  bench.options.clock = Clock::simulated(parse_time("2026-01-01T00:00:00Z"), 1.0);
  const Observatory site = bench.open();
  BlockStream stream = site.receiver("hydrogen").stream();
  const BlockPtr first = stream.next(5s);
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->time_is_exact);
  EXPECT_LT(std::abs(seconds(site.clock()->now() - first->time)), 2.0);
  const BlockPtr second = stream.next(5s);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->time - first->time, first->duration());
}

TEST(Receiver, RefusesADriverThatClaimsMoreThanFits) {
  Bench bench;
  bench.receiver->on_fill = [](std::span<std::byte> buffer, std::uint64_t) { return Filled{.items = buffer.size()}; };
  const Observatory site = bench.open();
  BlockStream stream = site.receiver("hydrogen").stream();
  EXPECT_EQ(code_of([&] { stream.next(5s); }), ErrorCode::device_fault);
}

TEST(Receiver, KeepsBlocksValidAfterTheObservatoryIsGone) {
  Bench bench;
  BlockPtr kept;
  {
    bench.receiver->on_fill = [](std::span<std::byte> buffer, std::uint64_t first) { return numbered(buffer, first); };
    const Observatory site = bench.open();
    BlockStream stream = site.receiver("hydrogen").stream();
    kept = stream.next(5s);
  }
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->as<std::complex<float>>().back().real(), static_cast<float>(kept->items() - 1));
}

}  // namespace
}  // namespace astro::testing
