// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "galaxy.hpp"
#include "place.hpp"

namespace simulator {

/// What a Gaussian beam collects from the sky: the mean over its solid angle.
struct BeamView {
  Profile hydrogen_k{};      ///< above the continuum
  double continuum_k = 0.0;  ///< the 2.7 K and the Galaxy
};

/// Integrates the Galaxy over the beam: five Gauss-Laguerre nodes in the radius squared, twelve
/// directions on each ring.
BeamView view(const astro::Galactic& direction, astro::Angle full_width, double frequency_hz) noexcept;

}  // namespace simulator
