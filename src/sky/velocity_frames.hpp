// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>

#include "astro/sky/velocity.hpp"

namespace astro::sky {

/// How the solar system's barycentre moves in the frame, km/s along the axes of the ICRS; zero in
/// the frames that move with it.
std::array<double, 3> barycentre_velocity_km_s(VelocityFrame frame) noexcept;

}  // namespace astro::sky
