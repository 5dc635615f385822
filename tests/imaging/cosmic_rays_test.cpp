// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/cosmic_rays.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "making.hpp"
#include "testing/refusal.hpp"

namespace astro::imaging {
namespace {

using astro::testing::expect_refused;

constexpr std::size_t side = 256;
constexpr auto hit_flag = bit(Flag::cosmic_ray);

struct Field {
  Image image;
  Plane<std::uint8_t> is_hit{side, side};
  Plane<float> stars{side, side};  ///< electrons
};

/// A sky of 200 electrons, stars of 2.4 pixels FWHM with up to 200,000 electrons, and tracks of particles.
Field field_with(int stars, int hits, double sky = 200.0) {
  Camera camera(side, side, 1.5, 5.0);
  Field field;
  std::uniform_real_distribution<double> place(8.0, side - 9.0);
  std::uniform_real_distribution<double> decades(2.5, 5.3);
  for (int i = 0; i < stars; ++i) {
    const double x = place(camera.random());
    const double y = place(camera.random());
    const double electrons = std::pow(10.0, decades(camera.random()));
    for (auto row = static_cast<std::size_t>(y - 8); row < static_cast<std::size_t>(y + 9); ++row) {
      for (auto column = static_cast<std::size_t>(x - 8); column < static_cast<std::size_t>(x + 9); ++column) {
        field.stars(row, column) +=
            static_cast<float>(star(static_cast<double>(row), static_cast<double>(column), y, x, 1.02, electrons));
      }
    }
  }
  field.image =
      camera.frame([&](auto row, auto column) { return sky + static_cast<double>(field.stars(row, column)); });
  std::uniform_real_distribution<double> energy(400.0, 6000.0);
  std::uniform_int_distribution<int> length(1, 6);
  std::uniform_int_distribution<std::size_t> start(10, side - 11);
  for (int i = 0; i < hits; ++i) {
    double row = static_cast<double>(start(camera.random()));
    double column = static_cast<double>(start(camera.random()));
    const double angle = place(camera.random());
    const auto electrons = static_cast<float>(energy(camera.random()));
    for (int step = length(camera.random()); step > 0; --step) {
      const auto r = static_cast<std::size_t>(row);
      const auto c = static_cast<std::size_t>(column);
      field.image.pixels(r, c) += electrons / 1.5F;
      field.is_hit(r, c) = 1;
      row += std::sin(angle);
      column += std::cos(angle);
    }
  }
  return field;
}

struct Score {
  double found = 0.0;   ///< part of the pixels that were hit
  double wrong = 0.0;   ///< flagged pixels further from a hit than it may grow
  double on_stars = 0;  ///< of these, where a star is brighter than the noise of the sky
};

Score score_of(const Field& field, const Image& masked) {
  Score score;
  double hits = 0.0;
  for (std::size_t row = 2; row + 2 < side; ++row) {
    for (std::size_t column = 2; column + 2 < side; ++column) {
      const bool is_flagged = (masked.mask(row, column) & hit_flag) != 0;
      if (field.is_hit(row, column) != 0) {
        hits += 1.0;
        score.found += is_flagged ? 1.0 : 0.0;
      }
      bool is_beside = false;
      for (std::size_t r = row - 2; r <= row + 2; ++r) {
        for (std::size_t c = column - 2; c <= column + 2; ++c) is_beside = is_beside || field.is_hit(r, c) != 0;
      }
      if (!is_flagged || is_beside) continue;
      score.wrong += 1.0;
      score.on_stars += field.stars(row, column) > 15.0F ? 1.0 : 0.0;
    }
  }
  score.found /= std::max(hits, 1.0);
  return score;
}

TEST(CosmicRays, AreFoundAndStarsAreKept) {
  const Field field = field_with(120, 150);
  const Score score = score_of(field, with_cosmic_rays_masked(field.image));
  EXPECT_GT(score.found, 0.97);
  // Of a thousand that are flagged: what a hit on a star drew along.
  EXPECT_LE(score.on_stars, 10.0);
  EXPECT_LE(score.wrong, 12.0);
}

TEST(CosmicRays, AreFoundByAVarianceAndAboveASubtractedSky) {
  const Field field = field_with(60, 100);
  const Image whole = with_cosmic_rays_masked(field.image);
  const Image known = with_cosmic_rays_masked(with_noise(field.image));
  EXPECT_GT(score_of(field, known).found, 0.97);
  Image less = field.image;
  for (float& value : less.pixels.values()) value -= 100.0F;
  EXPECT_GT(score_of(field, with_cosmic_rays_masked(less, {.background = 100.0})).found, 0.97);
  const Image trusting = with_cosmic_rays_masked(less);  // too little noise is believed
  const auto flagged = [](const Image& image) {
    return std::count(image.mask.values().begin(), image.mask.values().end(), hit_flag);
  };
  EXPECT_GT(flagged(trusting), flagged(whole));
}

TEST(CosmicRays, AreNotFoundWhereThereAreNone) {
  const Field field = field_with(120, 0);
  const Score score = score_of(field, with_cosmic_rays_masked(field.image));
  EXPECT_LE(score.wrong, 5.0);
}

TEST(CosmicRays, AreNoneOfWhatIsMaskedAlready) {
  Field field = field_with(0, 0);
  for (std::size_t row = 100; row < 120; ++row) field.image.pixels(row, 50) = std::nanf("");
  field.image.pixels(30, 30) = 65535.0F;
  field.image.saturation = 60000.0;
  const Image masked = with_cosmic_rays_masked(field.image);
  EXPECT_EQ(masked.mask(110, 50), bit(Flag::no_data));
  EXPECT_EQ(masked.mask(30, 30), bit(Flag::saturated));
  EXPECT_LE(std::count(masked.mask.values().begin(), masked.mask.values().end(), hit_flag), 3);
}

TEST(CosmicRays, AreFoundAtTheEdge) {
  Field field = field_with(0, 0);
  for (const auto& [row, column] : {std::pair{0, 0}, std::pair{0, 100}, std::pair{100, 255}, std::pair{255, 255}}) {
    field.image.pixels(static_cast<std::size_t>(row), static_cast<std::size_t>(column)) += 3000.0F;
  }
  const Image masked = with_cosmic_rays_masked(field.image);
  for (const auto& [row, column] : {std::pair{0, 0}, std::pair{0, 100}, std::pair{100, 255}, std::pair{255, 255}}) {
    EXPECT_EQ(masked.mask(static_cast<std::size_t>(row), static_cast<std::size_t>(column)), hit_flag) << row << column;
  }
  Image narrow;
  narrow.pixels = Plane<float>(1, 1, 5.0F);
  narrow.read_noise = 1.0;
  EXPECT_EQ(with_cosmic_rays_masked(narrow).mask(0, 0), 0);
}

TEST(CosmicRays, AreNotSearchedWithoutNoiseOrPixels) {
  Image image;
  image.pixels = Plane<float>(4, 4, 5.0F);
  expect_refused([&] { with_cosmic_rays_masked(image); }, "neither a variance nor a read noise", wrong);
  image.read_noise = 3.0;
  expect_refused([&] { with_cosmic_rays_masked(image, {.sigma = 0.0}); }, "expected sigma", wrong);
  image.mask = Plane<std::uint16_t>(4, 4, bit(Flag::bad));
  expect_refused([&] { with_cosmic_rays_masked(image); }, "no pixel is usable", wrong);
}

}  // namespace
}  // namespace astro::imaging
