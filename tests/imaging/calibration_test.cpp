// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/calibration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "making.hpp"
#include "testing/refusal.hpp"

namespace astro::imaging {
namespace {

using astro::testing::expect_refused;

Image flat_image(std::size_t rows, std::size_t columns, float value) {
  Image image;
  image.pixels = Plane<float>(rows, columns, value);
  return image;
}

TEST(Section, IsReadAsFitsHasIt) {
  EXPECT_EQ(parse_section("[17:528,1:520]"), (Section{0, 16, 520, 512}));
  EXPECT_EQ(parse_section(" [  17: 528,   1: 520] "), (Section{0, 16, 520, 512}));
  for (const char* text : {"", "[1:2]", "[0:2,1:2]", "[2:1,1:2]", "1:2,1:2", "[1:2,1:2", "[a:2,1:2]"}) {
    expect_refused([&] { parse_section(text); }, "such as \"[17:528,1:520]\"", wrong);
  }
}

TEST(Trimming, KeepsAllPlanes) {
  Image image = flat_image(4, 5, 1.0F);
  image.pixels(2, 3) = 7.0F;
  image.variance = Plane<float>(4, 5, 2.0F);
  image.mask = Plane<std::uint16_t>(4, 5);
  image.mask(2, 4) = 1;
  image.gain = 3.0;
  const Image part = trimmed(image, {2, 3, 2, 2});
  EXPECT_EQ(part.pixels(0, 0), 7.0F);
  EXPECT_EQ(part.mask(0, 1), 1);
  EXPECT_EQ(part.variance.rows(), 2U);
  EXPECT_EQ(part.gain, 3.0);
  expect_refused([&] { trimmed(image, {2, 3, 3, 2}); }, "is not within the image of 4 rows of 5 columns", wrong);
}

/// Rows of a level that grows, with an image of 1 beside it.
Image with_overscan() {
  Image image = flat_image(6, 8, 0.0F);
  for (std::size_t row = 0; row < 6; ++row) {
    for (std::size_t column = 0; column < 8; ++column) {
      image.pixels(row, column) = 100.0F + 2.0F * static_cast<float>(row) + (column < 5 ? 1.0F : 0.0F);
    }
  }
  return image;
}

TEST(Overscan, IsSubtractedRowByRowOrByAPolynomial) {
  const Overscan own{{0, 5, 6, 3}, {0, 0, 6, 5}, -1};
  Image image = with_overscan();
  image.pixels(3, 6) = 9999.0F;  // a median does not mind
  EXPECT_THAT(without_overscan(image, own).pixels.values(), ::testing::Each(1.0F));
  Overscan line = own;
  line.order = 1;
  EXPECT_THAT(without_overscan(image, line).pixels.values(), ::testing::Each(::testing::FloatNear(1.0F, 1e-4F)));
  line.order = 0;
  EXPECT_NEAR(without_overscan(image, line).pixels(5, 0), 111.0F - 105.0F, 1e-4F);
}

TEST(Overscan, KnowsNothingOfARowWhoseStripIsMasked) {
  Image image = with_overscan();
  image.mask = Plane<std::uint16_t>(6, 8);
  for (std::size_t column = 5; column < 8; ++column) image.mask(2, column) = bit(Flag::bad);
  const Overscan own{{0, 5, 6, 3}, {0, 0, 6, 5}, -1};
  const Image made = without_overscan(image, own);
  EXPECT_EQ(made.mask(2, 0), bit(Flag::no_data));
  EXPECT_EQ(made.mask(3, 0), 0);
  Overscan line = own;
  line.order = 1;
  EXPECT_EQ(without_overscan(image, line).mask(2, 0), 0);
  line.order = 5;
  expect_refused([&] { without_overscan(image, line); }, "5 rows have usable pixels", wrong);
  expect_refused(
      [&] {
        without_overscan(image, {{1, 5, 5, 3}, {0, 0, 6, 5}, -1});
      },
      "all the rows that are kept", wrong);
}

TEST(Overscan, OfAStackIsThatOfItsFrames) {
  const std::vector<Image> frames{with_overscan(), with_overscan()};
  for (const int order : {-1, 1}) {
    const Overscan overscan{{0, 5, 6, 3}, {1, 0, 4, 5}, order};
    const Stack stack = without_overscan(stack_of(frames), overscan);
    EXPECT_EQ(std::tuple(stack.rows, stack.columns), std::tuple(4U, 5U));
    const Image part = stack.read(1, 2, 2);
    const Image whole = without_overscan(frames[1], overscan);
    for (std::size_t column = 0; column < 5; ++column) {
      EXPECT_NEAR(part.pixels(0, column), whole.pixels(2, column), 1e-4F);
    }
  }
}

TEST(Combining, LeavesOutWhatDoesNotBelong) {
  std::vector<Image> frames;
  for (const float value : {10.0F, 11.0F, 9.0F, 10.5F, 9.5F, 500.0F}) frames.push_back(flat_image(3, 70, value));
  const Image mean = combined(stack_of(frames));
  EXPECT_THAT(mean.pixels.values(), ::testing::Each(10.0F));
  // Scatter of five values: 0.625 each, so 0.125 of their mean.
  EXPECT_THAT(mean.variance.values(), ::testing::Each(::testing::FloatNear(0.125F, 1e-6F)));
  const Image all = combined(stack_of(frames), {.clip = Clip::none});
  EXPECT_THAT(all.pixels.values(), ::testing::Each(::testing::FloatNear(550.0F / 6.0F, 1e-4F)));
  const Image median = combined(stack_of(frames), {.combine = Combine::median, .clip = Clip::none});
  EXPECT_THAT(median.pixels.values(), ::testing::Each(10.25F));
  // Of six values nothing lies further than sqrt(5) standard deviations from the mean.
  EXPECT_EQ(combined(stack_of(frames), {.clip = Clip::mean, .low = 2.3, .high = 2.3}).pixels, all.pixels);
  const Image once = combined(stack_of(frames), {.clip = Clip::mean, .low = 2.0, .high = 2.0, .rounds = 1});
  EXPECT_THAT(once.pixels.values(), ::testing::Each(10.0F));
}

TEST(Combining, TakesNothingFromMaskedPixels) {
  std::vector<Image> frames(3, flat_image(1, 4, 10.0F));
  for (Image& frame : frames) frame.mask = Plane<std::uint16_t>(1, 4);
  frames[1].pixels(0, 1) = 1e9F;
  frames[1].mask(0, 1) = bit(Flag::cosmic_ray);
  frames[1].mask(0, 2) = frames[2].mask(0, 2) = bit(Flag::bad);
  for (Image& frame : frames) frame.mask(0, 3) = bit(Flag::bad);
  frames[2].mask(0, 3) = bit(Flag::saturated);
  const Image made = combined(stack_of(frames));
  EXPECT_EQ(made.pixels(0, 1), 10.0F);
  EXPECT_EQ(made.mask(0, 1), 0);
  EXPECT_EQ(made.mask(0, 2), bit(Flag::no_data) | bit(Flag::bad));  // one value has no scatter
  EXPECT_EQ(made.mask(0, 3), bit(Flag::no_data) | bit(Flag::bad) | bit(Flag::saturated));
  for (Image& frame : frames) frame.variance = Plane<float>(1, 4, 9.0F);
  const Image known = combined(stack_of(frames));
  EXPECT_EQ(known.mask(0, 2), 0);
  EXPECT_EQ(known.variance(0, 2), 9.0F);
  EXPECT_EQ(known.variance(0, 1), 4.5F);
}

TEST(Combining, KnowsTheNoiseOfWholeCountsThatAllAgree) {
  const std::vector<Image> frames(4, flat_image(1, 3, 10.0F));
  const Image bias = master_bias(stack_of(frames));
  EXPECT_THAT(bias.variance.values(), ::testing::Each(::testing::FloatNear(1.0F / 48.0F, 1e-6F)));
  EXPECT_EQ(Calibrator({.bias = bias}).calibrated(flat_image(1, 3, 30.0F)).mask(0, 0), 0);
}

/// How far results really scatter, in units of what they say.
double honesty(const Image& made, double truth) {
  double sum = 0.0;
  for (std::size_t i = 0; i < made.pixels.size(); ++i) {
    const double off = static_cast<double>(made.pixels.data()[i]) - truth;
    sum += off * off / static_cast<double>(made.variance.data()[i]);
  }
  return std::sqrt(sum / static_cast<double>(made.pixels.size()));
}

TEST(Combining, SaysHowFarItMayBeOff) {
  Camera camera(60, 200, 1.0, 5.0);
  for (const std::size_t count : {3U, 4U, 9U, 10U}) {
    std::vector<Image> frames;
    for (std::size_t i = 0; i < count; ++i) {
      frames.push_back(with_noise(camera.frame([](auto, auto) { return 400.0; })));
      frames.back().variance = Plane<float>(60, 200, 425.0F);
    }
    const CombineOptions mean{.clip = Clip::none};
    const CombineOptions median{.combine = Combine::median, .clip = Clip::none};
    EXPECT_NEAR(honesty(combined(stack_of(frames), mean), 400.0), 1.0, 0.03) << count;
    EXPECT_NEAR(honesty(combined(stack_of(frames), median), 400.0), 1.0, 0.04) << count;
  }
}

TEST(Combining, SaysWhatItCannotDo) {
  std::vector<Image> frames{flat_image(2, 2, 1.0F), flat_image(2, 3, 1.0F)};
  expect_refused([&] { stack_of(frames); }, "one has 2 rows of 3 columns, the first 2 rows of 2 columns", wrong);
  expect_refused([] { combined({}); }, "there are none", wrong);
  frames[1] = flat_image(2, 2, 1.0F);
  expect_refused([&] { combined(stack_of(frames), {.low = 0.0}); }, "more than 0", wrong);
  expect_refused([&] { combined(stack_of(frames), {.rounds = 0}); }, "a round or more", wrong);
  frames[1].unit = "electron";
  expect_refused([&] { combined(stack_of(frames)); }, "frame 1 is in electron, the first in adu", wrong);
}

TEST(Combining, OfOneFrameIsThatFrame) {
  const std::vector<Image> one{flat_image(2, 2, 3.0F)};
  const Image made = combined(stack_of(one));
  EXPECT_THAT(made.pixels.values(), ::testing::Each(3.0F));
  EXPECT_THAT(made.mask.values(), ::testing::Each(0));
  EXPECT_TRUE(made.variance.empty());
}

double response(std::size_t row, std::size_t column) {
  return 0.8 + 0.4 * static_cast<double>((row * 7 + column * 3) % 20) / 19.0;
}

double current(std::size_t row, std::size_t column) { return row == 3 && column == 5 ? 400.0 : 0.5; }  // electrons/s

struct Night {
  Camera camera{40, 80, 2.0, 6.0};

