// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "sky/kernels/kernels.hpp"
#include "sky/light.hpp"

// Included once by each file of an instruction set. Everything is without a branch, so that the
// compiler turns each loop into vector instructions; everything is in an unnamed namespace, so that
// the linker cannot put one set's code into another's place.
namespace astro::sky {
namespace {  // NOLINT(google-build-namespaces)

constexpr double pi = std::numbers::pi;

[[gnu::always_inline]] inline double select(std::int64_t mask, double yes, double no) noexcept {
  return std::bit_cast<double>((std::bit_cast<std::int64_t>(yes) & mask) | (std::bit_cast<std::int64_t>(no) & ~mask));
}

struct SineCosine {
  double sine, cosine;
};

/// To 2e-16 within 10,000 radians: reduced to an eighth of a turn by pi / 2 in three parts (Cody and
/// Waite 1980), then Taylor's series.
[[gnu::always_inline]] inline SineCosine sine_cosine(double x) noexcept {
  constexpr double to_integer = 6755399441055744.0;  // 1.5 * 2^52: what is added to it is rounded
  const double shifted = x * (2.0 / pi) + to_integer;
  const auto quarter = std::bit_cast<std::int64_t>(shifted);
  const double n = shifted - to_integer;
  // pi / 2 = the sum of these; the first two have 33 bits, so that their products with n are exact.
  constexpr double part1 = 0x1.921fb544p+0;
  constexpr double part2 = 0x1.0b4611a6p-34;
  constexpr double part3 = 0x1.3198a2e037073p-69;
  const double r = ((x - n * part1) - n * part2) - n * part3;
  const double z = r * r;
  const double sine =
      r + r * z *
              (-1.0 / 6 +
               z * (1.0 / 120 + z * (-1.0 / 5040 +
                                     z * (1.0 / 362880 + z * (-1.0 / 39916800 + z * (1.0 / 6227020800.0 +
                                                                                     z * (-1.0 / 1307674368000.0)))))));
  const double cosine =
      1.0 - 0.5 * z +
      z * z *
          (1.0 / 24 +
           z * (-1.0 / 720 + z * (1.0 / 40320 + z * (-1.0 / 3628800 +
                                                     z * (1.0 / 479001600.0 + z * (-1.0 / 87178291200.0 +
                                                                                   z * (1.0 / 20922789888000.0)))))));
  const std::int64_t odd = -(quarter & 1);
  const double s = select(odd, cosine, sine);
  const double c = select(odd, sine, cosine);
  const auto flip = [](double value, std::int64_t bit) __attribute__((always_inline)) {
    return std::bit_cast<double>(std::bit_cast<std::int64_t>(value) ^
                                 static_cast<std::int64_t>(static_cast<std::uint64_t>(bit) << 63));
  };
  return {flip(s, (quarter >> 1) & 1), flip(c, ((quarter + 1) >> 1) & 1)};
}

/// To 4e-16. The quotient is brought below tan(pi / 8); there the arc tangent is t times a polynomial
/// of t^2, interpolated at Chebyshev's points (2e-16).
[[gnu::always_inline]] inline double arc_tangent(double y, double x) noexcept {
  const double ax = std::fabs(x);
  const double ay = std::fabs(y);
  const double most = ax > ay ? ax : ay;
  const double least = ax > ay ? ay : ax;
  const bool big = least > most * 0.41421356237309503;
  const double above = big ? least - most : least;
  const double below = big ? least + most : most;
  const double t = above / (below + 1e-300);  // the zenith has no azimuth: nought
  const double z = t * t;
  double p = -0.007832125045503442;
  p = p * z + 0.02855532953484355;
  p = p * z - 0.04652624820745567;
  p = p * z + 0.057593546942939;
  p = p * z - 0.0665058333392045;
  p = p * z + 0.07690931065161861;
  p = p * z - 0.09090833010651495;
  p = p * z + 0.11111108499410165;
  p = p * z - 0.14285714233983238;
  p = p * z + 0.19999999999484824;
  p = p * z - 0.3333333333333144;
  const double small = t + t * z * p;
  const double octant = big ? small + pi / 4 : small;
  const double quadrant = ay > ax ? pi / 2 - octant : octant;
  const double half = x < 0.0 ? pi - quadrant : quadrant;
  return std::copysign(half, y);
}

template <std::size_t size>
void to_vectors(Block<size>& block) {
  for (std::size_t i = 0; i < size; ++i) {
    const SineCosine ra = sine_cosine(block.azimuth.values[i]);
    const SineCosine dec = sine_cosine(block.altitude.values[i]);
    block.x.values[i] = ra.cosine * dec.cosine;
    block.y.values[i] = ra.sine * dec.cosine;
    block.z.values[i] = dec.sine;
  }
}

template <bool air>
[[gnu::always_inline]] inline void finish(const Vector& horizon, const Refraction& refraction, double& azimuth,
                                          double& altitude) {
  const Vector seen = air ? raised(horizon, refraction) : horizon;
  const double turned = arc_tangent(seen[1], seen[0]);
  azimuth = turned < 0.0 ? turned + 2.0 * pi : turned;
  altitude = arc_tangent(seen[2], std::sqrt(seen[0] * seen[0] + seen[1] * seen[1]));
}

template <bool air, std::size_t size>
void loop_at_instant(const Instant& at, const Refraction& refraction, Block<size>& block) {
  const Instant here = at;  // which nothing that is written can change
  const Refraction constants = refraction;
  for (std::size_t i = 0; i < size; ++i) {
    const Vector direction{block.x.values[i], block.y.values[i], block.z.values[i]};
    finish<air>(to_horizon(aberrated(bent(direction, here), here), here), constants, block.azimuth.values[i],
                block.altitude.values[i]);
  }
}

template <std::size_t size>
void at_instant(const Instant& at, const Refraction& refraction, Block<size>& block) {
  if (refraction.a == 0.0) loop_at_instant<false>(at, refraction, block);
  else loop_at_instant<true>(at, refraction, block);
}

template <bool air, std::size_t size>
void loop_at_times(const SiteCell& cell, const Refraction& refraction, Block<size>& block) {
  const SiteInCell site = cell;
  const Interpolated<16, 4> slow = cell.earth->apparent;  // a copy: what is written cannot be part of it
  const Refraction constants = refraction;
  for (std::size_t i = 0; i < size; ++i) {
    const double part = block.part.values[i];
    const SineCosine rotation = sine_cosine(site.rotation_start + site.rotation_growth * part);
    Instant at;
    set_instant(site, slow, part, rotation.sine, rotation.cosine, at);
    const Vector direction{block.x.values[i], block.y.values[i], block.z.values[i]};
    finish<air>(to_horizon(aberrated(bent(direction, at), at), at), constants, block.azimuth.values[i],
                block.altitude.values[i]);
  }
}

template <std::size_t size>
void at_times(const SiteCell& cell, const Refraction& refraction, Block<size>& block) {
  if (refraction.a == 0.0) loop_at_times<false>(cell, refraction, block);
  else loop_at_times<true>(cell, refraction, block);
}

constexpr Kernels made(const char* name) {
  return {name,
          to_vectors<block_size>,
          to_vectors<small_size>,
          at_instant<block_size>,
          at_instant<small_size>,
          at_times<block_size>,
          at_times<small_size>};
}

}  // namespace
}  // namespace astro::sky
