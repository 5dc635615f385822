// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>

#include "astro/imaging/image.hpp"
#include "imaging/levels.hpp"
#include "imaging/noise_power.hpp"

namespace astro::imaging {

/// Both images of a subtraction, and what was measured of each.
struct Pair {
  std::array<const Image*, 2> images{};
  std::array<SkyLevel, 2> levels;
  NoisePower power{};  ///< of D
};

/// Keeps a division finite where neither PSF lets anything through.
constexpr float least_transfer = 1e-30F;

std::size_t reach_of(const std::array<Plane<float>, 2>& psfs);

/// What becomes of points and of single pixels: the kernels of the paper's statistic around their middle, with F_r = 1.
struct PairKernels {
  double score_scale = 0.0;                   ///< F_S
  double difference_scale = 0.0;              ///< F_D
  std::array<double, 2> difference_energy{};  ///< of the kernels that make D, with the noise's power
  std::array<Plane<float>, 2> squared{};      ///< of k_n and k_r, times what noise in common makes of their sums
  Plane<float> point{};                       ///< P_D
  Plane<float> science_pixel{};               ///< of D / F_D
  Plane<float> reference_pixel{};             ///< the same of a count that the reference has too little
};

/// Kernels that reach no further than `most_reach` pixels from their middle.
PairKernels pair_kernels(const Pair& pair, const std::array<Plane<float>, 2>& psfs, double flux_ratio,
                         std::size_t most_reach);

}  // namespace astro::imaging
