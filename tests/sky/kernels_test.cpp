// SPDX-License-Identifier: BSD-3-Clause
// Each instruction set's loops against the same formulas with the C library's sine and arc tangent.
#include "sky/kernels/kernels.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <random>
#include <vector>

#include "sky/light.hpp"

namespace astro::sky {

extern const Kernels kernels_baseline;
#if defined(__x86_64__)
extern const Kernels kernels_v3;
extern const Kernels kernels_v4;
#endif

namespace {

constexpr double rounding = 3e-15;

std::vector<const Kernels*> runnable() {
  std::vector<const Kernels*> made{&kernels_baseline};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) made.push_back(&kernels_v3);
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")) made.push_back(&kernels_v4);
#endif
  return made;
}

std::mt19937 random_source(11);

double uniform(double from, double to) { return std::uniform_real_distribution<double>(from, to)(random_source); }

/// A cell like a real one: a turned frame that drifts, the Earth's orbit, a site on it.
SiteCell some_cell() {
  auto earth = std::make_shared<EarthCell>();
  std::array<Interpolated<16, 4>::Values, 4> nodes{};
  for (std::size_t node = 0; node < 4; ++node) {
    const double tilt = 1e-3 + 1e-5 * static_cast<double>(node);
    nodes[node] = {std::cos(tilt), 0.0,   -std::sin(tilt),    0.0,  1.0, 0.0,
                   std::sin(tilt), 0.0,   std::cos(tilt),     -0.6, 0.7, 0.3 + tilt,
                   9e-5,           -4e-5, 2e-5 + tilt * 1e-5, 0.0};
  }
  earth->apparent = Interpolated<16, 4>(nodes);
  SiteCell cell;
  cell.earth = earth;
  cell.rotation_start = 5.1;
  cell.rotation_growth = 1.575;
  cell.to_horizon = {{{-0.6, 0.0, 0.8}, {0.0, 1.0, 0.0}, {0.8, 0.0, 0.6}}};
  cell.to_horizon_growth[0][1] = 1e-9;
  cell.site_au = {3e-5, 1e-5, 2e-5};
  return cell;
}

AltAz reference(const Icrs& direction, const Instant& at, const Refraction& air) {
  return seen(to_horizon(aberrated(bent(unit_vector(direction.ra, direction.dec), at), at), at), air);
}

Icrs random_direction() {
  // Also many turns away, and on the edges of the octants where the series change.
  const double turns = 2.0 * std::numbers::pi * std::floor(uniform(-1000.0, 1000.0));
  const bool edge = uniform(0.0, 1.0) < 0.1;
  const double ra = edge ? std::floor(uniform(0.0, 9.0)) * std::numbers::pi / 4 : uniform(0.0, 6.2831853);
  return {radians(uniform(0.0, 1.0) < 0.2 ? ra + turns : ra), radians(std::asin(uniform(-1.0, 1.0)))};
}

void expect_same(const AltAz& a, const AltAz& b, double within) {
  EXPECT_LT(separation(a, b).radians(), within) << a.azimuth.degrees() << ' ' << a.altitude.degrees();
  EXPECT_GE(a.azimuth.radians(), 0.0);
  EXPECT_LE(a.azimuth.radians(), 2.0 * std::numbers::pi);
}

TEST(SkyKernels, ComputePlacesAtOneInstant) {
  Instant at;
  set_instant(some_cell(), 0.3, at);
  for (const Kernels* kernels : runnable()) {
    for (const Refraction air : {Refraction{}, Refraction{2.9e-4, -3.2e-7}}) {
      for (int round = 0; round < 50; ++round) {
        Block<block_size> block;
        std::vector<Icrs> directions;
        for (std::size_t i = 0; i < block_size; ++i) {
          directions.push_back(random_direction());
          block.azimuth.values[i] = directions[i].ra.radians();
          block.altitude.values[i] = directions[i].dec.radians();
        }
        kernels->to_vectors(block);
        kernels->at_instant(at, air, block);
        for (std::size_t i = 0; i < block_size; ++i) {
          const AltAz place{radians(block.azimuth.values[i]), radians(block.altitude.values[i])};
          // Of many turns the C library's own reduction is the better: 1000 turns are 7e-13 of a double's.
          const bool many_turns = std::abs(directions[i].ra.radians()) > 7.0;
          expect_same(place, reference(directions[i], at, air), many_turns ? 2e-12 : rounding);
        }
      }
    }
  }
}

TEST(SkyKernels, ComputePlacesAtManyTimes) {
  const SiteCell cell = some_cell();
  for (const Kernels* kernels : runnable()) {
    for (int round = 0; round < 50; ++round) {
      Block<block_size> block;
      std::vector<Icrs> directions;
      for (std::size_t i = 0; i < block_size; ++i) {
        directions.push_back(random_direction());
        const Vector vector = unit_vector(directions[i].ra, directions[i].dec);
        block.x.values[i] = vector[0];
        block.y.values[i] = vector[1];
        block.z.values[i] = vector[2];
        block.part.values[i] = uniform(0.0, 1.0);
      }
      kernels->at_times(cell, {}, block);
      for (std::size_t i = 0; i < block_size; ++i) {
        Instant at;
        set_instant(cell, block.part.values[i], at);
        expect_same({radians(block.azimuth.values[i]), radians(block.altitude.values[i])},
                    reference(directions[i], at, {}), rounding);
      }
    }
  }
}

TEST(SkyKernels, GiveTheSameBitsInSmallBlocksAndInLarge) {
  const SiteCell cell = some_cell();
  for (const Kernels* kernels : runnable()) {
    Block<block_size> large;
    Block<small_size> small;
    for (std::size_t i = 0; i < block_size; ++i) {
      const Icrs direction = random_direction();
      large.azimuth.values[i] = direction.ra.radians();
      large.altitude.values[i] = direction.dec.radians();
      large.part.values[i] = uniform(0.0, 1.0);
    }
    for (std::size_t i = 0; i < small_size; ++i) {
      small.azimuth.values[i] = large.azimuth.values[i + 40];
      small.altitude.values[i] = large.altitude.values[i + 40];
      small.part.values[i] = large.part.values[i + 40];
    }
    kernels->to_vectors(large);
    kernels->to_vectors_small(small);
    kernels->at_times(cell, {2.9e-4, -3.2e-7}, large);
    kernels->at_times_small(cell, {2.9e-4, -3.2e-7}, small);
    for (std::size_t i = 0; i < small_size; ++i) {
      EXPECT_EQ(small.azimuth.values[i], large.azimuth.values[i + 40]) << kernels->name;
      EXPECT_EQ(small.altitude.values[i], large.altitude.values[i + 40]) << kernels->name;
    }
  }
}

TEST(SkyKernels, GiveTheZenithAnAltitudeAndNoNan) {
  Instant at;
  set_instant(some_cell(), 0.0, at);
  at.velocity = {};
  at.inverse_lorentz = 1.0;
  for (const Kernels* kernels : runnable()) {
    Block<small_size> block{};
    for (std::size_t i = 0; i < small_size; ++i) {
      block.x.values[i] = at.to_horizon[2][0];
      block.y.values[i] = at.to_horizon[2][1];
      block.z.values[i] = at.to_horizon[2][2];
    }
    kernels->at_instant_small(at, {}, block);
    EXPECT_NEAR(block.altitude.values[3], std::numbers::pi / 2, 1e-7);
    EXPECT_TRUE(std::isfinite(block.azimuth.values[3]));
  }
}

}  // namespace
}  // namespace astro::sky
