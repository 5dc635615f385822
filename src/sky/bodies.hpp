// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>

#include "astro/coordinates.hpp"
#include "erfa_time.hpp"

namespace astro::sky {

/// Unit vector (axes of the ICRS) from an observer to where the body's light that arrives now was
/// sent. `observer_au`: from the solar system's barycentre. The Sun by eraEpv00, the Moon by
/// eraMoon98 (Meeus 1998; a few arcseconds).
std::array<double, 3> direction_from(const double observer_au[3], Body body, const JulianDate& tt);

}  // namespace astro::sky
