// SPDX-License-Identifier: BSD-3-Clause
#include "astro/observing/observe.hpp"

#include <gmock/gmock.h>

#include "core/bench.hpp"

namespace astro::testing {
namespace {

/// Half a second of what was heard before still lies in the hardware when a stream begins, and the hardware knows when.
void remember_the_past(Bench& bench, std::optional<Time> recorded = {}) {
  auto started = std::make_shared<Time>();
  bench.receiver->on_fill = [recorded, started](std::span<std::byte> buffer, std::uint64_t first) {
    std::this_thread::sleep_for(1ms);
    const std::size_t items = buffer.size() / sizeof(std::complex<float>);
    std::fill(buffer.begin(), buffer.end(), std::byte{0});
    const Duration since_start = from_seconds(static_cast<double>(first) / 1e6);
    if (first == 0) *started = Clock::system()->now() - 500ms;
    return Filled{.items = items, .time = recorded.value_or(*started) + since_start};
  };
}

const Spectrometer small({.channels = 64, .window = Window::hann});

TEST(Integrate, LeavesOutWhatTheReceiverHeardBefore) {
  Bench bench;
  remember_the_past(bench);
  const Observatory site = bench.open();
  const Time asked = site.clock()->now();
  EXPECT_GE(integrate(site, "hydrogen", small, 20ms).start, asked);
}

TEST(Integrate, TakesARecordingAtItsOwnTime) {
  Bench bench;
  const Time then = parse_time("2021-02-10T07:57:41Z");
  bench.receiver->settings.recorded = true;
  remember_the_past(bench, then);
  const Observatory site = bench.open();
  EXPECT_EQ(integrate(site, "hydrogen", small, 20ms).start, then);
}

TEST(Integrate, RefusesToTakeNoTime) {
  Bench bench;
  const Observatory site = bench.open();
  EXPECT_EQ(code_of([&] { integrate(site, "hydrogen", small, 0s); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { integrate(site, "hydrogen", small, -1s); }), ErrorCode::invalid_argument);
}

TEST(Integrate, EndsBeforeAGapThatReachesPastItsEnd) {
  Bench bench;
  bench.receiver->on_fill = [](std::span<std::byte> buffer, std::uint64_t first) {
    std::this_thread::sleep_for(1ms);
    const std::size_t items = std::min<std::size_t>(buffer.size() / sizeof(std::complex<float>), 1000);
    std::fill(buffer.begin(), buffer.end(), std::byte{0});
    // After 10 ms nothing is heard for a second.
    return Filled{.items = items, .lost = first == 10'000 ? 1'000'000U : 0U};
  };
  const Observatory site = bench.open();
  const Spectrum spectrum = integrate(site, "hydrogen", small, 20ms);
  EXPECT_LE(spectrum.duration, 11ms);
  EXPECT_GT(spectrum.duration, 8ms);
  EXPECT_EQ(spectrum.samples_lost, 0U);
}

TEST(Integrate, SaysThatNoSamplesCome) {
  Bench bench;
  bench.receiver->on_fill = [](std::span<std::byte>, std::uint64_t) {
    std::this_thread::sleep_for(10ms);
    return Filled{};
  };
  const Observatory site = bench.open();
  std::string message;
  EXPECT_EQ(code_of([&] { integrate(site, "hydrogen", small, 20ms); }, &message), ErrorCode::timeout);
  EXPECT_THAT(message, ::testing::HasSubstr("no samples for 5 s"));
}

}  // namespace
}  // namespace astro::testing
