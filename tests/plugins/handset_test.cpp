// SPDX-License-Identifier: BSD-3-Clause
// What the driver `handset` makes of sticks and buttons.
#include <gtest/gtest.h>

#include "handset/pad.hpp"

namespace handset {
namespace {

/// A pad that was in nobody's hand for a moment.
Pad rested(bool needs_hold) {
  Pad pad(3, needs_hold);
  (void)pad.wish();
  return pad;
}

TEST(Pad, MovesNothingUnlessTheDeadMansButtonIsHeld) {
  Pad pad = rested(true);
  pad.stick(0.5, -1.0);
  EXPECT_FALSE(pad.wish().steers);
  pad.button(Source::gamepad, Does::hold, true);
  const Pad::Wish wish = pad.wish();
  EXPECT_TRUE(wish.steers);
  EXPECT_EQ(wish.first, 0.5);
  EXPECT_EQ(wish.second, -1.0);
  pad.button(Source::gamepad, Does::hold, false);
  EXPECT_FALSE(pad.wish().steers);
  EXPECT_EQ(pad.wish().first, 0.0);
}

TEST(Pad, TakesWhatIsPressedWhenItBeginsForNoWish) {
  Pad pad(3, true);
  pad.button(Source::gamepad, Does::hold, true);
  pad.stick(1.0, 0.0);
  EXPECT_FALSE(pad.wish().steers);
  pad.stick(0.0, 0.0);
  EXPECT_FALSE(pad.wish().steers);
  pad.stick(1.0, 0.0);
  EXPECT_FALSE(pad.wish().steers) << "the button was never let go";
  pad.button(Source::gamepad, Does::hold, false);
  pad.stick(0.0, 0.0);
  EXPECT_FALSE(pad.wish().steers);
  pad.button(Source::gamepad, Does::hold, true);
  pad.stick(1.0, 0.0);
  EXPECT_TRUE(pad.wish().steers);
}

TEST(Pad, StopsUntilAllWasLetGo) {
  Pad pad = rested(false);
  pad.button(Source::lines, Does::up, true);
  EXPECT_TRUE(pad.wish().steers);
  EXPECT_TRUE(pad.button(Source::lines, Does::stop, true));
  EXPECT_FALSE(pad.wish().steers);
  pad.button(Source::lines, Does::stop, false);
  EXPECT_FALSE(pad.wish().steers);
  pad.button(Source::lines, Does::up, false);
  EXPECT_FALSE(pad.wish().steers);
  pad.button(Source::lines, Does::up, true);
  EXPECT_TRUE(pad.wish().steers);
}

TEST(Pad, ChoosesAmongItsSpeedsOncePerPress) {
  Pad pad = rested(true);
  for (int i = 0; i < 5; ++i) {
    pad.button(Source::gamepad, Does::faster, true);
    pad.button(Source::gamepad, Does::faster, true);
    pad.button(Source::gamepad, Does::faster, false);
    EXPECT_EQ(pad.speed(), i == 0 ? 1U : 2U);
  }
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(pad.button(Source::gamepad, Does::slower, true));
    pad.button(Source::gamepad, Does::slower, false);
  }
  EXPECT_EQ(pad.speed(), 0U);
}

TEST(Pad, LetsGoOfWhatASourceHeldThatVanished) {
  Pad pad = rested(true);
  pad.button(Source::lines, Does::hold, true);
  pad.stick(1.0, 0.0);
  EXPECT_TRUE(pad.wish().steers);
  pad.release(Source::gamepad);
  EXPECT_FALSE(pad.wish().steers);
  pad.button(Source::lines, Does::right, true);
  EXPECT_TRUE(pad.wish().steers);
  pad.release(Source::lines);
  EXPECT_FALSE(pad.wish().steers);
}

TEST(Pad, OpposedButtonsCancelAndNothingIsMoreThanFull) {
  Pad pad = rested(false);
  pad.button(Source::lines, Does::left, true);
  pad.button(Source::lines, Does::right, true);
  EXPECT_FALSE(pad.wish().steers);
  pad.button(Source::lines, Does::left, false);
  pad.stick(0.8, 0.0);
  EXPECT_EQ(pad.wish().first, 1.0);
}

}  // namespace
}  // namespace handset
