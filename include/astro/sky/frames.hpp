// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "astro/coordinates.hpp"
#include "astro/export.hpp"
#include "astro/time.hpp"

/// Where a target is: pure functions on values, by ERFA (the IAU's SOFA models: precession and
/// nutation IAU 2006/2000A, aberration, light deflection) and the Earth orientation that is set for
/// the process (earth_orientation.hpp): without one a place in azimuth and altitude is off by up to
/// 14 arcsec.
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
/// altitude, or in hour angle and declination, is the place itself. This is the full computation,
/// 60 us: for many targets or times see observer.hpp. Throws `invalid_argument` for values that are
/// not finite and `not_visible` outside an ephemeris.
///
/// How good: directions to 1 mas with an Earth orientation. The Sun to 0.01 arcsec (eraEpv00), the
/// Moon to 10 arcsec (eraMoon98), Mercury, Venus, Mars 7 arcsec, Jupiter, Saturn, Uranus 90 arcsec,
/// Neptune 11 arcsec at worst from 1800 to 2050 (eraPlan94).
ASTRO_API AltAz altaz(const Target& target, const Location& site, Time time, const Weather& weather = {});
/// The direction of the ICRS that is seen there; the inverse of `altaz`.
ASTRO_API Icrs icrs(const AltAz& place, const Location& site, Time time, const Weather& weather = {});
/// Any target as ICRS direction, as seen from the site (of bodies: where the light came from that arrives now).
ASTRO_API Icrs icrs(const Target& target, const Location& site, Time time);

ASTRO_API Galactic galactic(const Icrs& direction) noexcept;
ASTRO_API Icrs icrs(const Galactic& direction) noexcept;

/// Between the ICRS and the FK5 of an equinox, for a source without proper motion seen at `epoch`:
/// the axes of the FK5 turn by 1 mas a year against the ICRS (Mignard and Froeschle 2000, A&A 354,
/// 732; eraFk5hz), then precession by IAU 2006 with its frame bias (Wallace and Capitaine 2006, A&A
/// 459, 981), as Starlink's AST has it. Leaving out the bias, or the turning axes, changes 25 mas.
ASTRO_API Fk5 fk5(const Icrs& direction, Time epoch, double equinox = 2000.0);
ASTRO_API Icrs icrs(const Fk5& direction, Time epoch);

/// Local apparent sidereal time, as an angle in [0, 360) degrees.
ASTRO_API Angle sidereal_time(const Location& site, Time time);

using astro::HourAngleDec;
ASTRO_API HourAngleDec hour_angle_dec(const AltAz& place, const Location& site) noexcept;
ASTRO_API AltAz altaz(const HourAngleDec& place, const Location& site) noexcept;

}  // namespace astro::sky
