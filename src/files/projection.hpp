// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace astro::files {

enum class Projection : unsigned char { tan, sin, car };

/// The projection in a CTYPE like "RA---TAN"; nothing where it is a plain axis. Throws `unsupported`
/// for another one.
std::optional<Projection> projection_of(std::string_view type);
/// Whether the axis is the longitude ("RA--", "GLON", "ELON") of a pair.
bool is_longitude(std::string_view type) noexcept;

/// Longitude and latitude, or x and y in the plane of projection; degrees.
struct Degrees {
  double x;
  double y;
};

/// From the plane to the sky about a reference, and back; NaN where there is no such place.
Degrees deproject(Projection projection, Degrees plane, Degrees reference) noexcept;
Degrees project(Projection projection, Degrees sky, Degrees reference) noexcept;

}  // namespace astro::files
