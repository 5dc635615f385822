// SPDX-License-Identifier: BSD-3-Clause
#include "bodies.hpp"

#include <erfa.h>

#include <cmath>

namespace astro::sky {

namespace {

using Vector = std::array<double, 3>;

/// From the barycentre, in au. TDB is taken as TT: 2 ms.
Vector barycentric(Body body, double day, double fraction) {
  double sun_to_earth[2][3];
  double earth[2][3];
  eraEpv00(day, fraction, sun_to_earth, earth);
  double moon[2][3] = {};
  if (body == Body::moon) eraMoon98(day, fraction, moon);
  Vector place{};
  for (std::size_t i = 0; i < 3; ++i) {
    place[i] = earth[0][i] + (body == Body::moon ? moon[0][i] : -sun_to_earth[0][i]);
  }
  return place;
}

}  // namespace

Vector direction_from(const double observer_au[3], Body body, const JulianDate& tt) {
  constexpr double light_days_an_au = 499.004782 / 86400.0;  // ERFA_AULT
  Vector direction{};
  double distance_au = 0.0;
  // The second pass knows how long the light has travelled; a third would change nothing that shows.
  for (int pass = 0; pass < 2; ++pass) {
    const Vector place = barycentric(body, tt.day, tt.fraction - distance_au * light_days_an_au);
    for (std::size_t i = 0; i < 3; ++i) direction[i] = place[i] - observer_au[i];
    distance_au = std::hypot(direction[0], direction[1], direction[2]);
  }
  for (double& component : direction) component /= distance_au;
  return direction;
}

}  // namespace astro::sky
