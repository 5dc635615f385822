// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "astro/angle.hpp"
#include "astro/export.hpp"

namespace astro {

/// A place on the Earth: geodetic on WGS 84, longitude positive to the east, height above the
/// ellipsoid in metres.
struct Location {
  Angle latitude{};
  Angle longitude{};
  double height_m = 0.0;

  bool operator==(const Location&) const = default;
};

/// Horizontal direction: azimuth from north through east, altitude above the horizon. Whether
/// refraction is in it is said by the function that makes or takes it.
struct AltAz {
  Angle azimuth{};
  Angle altitude{};

  bool operator==(const AltAz&) const = default;
};

/// Right ascension and declination in the International Celestial Reference System.
struct Icrs {
  Angle ra{};
  Angle dec{};

  bool operator==(const Icrs&) const = default;
};

/// Galactic longitude and latitude (IAU 1958, tied to the ICRS as in the Hipparcos catalogue,
/// ESA SP-1200 vol. 1, section 1.5.3).
struct Galactic {
  Angle l{};
  Angle b{};

  bool operator==(const Galactic&) const = default;
};

/// A body of the solar system whose place is computed for the instant.
enum class Body : unsigned char { sun, moon };

/// What a telescope is asked to look at: a value that travels as text, in YAML, on the wire and
/// on the command line: "icrs 10.684 41.269", "galactic 120 0", "altaz 180 45" (azimuth first),
/// "sun", "moon"; degrees unless a unit is written ("icrs 0h42m44s 41d16m").
using Target = std::variant<Icrs, Galactic, AltAz, Body>;

/// Throws `invalid_argument` with what was expected.
ASTRO_API Target parse_target(std::string_view text);
/// The form that `parse_target` reads back to the same value.
ASTRO_API std::string to_string(const Target& target);

/// Reads an angle with a unit ("10.5 deg", "0.3 rad", "12 arcmin", "1h30m", "41d16m09s").
/// A number without a unit is refused with `invalid_argument`.
ASTRO_API Angle parse_angle(std::string_view text);

/// Great-circle distance between two directions of the same frame (Vincenty's form, right at all
/// separations).
ASTRO_API Angle separation(Angle longitude_a, Angle latitude_a, Angle longitude_b, Angle latitude_b) noexcept;
inline Angle separation(const AltAz& a, const AltAz& b) noexcept {
  return separation(a.azimuth, a.altitude, b.azimuth, b.altitude);
}
inline Angle separation(const Icrs& a, const Icrs& b) noexcept { return separation(a.ra, a.dec, b.ra, b.dec); }
inline Angle separation(const Galactic& a, const Galactic& b) noexcept { return separation(a.l, a.b, b.l, b.b); }

}  // namespace astro
