// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace astro::sky {

/// The sky on a plane: gnomonic, orthographic, plate carree.
enum class Projection : unsigned char { tan, sin, car };

/// Longitude and latitude, or x and y in the plane of projection; degrees.
struct Degrees {
  double x;
  double y;
};

/// From the plane to the sky about a reference, and back; NaN where there is no such place. CAR is about
/// the equator: of its reference only the longitude is looked at.
Degrees deproject(Projection projection, Degrees plane, Degrees reference) noexcept;
Degrees project(Projection projection, Degrees sky, Degrees reference) noexcept;

}  // namespace astro::sky
