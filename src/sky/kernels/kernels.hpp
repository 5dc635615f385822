// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>

#include "sky/site_cell.hpp"

// The loops over many targets and times, compiled for each instruction set in a file of its own.
// They work on blocks of a fixed length, so that every lane is computed by the same instructions: a
// result does not depend on where in a block, or beside whom, it was computed.
namespace astro::sky {

inline constexpr std::size_t block_size = 128;
inline constexpr std::size_t small_size = 8;

/// One number each of as many targets or times.
template <std::size_t size>
struct Lanes {
  double values[size];
};

/// A block: in directions (unit vectors, axes of the ICRS) and parts of a cell, out azimuths and altitudes.
template <std::size_t size>
struct Block {
  Lanes<size> x, y, z;
  Lanes<size> part;
  Lanes<size> azimuth, altitude;
};

struct Kernels {
  const char* name;
  /// Unit vectors of right ascensions (in `azimuth`) and declinations (in `altitude`), all within
  /// 10,000 radians.
  void (*to_vectors)(Block<block_size>&);
  void (*to_vectors_small)(Block<small_size>&);
  void (*at_instant)(const Instant&, const Refraction&, Block<block_size>&);
  void (*at_instant_small)(const Instant&, const Refraction&, Block<small_size>&);
  void (*at_times)(const SiteCell&, const Refraction&, Block<block_size>&);
  void (*at_times_small)(const SiteCell&, const Refraction&, Block<small_size>&);
};

/// The best that this processor has.
const Kernels& kernels() noexcept;

}  // namespace astro::sky