  Image taken(double light, double seconds) {
    Image image =
        camera.frame([&](std::size_t row,
                         std::size_t column) { return light * response(row, column) + current(row, column) * seconds; },
                     1000.0);
    image.exposure = from_seconds(seconds);
    return image;
  }

  std::vector<Image> many(int count, double light, double seconds) {
    std::vector<Image> frames;
    for (int i = 0; i < count; ++i) frames.push_back(taken(light, seconds));
    return frames;
  }
};

TEST(Masters, GiveBackWhatTheDetectorDid) {
  Night night;
  const std::vector<Image> biases = night.many(25, 0.0, 0.0);
  std::vector<Image> darks = night.many(10, 0.0, 300.0);
  const std::vector<Image> others = night.many(10, 0.0, 100.0);
  darks.insert(darks.end(), others.begin(), others.end());
  const std::vector<Image> flats = night.many(15, 60000.0, 10.0);
  const Image bias = master_bias(stack_of(biases));
  EXPECT_NEAR(spread_of(bias.pixels).mean, 1000.0, 0.05);
  const Image dark = master_dark(stack_of(darks), &bias);
  EXPECT_EQ(dark.exposure, from_seconds(200.0));
  EXPECT_NEAR(dark.pixels(3, 5), 400.0 * 200.0 / 2.0, 200.0);
  EXPECT_NEAR(dark.pixels(8, 8), 0.5 * 200.0 / 2.0, 10.0);
  const Image flat = master_flat(stack_of(flats), &bias, &dark);
  double squares = 0.0;
  double mean = 0.0;
  for (std::size_t row = 0; row < 40; ++row) {
    for (std::size_t column = 0; column < 80; ++column) mean += response(row, column) / 3200.0;
  }
  for (std::size_t row = 0; row < 40; ++row) {
    for (std::size_t column = 0; column < 80; ++column) {
      const double off = static_cast<double>(flat.pixels(row, column)) - response(row, column) / mean;
      squares += off * off / static_cast<double>(flat.variance(row, column));
    }
  }
  // Fifteen frames say how they scatter with 14 degrees of freedom: sqrt(14 / 12), and a little for what was clipped.
  EXPECT_NEAR(std::sqrt(squares / 3200.0), 1.13, 0.08);
  const Plane<std::uint16_t> bad = bad_pixels(&dark, &flat);
  EXPECT_EQ(std::count(bad.values().begin(), bad.values().end(), bit(Flag::bad)), 1);
  EXPECT_EQ(bad(3, 5), bit(Flag::bad));

  // Twenty frames, each calibrated: their light comes out even, and scatters as they say.
  const Calibrator calibrator({.bias = bias, .dark = dark, .flat = flat, .bad = bad});
  double off = 0.0;
  double sum = 0.0;
  for (const Image& frame : night.many(20, 5000.0, 60.0)) {
    const Image made = calibrator.calibrated(frame);
    EXPECT_NE(made.mask(3, 5) & bit(Flag::bad), 0);
    EXPECT_EQ(made.pixels(3, 5), 0.0F);
    for (std::size_t i = 0; i < made.pixels.size(); ++i) {
      if (made.mask.data()[i] != 0) continue;
      const double difference = static_cast<double>(made.pixels.data()[i]) - 2500.0 * mean;
      off += difference;
      sum += difference * difference / static_cast<double>(made.variance.data()[i]);
    }
  }
  EXPECT_NEAR(off / (20.0 * 3199.0), 0.0, 1.0);
  EXPECT_NEAR(std::sqrt(sum / (20.0 * 3199.0)), 1.0, 0.03);
}

TEST(Calibrator, WorksOutEachStep) {
  Image bias = flat_image(1, 3, 100.0F);
  bias.variance = Plane<float>(1, 3, 1.0F);
  Image dark = flat_image(1, 3, 20.0F);
  dark.variance = Plane<float>(1, 3, 4.0F);
  dark.exposure = from_seconds(10.0);
  Image flat = flat_image(1, 3, 0.5F);
  flat.variance = Plane<float>(1, 3, 0.01F);
  flat.pixels(0, 2) = 0.0F;
  Image frame = flat_image(1, 3, 310.0F);
  frame.pixels(0, 1) = 60000.0F;
  frame.saturation = 60000.0;
  frame.exposure = from_seconds(5.0);
  frame.gain = 2.0;
  frame.read_noise = 6.0;
  const Image made = Calibrator({.bias = bias, .dark = dark, .flat = flat}).calibrated(frame);
  // 310 - 100 = 210 counts: variance 105 + 9 + 1; less 10 of dark current: + 1; over a half: 400 and 4 (116) + 400^2
  // 0.04.
  EXPECT_FLOAT_EQ(made.pixels(0, 0), 400.0F);
  EXPECT_FLOAT_EQ(made.variance(0, 0), 464.0F + 6400.0F);
  EXPECT_EQ(made.mask(0, 1), bit(Flag::saturated));
  EXPECT_EQ(made.mask(0, 2), bit(Flag::no_data));
  EXPECT_EQ(made.pixels(0, 2), 0.0F);
  EXPECT_EQ(made.saturation, 0.0);
  const Image curved = Calibrator({.linearity = {0.0, 1.0, 0.001}}).calibrated(frame);
  EXPECT_FLOAT_EQ(curved.pixels(0, 0), 310.0F + 96.1F);
  EXPECT_FLOAT_EQ(curved.variance(0, 0), (155.0F + 9.0F) * 1.62F * 1.62F);
  const Image quiet = Calibrator({.bias = bias, .has_noise = false}).calibrated(frame);
  EXPECT_TRUE(quiet.variance.empty());
  EXPECT_EQ(quiet.pixels(0, 0), 210.0F);
}

TEST(Calibrator, RefusesWhatDoesNotFit) {
  Image dark = flat_image(2, 2, 1.0F);
  expect_refused([&] { Calibrator({.dark = dark}); }, "the dark says no exposure", wrong);
  dark.exposure = from_seconds(1.0);
  expect_refused([&] { Calibrator({.bias = flat_image(2, 3, 1.0F), .dark = dark}); },
                 "the dark has 2 rows of 2 columns", wrong);
  Image torn = dark;
  torn.mask = Plane<std::uint16_t>(1, 2);
  expect_refused([&] { Calibrator({.dark = torn}); }, "by the dark: the mask of an image has 1 rows", wrong);
  expect_refused([&] { bad_pixels(nullptr, &torn); }, "the mask of an image has 1 rows", wrong);
  const Calibrator calibrator({.dark = dark});
  expect_refused([&] { calibrator.calibrated(flat_image(2, 2, 1.0F)); }, "it says no exposure", wrong);
  expect_refused([&] { calibrator.calibrated(flat_image(3, 2, 1.0F)); }, "it has 3 rows of 2 columns", wrong);
  Image electrons = flat_image(2, 2, 1.0F);
  electrons.unit = "electron";
  expect_refused([&] { calibrator.calibrated(electrons); }, "it is in electron, the masters in adu", wrong);
  std::vector<Image> dim{flat_image(2, 2, 1.0F)};
  const Image bias = flat_image(2, 2, 1.0F);
  expect_refused([&] { master_flat(stack_of(dim), &bias, nullptr); }, "expected light", wrong);
  expect_refused([&] { master_dark(stack_of(dim), &bias); }, "frame 0 says no exposure", wrong);
  expect_refused([] { bad_pixels(nullptr, nullptr); }, "neither a dark nor a flat", wrong);
}

TEST(Electrons, AreCountsTimesTheGain) {
  Image image = flat_image(1, 1, 10.0F);
  image.variance = Plane<float>(1, 1, 3.0F);
  image.gain = 2.0;
  image.saturation = 100.0;
  const Image made = in_electrons(in_electrons(image));
  EXPECT_EQ(std::tuple(made.pixels(0, 0), made.variance(0, 0), made.saturation, made.unit),
            std::tuple(20.0F, 12.0F, 200.0, "electron"));
  image.gain = 0.0;
  expect_refused([&] { in_electrons(image); }, "its gain is 0.0", wrong);
}

}  // namespace
}  // namespace astro::imaging
