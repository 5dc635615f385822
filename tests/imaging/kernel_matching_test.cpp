// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/kernel_matching.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "astro/error.hpp"
#include "simulated_pair.hpp"
#include "testing/refusal.hpp"

namespace astro::imaging {
namespace {

using astro::testing::expect_refused;
using testing::Injected;
using testing::random_stars;
using testing::SimulatedPair;

TEST(KernelMatching, LeavesNoiseAndWhatChanged) {
  const SimulatedPair pair(400, random_stars(150, 400, 1, 4.8), {{200.0, 210.0, 20000.0}}, 2);
  const KernelMatch made = match_kernel(pair.science, pair.reference);
  EXPECT_NEAR(made.flux_ratio, SimulatedPair::flux_ratio, 0.01);
  EXPECT_NEAR(made.chi_square, 1.0, 0.25);
  EXPECT_GE(made.stamps, 20U);
  double squares = 0.0;
  double count = 0.0;
  for (std::size_t i = 0; i < made.difference.pixels.size(); ++i) {
    const std::size_t row = i / 400;
    const std::size_t column = i % 400;
    if (made.difference.mask.data()[i] != 0 ||
        std::hypot(static_cast<double>(row) - 210.0, static_cast<double>(column) - 200.0) < 20.0)
      continue;
    squares += made.difference.pixels.data()[i] * made.difference.pixels.data()[i] / made.difference.variance.data()[i];
    count += 1.0;
  }
  EXPECT_NEAR(std::sqrt(squares / count), 1.0, 0.06);
  double flux = 0.0;
  for (std::size_t y = 195; y <= 225; ++y) {
    for (std::size_t x = 185; x <= 215; ++x) flux += made.difference.pixels(y, x);
  }
  EXPECT_NEAR(flux, 0.8 * 20000.0, 0.05 * 16000.0);
}

TEST(KernelMatching, ClipsStarsThatChanged) {
  std::vector<Injected> stars = random_stars(120, 400, 3, 4.8);
  const SimulatedPair pair(400, stars, {{stars[0].x, stars[0].y, 30000.0}, {stars[1].x, stars[1].y, 30000.0}}, 4);
  const KernelMatch made = match_kernel(pair.science, pair.reference);
  EXPECT_NEAR(made.flux_ratio, SimulatedPair::flux_ratio, 0.015);
  EXPECT_GE(made.clipped, 1U);
}

TEST(KernelMatching, HasNoDataWhereTheKernelMeetsAGap) {
  SimulatedPair pair(300, random_stars(120, 300, 5, 4.8), {}, 6);
  pair.reference.mask(150, 150) = bit(Flag::bad);
  pair.science.mask(40, 200) = bit(Flag::bad);
  const KernelMatch made = match_kernel(pair.science, pair.reference, {.reach = 6, .field_order = 0});
  EXPECT_EQ(made.difference.mask(150, 150), bit(Flag::no_data));
  EXPECT_EQ(made.difference.mask(144, 156), bit(Flag::no_data));
  EXPECT_EQ(made.difference.mask(143, 150), 0);
  EXPECT_EQ(made.difference.mask(40, 200), bit(Flag::no_data));
  EXPECT_EQ(made.difference.mask(40, 201), 0);
  EXPECT_EQ(made.difference.mask(0, 150), bit(Flag::no_data));
}

TEST(KernelMatching, RefusesWhatCannotBe) {
  const SimulatedPair empty(256, {}, {}, 7);
  EXPECT_THROW(match_kernel(empty.science, empty.reference), Error);
  EXPECT_THROW(match_kernel(empty.science, empty.reference, {.widths = {1.0}}), Error);
  EXPECT_THROW(match_kernel(empty.science, empty.reference, {.field_order = 4}), Error);
  EXPECT_THROW(match_kernel(empty.science, SimulatedPair::empty(100, 1.0F)), Error);
  expect_refused([&] { match_kernel(empty.science, empty.reference, {.stamps = 0}); }, "at least one of them",
                 ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace astro::imaging
