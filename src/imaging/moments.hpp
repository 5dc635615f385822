// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>

#include "astro/imaging/image.hpp"

namespace astro::imaging {

/// Centre and second moments of what is brightest about a place.
struct Moments {
  PixelPosition centre{};
  double xx = 0.0;  ///< of the object itself, were it a Gaussian
  double xy = 0.0;
  double yy = 0.0;

  double sigma() const;        ///< of the round Gaussian with the same area
  double ellipticity() const;  ///< 1 - b / a
};

/// Moments weighted by the Gaussian that has them, found by iteration (Bernstein and Jarvis 2002, AJ 123, 583). Pixels
/// that are not finite are passed over. Nothing where it does not converge: no object, or one that is cut off.
std::optional<Moments> adaptive_moments(const Plane<float>& pixels, PixelPosition start, double sigma);

/// The plane moved: what was at (x, y) is at (x + dx, y + dy), by Lanczos-3; 0 comes in from outside.
Plane<float> moved(const Plane<float>& plane, double dx, double dy);

}  // namespace astro::imaging
