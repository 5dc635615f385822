// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include "astro/signal/gridding.hpp"
#include "astro/sky/frames.hpp"

// What a map's frame does to directions.
namespace astro::signal {

using Vector = std::array<double, 3>;

inline MapPlace place_in(MapFrame frame, const Icrs& direction) noexcept {
  if (frame == MapFrame::icrs) return {direction.ra, direction.dec};
  const Galactic galactic = sky::galactic(direction);
  return {galactic.l, galactic.b};
}

inline Vector vector_of(const MapPlace& place) noexcept {
  const double cosine = std::cos(place.latitude.radians());
  return {cosine * std::cos(place.longitude.radians()), cosine * std::sin(place.longitude.radians()),
          std::sin(place.latitude.radians())};
}

/// Between two directions, by the chord: right also for small angles.
inline double angle_between(const Vector& a, const Vector& b) noexcept {
  const double square = (a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]) + (a[2] - b[2]) * (a[2] - b[2]);
  return 2.0 * std::asin(std::min(1.0, 0.5 * std::sqrt(square)));
}

}  // namespace astro::signal
