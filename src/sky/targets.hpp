// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>

#include "astro/coordinates.hpp"
#include "astro/time.hpp"

namespace astro::sky {

/// Of a target that has a direction of its own (ICRS, galactic, FK5, ephemeris).
Icrs catalogue_direction(const Target& target, Time time);

/// Of a target that is fixed to the ground; nothing for the others.
std::optional<AltAz> fixed_place(const Target& target, const Location& site);

}  // namespace astro::sky
