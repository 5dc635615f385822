// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>

#include "astro/coordinates.hpp"
#include "erfa_time.hpp"

namespace astro::sky {

/// Unit vector (axes of the ICRS) from an observer to where the body's light that arrives now was
/// sent. `observer_au`: from the solar system's barycentre. The Sun by eraEpv00, the Moon by
/// eraMoon98 (Meeus 1998; a few arcseconds), the planets by eraPlan94 (Simon et al. 1994).
std::array<double, 3> direction_from(const double observer_au[3], Body body, const JulianDate& tt);

inline constexpr double light_days_an_au = 499.004782 / 86400.0;  // ERFA_AULT

/// From the barycentre along the axes of the ICRS, au and au a day.
struct BodyState {
  std::array<double, 3> position;
  std::array<double, 3> velocity;
};
BodyState barycentric_state(Body body, double tt_day, double tt_fraction);

}  // namespace astro::sky
