// SPDX-License-Identifier: BSD-3-Clause
// What outputs of the driver `gpio` do over time, and what it makes of contacts that bounce.
#include <gtest/gtest.h>

#include "gpio/pattern.hpp"

namespace gpio {
namespace {

using namespace std::chrono_literals;

TEST(Pattern, IsOnForItsPartOfEachPeriod) {
  const Pattern blinks{.part = 0.25, .period = 200ms, .begun = 1s};
  EXPECT_TRUE(blinks.is_on(1s));
  EXPECT_TRUE(blinks.is_on(1049ms));
  EXPECT_FALSE(blinks.is_on(1050ms));
  EXPECT_FALSE(blinks.is_on(1199ms));
  EXPECT_TRUE(blinks.is_on(1200ms));
  EXPECT_EQ(blinks.next(1s), 1050ms);
  EXPECT_EQ(blinks.next(1050ms), 1200ms);
  EXPECT_EQ(blinks.next(5s + 70ms), 5200ms) << "however late somebody asks";
}

TEST(Pattern, OfSteadyOutputsNeverChanges) {
  for (const double part : {0.0, 1.0}) {
    const Pattern steady{.part = part};
    EXPECT_EQ(steady.is_on(5s), part == 1.0);
    EXPECT_FALSE(steady.next(5s));
  }
}

TEST(Debounce, TakesAContactForChangedWhenItHasSettled) {
  Debounce contact(false, 20ms);
  EXPECT_FALSE(contact.due());
  contact.edge(true, 100ms);
  contact.edge(false, 101ms);
  EXPECT_FALSE(contact.due()) << "it is what it was";
  contact.edge(true, 103ms);
  EXPECT_EQ(contact.due(), 123ms);
  EXPECT_FALSE(contact.settle(true, 120ms));
  EXPECT_TRUE(contact.settle(true, 123ms));
  EXPECT_TRUE(contact.on());
  EXPECT_EQ(contact.since(), 103ms);
  EXPECT_FALSE(contact.settle(true, 200ms)) << "once";
}

TEST(Debounce, BelievesTheLevelWhereTheKernelLostAnEdge) {
  Debounce contact(false, 20ms);
  contact.edge(true, 100ms);
  EXPECT_FALSE(contact.settle(false, 130ms)) << "it was let go meanwhile";
  EXPECT_FALSE(contact.on());
  EXPECT_FALSE(contact.due());
}

}  // namespace
}  // namespace gpio
