// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "astro/coordinates.hpp"
#include "astro/export.hpp"
#include "astro/time.hpp"

/// Where a target is: pure functions on values, by ERFA (the IAU's SOFA models: precession and
/// nutation IAU 2006/2000A, aberration, light deflection). Without an IERS file UT1 is taken as
/// UTC and polar motion as zero, which moves a place in azimuth and altitude by up to 14 arcsec.
namespace astro::sky {

/// What the air does to the apparent altitude. Zero pressure: no refraction.
struct Weather {
  double pressure_hpa = 0.0;
  double temperature_c = 10.0;
  double humidity = 0.5;            ///< relative, 0 to 1
  double wavelength_um = 210000.0;  ///< above 100 um the radio formula is used (eraRefco)
};

/// The weather that a site of this height has on an average day (hydrostatic, 288.15 K at sea level).
ASTRO_API Weather standard_weather(const Location& site) noexcept;

/// Place in the sky of a site. Without `weather` there is no refraction; a target in azimuth and
/// altitude is the place itself and comes back as it is. Throws `invalid_argument` for values that
/// are not finite.
ASTRO_API AltAz altaz(const Target& target, const Location& site, Time time, const Weather& weather = {});
/// The direction of the ICRS that is seen there; the inverse of `altaz`.
ASTRO_API Icrs icrs(const AltAz& place, const Location& site, Time time, const Weather& weather = {});
/// Any target as ICRS direction, as seen from the site (of Sun and Moon: apparent, topocentric).
ASTRO_API Icrs icrs(const Target& target, const Location& site, Time time);

ASTRO_API Galactic galactic(const Icrs& direction) noexcept;
ASTRO_API Icrs icrs(const Galactic& direction) noexcept;

/// Local apparent sidereal time, as an angle in [0, 360) degrees.
ASTRO_API Angle sidereal_time(const Location& site, Time time);

/// Hour angle (positive to the west) and apparent declination.
struct HourAngleDec {
  Angle hour_angle{};
  Angle dec{};
};
ASTRO_API HourAngleDec hour_angle_dec(const AltAz& place, const Location& site) noexcept;
ASTRO_API AltAz altaz(const HourAngleDec& place, const Location& site) noexcept;

}  // namespace astro::sky
