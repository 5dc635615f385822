// SPDX-License-Identifier: BSD-3-Clause
#include "bodies.hpp"

#include <erfa.h>

#include <cmath>

namespace astro::sky {

namespace {

using Vector = std::array<double, 3>;

/// eraPlan94's number of a planet.
int planet_number(Body body) {
  constexpr std::array numbers{0, 0, 1, 2, 4, 5, 6, 7, 8};
  return numbers.at(static_cast<std::size_t>(body));
}

}  // namespace

// TDB is taken as TT: 2 ms.
BodyState barycentric_state(Body body, double tt_day, double tt_fraction) {
  double sun_to_earth[2][3];
  double earth[2][3];
  eraEpv00(tt_day, tt_fraction, sun_to_earth, earth);
  double relative[2][3] = {};  // to the Earth for the Moon, to the Sun for the others
  if (body == Body::moon) eraMoon98(tt_day, tt_fraction, relative);
  else if (body != Body::sun) eraPlan94(tt_day, tt_fraction, planet_number(body), relative);
  BodyState state{};
  for (std::size_t i = 0; i < 3; ++i) {
    const double to_centre[2] = {body == Body::moon ? 0.0 : sun_to_earth[0][i],
                                 body == Body::moon ? 0.0 : sun_to_earth[1][i]};
    state.position[i] = earth[0][i] - to_centre[0] + relative[0][i];
    state.velocity[i] = earth[1][i] - to_centre[1] + relative[1][i];
  }
  return state;
}

Vector direction_from(const double observer_au[3], Body body, const JulianDate& tt) {
  Vector direction{};
  double distance_au = 0.0;
  // The second pass knows how long the light has travelled, the third to a microsecond for Neptune.
  for (int pass = 0; pass < 3; ++pass) {
    const Vector place = barycentric_state(body, tt.day, tt.fraction - distance_au * light_days_an_au).position;
    for (std::size_t i = 0; i < 3; ++i) direction[i] = place[i] - observer_au[i];
    distance_au = std::hypot(direction[0], direction[1], direction[2]);
  }
  for (double& component : direction) component /= distance_au;
  return direction;
}

}  // namespace astro::sky
