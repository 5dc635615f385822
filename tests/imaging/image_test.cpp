// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/image.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <new>
#include <utility>

#include "making.hpp"
#include "testing/refusal.hpp"

namespace astro::imaging {
namespace {

using astro::testing::expect_refused;

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float infinite = std::numeric_limits<float>::infinity();

Image image_of(std::vector<float> values, std::size_t columns) {
  Image image;
  image.pixels = Plane<float>(values.size() / columns, columns);
  std::copy(values.begin(), values.end(), image.pixels.data());
  return image;
}

TEST(Plane, IsTheSameInSmallMemoryAndInLargePages) {
  for (const std::size_t columns : {3, 1023, 1024, 1025, 3000}) {
    const Plane<float> made(1024, columns, 2.5F);
    EXPECT_THAT(made.values(), ::testing::Each(2.5F));
    Plane<float> copied = made;
    EXPECT_EQ(copied, made);
    copied(1023, columns - 1) = 1.0F;
    EXPECT_EQ(made(1023, columns - 1), 2.5F);
    const Plane<float> moved = std::move(copied);
    EXPECT_EQ(moved.row(1023).back(), 1.0F);
    copied = Plane<float>(2, 2);
    EXPECT_THAT(copied.values(), ::testing::Each(0.0F));
  }
}

TEST(Plane, OfMoreThanAnyMachineHasIsRefused) {
  EXPECT_THROW(Plane<float>(std::size_t{1} << 22U, std::size_t{1} << 24U), std::bad_alloc);
}

TEST(CheckedImage, MasksWhatIsNoNumberOrSaturated) {
  Image image = image_of({1.0F, nan, 60000.0F, infinite, -infinite, 59999.0F}, 3);
  image.saturation = 60000.0;
  const Image checked = imaging::checked(image);
  EXPECT_THAT(checked.mask.values(), ::testing::ElementsAre(0, bit(Flag::no_data), bit(Flag::saturated),
                                                            bit(Flag::saturated), bit(Flag::no_data), 0));
  EXPECT_THAT(checked.pixels.values(), ::testing::ElementsAre(1.0F, 0.0F, 0.0F, 0.0F, 0.0F, 59999.0F));
}

TEST(CheckedImage, TakesNothingForSaturatedWhereThatIsNotKnown) {
  const Image checked = imaging::checked(image_of({infinite, 1e30F}, 2));
  EXPECT_THAT(checked.mask.values(), ::testing::ElementsAre(bit(Flag::no_data), 0));
}

TEST(CheckedImage, MasksWhatHasNoVarianceAndKeepsOtherFlags) {
  Image image = image_of({1.0F, 2.0F, 3.0F, 4.0F}, 2);
  image.variance = Plane<float>(2, 2, 9.0F);
  image.variance(0, 1) = -1.0F;
  image.variance(1, 0) = nan;
  image.mask = Plane<std::uint16_t>(2, 2);
  image.mask(0, 1) = bit(Flag::bad);
  image.mask(1, 1) = bit(Flag::user);
  const Image checked = imaging::checked(image);
  EXPECT_THAT(checked.mask.values(),
              ::testing::ElementsAre(0, bit(Flag::bad) | bit(Flag::no_data), bit(Flag::no_data), bit(Flag::user)));
  EXPECT_THAT(checked.pixels.values(), ::testing::ElementsAre(1.0F, 0.0F, 0.0F, 4.0F));
  EXPECT_THAT(checked.variance.values(), ::testing::ElementsAre(9.0F, 0.0F, 0.0F, 9.0F));
  for (std::size_t row = 0; row < 2; ++row) {
    for (std::size_t column = 0; column < 2; ++column) {
      EXPECT_EQ(is_usable(checked, row, column), is_usable(image, row, column)) << row << ", " << column;
    }
  }
}

TEST(CheckedImage, MasksWhatHasAVarianceOfZero) {
  Image image = image_of({1.0F, 2.0F}, 2);
  image.variance = Plane<float>(1, 2, 9.0F);
  image.variance(0, 1) = 0.0F;
  EXPECT_TRUE(is_usable(image, 0, 0));
  EXPECT_FALSE(is_usable(image, 0, 1));
  EXPECT_THAT(imaging::checked(image).mask.values(), ::testing::ElementsAre(0, bit(Flag::no_data)));
}

TEST(CheckedImage, IsRefusedWhereItsPlanesDoNotFit) {
  expect_refused([] { imaging::checked({}); }, "has no pixels", wrong);
  Image image = image_of({1.0F, 2.0F}, 2);
  image.variance = Plane<float>(2, 1);
  expect_refused([&] { imaging::checked(image); },
                 "the variance of an image has 2 rows of 1 columns, its pixels 1 rows of 2 columns", wrong);
}

TEST(NoiseOfAnImage, IsThatOfItsElectrons) {
  Image image = image_of({100.0F, -50.0F, nan}, 3);
  image.gain = 2.0;
  image.read_noise = 6.0;
  // In electrons 200 + 36, in adu a quarter of it.
  EXPECT_THAT(with_noise(image).variance.values(), ::testing::ElementsAre(59.0F, 9.0F, 0.0F));
  EXPECT_THAT(with_noise(image, 100.0).variance.values(), ::testing::ElementsAre(109.0F, 34.0F, 0.0F));
  image.unit = "electron";
  EXPECT_THAT(with_noise(image).variance.values(), ::testing::ElementsAre(136.0F, 36.0F, 0.0F));
}

TEST(NoiseOfAnImage, IsNeverNothing) {
  Image image = image_of({100.0F, 0.0F, -5.0F}, 3);
  image.gain = 2.0;
  EXPECT_THAT(with_noise(image).variance.values(), ::testing::ElementsAre(50.0F, 0.25F, 0.25F));
}

TEST(NoiseOfAnImage, StaysWhenThereIsOneAndNeedsAGain) {
  Image image = image_of({100.0F}, 1);
  image.gain = 0.0;
  expect_refused([&] { with_noise(image); }, "its gain is 0.0", wrong);
  image.variance = Plane<float>(1, 1, 4.0F);
  EXPECT_EQ(with_noise(image).variance(0, 0), 4.0F);
}

}  // namespace
}  // namespace astro::imaging
