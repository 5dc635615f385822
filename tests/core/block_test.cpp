// SPDX-License-Identifier: BSD-3-Clause
#include "astro/block.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "astro/error.hpp"

namespace astro {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<StreamSettings> iq_at(Frequency rate, Dtype dtype = Dtype::cf32) {
  auto settings = std::make_shared<StreamSettings>();
  settings->tuning.sample_rate = rate;
  settings->dtype = dtype;
  return settings;
}

TEST(StreamSettings, TimesIqExactlyHoweverLongItRuns) {
  const auto settings = iq_at(hertz(2'400'000));
  EXPECT_EQ(settings->duration_of(2'400'000), 1s);
  EXPECT_EQ(settings->duration_of(1), 417ns);  // 416.67
  // A year of samples, and one more: a double would be 2 us off.
  const std::uint64_t year = 2'400'000ULL * 86400 * 365;
  EXPECT_EQ(settings->duration_of(year + 24), 24h * 365 + 10us);
}

TEST(StreamSettings, TimesIqAtRatesThatAreNotWhole) {
  EXPECT_EQ(iq_at(hertz(0.5))->duration_of(3), 6s);
  EXPECT_NEAR(static_cast<double>(iq_at(hertz(1e6 / 3))->duration_of(1'000'000).count()), 3e9, 1.0);
}

TEST(StreamSettings, NeverOverflows) {
  EXPECT_EQ(iq_at(hertz(1))->duration_of(UINT64_MAX), Duration::max());
  EXPECT_EQ(iq_at(hertz(0.3))->duration_of(UINT64_MAX), Duration::max());
  EXPECT_EQ(iq_at(hertz(0))->duration_of(5), 0ns);
}

TEST(StreamSettings, TimesSpectraByTheirPeriod) {
  StreamSettings settings;
  settings.dtype = Dtype::f32;
  settings.item_shape = {1024};
  settings.item_period = 100ms;
  settings.tuning.sample_rate = megahertz(2.4);
  EXPECT_FALSE(settings.is_iq());
  EXPECT_EQ(settings.item_bytes(), 4096U);
  EXPECT_EQ(settings.duration_of(25), 2500ms);
  EXPECT_EQ(settings.duration_of(UINT64_MAX), Duration::max());
}

TEST(Block, ViewsItsSamplesAsWhatTheyAre) {
  auto memory = std::make_shared<std::vector<std::complex<float>>>(8, std::complex<float>(1.0F, -2.0F));
  const Block block(memory, std::as_bytes(std::span(*memory)), iq_at(hertz(8)));
  EXPECT_EQ(block.items(), 8U);
  EXPECT_EQ(block.duration(), 1s);
  EXPECT_EQ(block.as<std::complex<float>>()[7], std::complex<float>(1.0F, -2.0F));
}

TEST(Block, RefusesAnotherTypeOfTheSameSize) {
  const std::vector<float> memory(8);
  auto settings = std::make_shared<StreamSettings>();
  settings->dtype = Dtype::f32;
  settings->item_shape = {8};
  settings->receiver = "hydrogen";
  const Block block(nullptr, std::as_bytes(std::span(memory)), settings);
  EXPECT_EQ(block.as<float>().size(), 8U);
  EXPECT_THROW(block.as<std::int32_t>(), Error);
  EXPECT_THROW((block.as<std::array<std::int16_t, 2>>()), Error);
}

TEST(Block, KeepsItsMemoryAlive) {
  auto memory = std::make_shared<std::vector<std::uint8_t>>(4, std::uint8_t{9});
  const std::weak_ptr<const void> watched = memory;
  auto block = std::make_unique<Block>(memory, std::as_bytes(std::span(*memory)), iq_at(hertz(1), Dtype::cu8));
  memory.reset();
  EXPECT_FALSE(watched.expired());
  EXPECT_EQ((block->as<std::array<std::uint8_t, 2>>()[1][1]), 9);
  block.reset();
  EXPECT_TRUE(watched.expired());
}

}  // namespace
}  // namespace astro
