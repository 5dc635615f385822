// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "astro/angle.hpp"
#include "astro/export.hpp"
#include "astro/time.hpp"

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

/// Right ascension and declination in the FK5, for the mean equator and equinox of a Julian epoch
/// (2000.0: J2000). Not of date: nutation and aberration are not in it.
struct Fk5 {
  Angle ra{};
  Angle dec{};
  double equinox = 2000.0;

  bool operator==(const Fk5&) const = default;
};

/// Hour angle (positive to the west) and declination of the equator that turns with the Earth: a
/// direction that is fixed to the ground, as AltAz is.
struct HourAngleDec {
  Angle hour_angle{};
  Angle dec{};

  bool operator==(const HourAngleDec&) const = default;
};

/// A body of the solar system whose place is computed for the instant.
enum class Body : unsigned char { sun, moon, mercury, venus, mars, jupiter, saturn, uranus, neptune };
/// "sun" ... "neptune".
ASTRO_API std::string_view name_of(Body body) noexcept;

/// Directions at instants, for anything that is not computed here (a satellite, a comet): as seen
/// from the site, without aberration and refraction (astrometric). An immutable value; copies share
/// the list.
class ASTRO_API Ephemeris {
 public:
  struct Point {
    Time time{};
    Icrs direction{};

    bool operator==(const Point&) const = default;
  };

  /// Throws `invalid_argument` unless there are two or more, their times grow and all is finite.
  explicit Ephemeris(std::vector<Point> points);

  std::span<const Point> points() const noexcept { return *points_; }
  /// Between the points: Lagrange's polynomial through the four nearest, on the unit sphere. Throws
  /// `not_visible` before the first and after the last.
  Icrs at(Time time) const;

  bool operator==(const Ephemeris& other) const { return points_ == other.points_ || *points_ == *other.points_; }

 private:
  std::shared_ptr<const std::vector<Point>> points_;
};

/// What a telescope is asked to look at: a value that travels as text, in YAML, on the wire and
/// on the command line: "icrs 10.684 41.269", "galactic 120 0", "altaz 180 45" (azimuth first),
/// "fk5 10.684 41.269" (J2000) and "fk5 J1975 10.38 41.13", "hadec -15 40", "sun", "moon",
/// "mercury" to "neptune", "ephemeris 2026-11-21T20:00:00Z 10.1 41.2; 2026-11-21T20:01:00Z 10.3 41.2",
/// and every name of the catalogue ("M31", "Cas A", "S8"), which is its coordinates from then on;
/// degrees unless a unit is written ("icrs 0h42m44s 41d16m").
using Target = std::variant<Icrs, Galactic, AltAz, Body, Fk5, HourAngleDec, Ephemeris>;

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
inline Angle separation(const HourAngleDec& a, const HourAngleDec& b) noexcept {
  return separation(a.hour_angle, a.dec, b.hour_angle, b.dec);
}
inline Angle separation(const Galactic& a, const Galactic& b) noexcept { return separation(a.l, a.b, b.l, b.b); }

}  // namespace astro
