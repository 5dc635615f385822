// SPDX-License-Identifier: BSD-3-Clause
#include "astro/sky/frames.hpp"

#include <erfa.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <optional>

#include "astro/error.hpp"
#include "bodies.hpp"
#include "erfa_time.hpp"
#include "targets.hpp"

namespace astro::sky {

namespace {

/// All that depends on site, time and weather, and not on the direction.
eraASTROM observer(const Location& site, Time time, const Weather& weather) {
  sky::require_finite(site);
  sky::require_finite(weather);
  const TimeScales scales = time_scales(time);
  eraASTROM astrom;
  double equation_of_origins = 0.0;
  eraApco13(scales.utc.day, scales.utc.fraction, scales.orientation.ut1_minus_utc_s, site.longitude.radians(),
            site.latitude.radians(), site.height_m, scales.orientation.xp.radians(), scales.orientation.yp.radians(),
            weather.pressure_hpa, weather.temperature_c, weather.humidity, weather.wavelength_um, &astrom,
            &equation_of_origins);
  return astrom;
}

AltAz observed(double ra_cirs, double dec_cirs, eraASTROM& astrom) {
  double azimuth = 0.0;
  double zenith_distance = 0.0;
  double unused[3];
  eraAtioq(ra_cirs, dec_cirs, &astrom, &azimuth, &zenith_distance, &unused[0], &unused[1], &unused[2]);
  return {radians(azimuth), radians(std::numbers::pi / 2 - zenith_distance)};
}

AltAz altaz_of(const Icrs& direction, eraASTROM& astrom) {
  double ra = 0.0;
  double dec = 0.0;
  eraAtciqz(direction.ra.radians(), direction.dec.radians(), &astrom, &ra, &dec);
  return observed(ra, dec, astrom);
}

/// A body is near: its direction is taken from the observer, and no light of it is bent by the Sun.
AltAz altaz_of(Body body, Time time, eraASTROM& astrom) {
  auto direction = direction_from(astrom.eb, body, time_scales(time).tt);
  std::array<double, 3> aberrated{};
  std::array<double, 3> cirs{};
  eraAb(direction.data(), astrom.v, astrom.em, astrom.bm1, aberrated.data());
  eraRxp(astrom.bpn, aberrated.data(), cirs.data());
  double ra = 0.0;
  double dec = 0.0;
  eraC2s(cirs.data(), &ra, &dec);
  return observed(ra, dec, astrom);
}

}  // namespace

Weather standard_weather(const Location& site) noexcept {
  // ICAO standard atmosphere (Doc 7488): 288.15 K and 1013.25 hPa at sea level, -6.5 K/km up to 11 km.
  const double height_m = std::clamp(std::isfinite(site.height_m) ? site.height_m : 0.0, -1000.0, 11000.0);
  const double temperature_k = 288.15 - 0.0065 * height_m;
  Weather weather;
  weather.pressure_hpa = 1013.25 * std::pow(temperature_k / 288.15, 5.25588);
  weather.temperature_c = temperature_k - 273.15;
  return weather;
}

Icrs catalogue_direction(const Target& target, Time time) {
  if (const auto* direction = std::get_if<Icrs>(&target)) return *direction;
  if (const auto* direction = std::get_if<Galactic>(&target)) return icrs(*direction);
  if (const auto* direction = std::get_if<Fk5>(&target)) return icrs(*direction, time);
  return std::get<Ephemeris>(target).at(time);
}

std::optional<AltAz> fixed_place(const Target& target, const Location& site) {
  if (const auto* place = std::get_if<AltAz>(&target)) {
    sky::require_finite("a target in azimuth and altitude", place->azimuth, place->altitude);
    return *place;
  }
  if (const auto* place = std::get_if<HourAngleDec>(&target)) {
    sky::require_finite("a target in hour angle and declination", place->hour_angle, place->dec);
    sky::require_finite(site);
    return altaz(*place, site);
  }
  return std::nullopt;
}

AltAz altaz(const Target& target, const Location& site, Time time, const Weather& weather) {
  if (const auto place = fixed_place(target, site)) return *place;
  if (const auto* body = std::get_if<Body>(&target)) {
    eraASTROM astrom = observer(site, time, weather);
    return altaz_of(*body, time, astrom);
  }
  const Icrs direction = catalogue_direction(target, time);
  sky::require_finite("a target in the sky", direction.ra, direction.dec);
  eraASTROM astrom = observer(site, time, weather);
  return altaz_of(direction, astrom);
}

Icrs icrs(const AltAz& place, const Location& site, Time time, const Weather& weather) {
  sky::require_finite("a place in azimuth and altitude", place.azimuth, place.altitude);
  eraASTROM astrom = observer(site, time, weather);
  double ra_cirs = 0.0;
  double dec_cirs = 0.0;
  eraAtoiq("A", place.azimuth.radians(), std::numbers::pi / 2 - place.altitude.radians(), &astrom, &ra_cirs, &dec_cirs);
  double ra = 0.0;
  double dec = 0.0;
  eraAticq(ra_cirs, dec_cirs, &astrom, &ra, &dec);
  return {radians(ra), radians(dec)};
}

Icrs icrs(const Target& target, const Location& site, Time time) {
  if (const auto place = fixed_place(target, site)) return icrs(*place, site, time);
  if (!std::holds_alternative<Body>(target)) return catalogue_direction(target, time);
  const eraASTROM astrom = observer(site, time, {});
  auto direction = direction_from(astrom.eb, std::get<Body>(target), time_scales(time).tt);
  double ra = 0.0;
  double dec = 0.0;
  eraC2s(direction.data(), &ra, &dec);
  return {radians(ra).wrapped(), radians(dec)};
}

Galactic galactic(const Icrs& direction) noexcept {
  double l = 0.0;
  double b = 0.0;
  eraIcrs2g(direction.ra.radians(), direction.dec.radians(), &l, &b);
  return {radians(l), radians(b)};
}

Icrs icrs(const Galactic& direction) noexcept {
  double ra = 0.0;
  double dec = 0.0;
  eraG2icrs(direction.l.radians(), direction.b.radians(), &ra, &dec);
  return {radians(ra), radians(dec)};
}

namespace {

/// Mean equator and equinox of the Julian epoch, from the axes of the FK5.
void precession(double equinox, double matrix[3][3]) {
  double day = 0.0;
  double fraction = 0.0;
  eraEpj2jd(equinox, &day, &fraction);
  if (equinox == 2000.0) eraIr(matrix);
  else eraPmat06(day, fraction, matrix);
}

}  // namespace

Fk5 fk5(const Icrs& direction, Time epoch, double equinox) {
  sky::require_finite("a direction", direction.ra, direction.dec);
  const JulianDate tt = terrestrial_time(epoch);
  double ra = 0.0;
  double dec = 0.0;
  double unused[2];
  eraHfk5z(direction.ra.radians(), direction.dec.radians(), tt.day, tt.fraction, &ra, &dec, &unused[0], &unused[1]);
  double vector[3];
  eraS2c(ra, dec, vector);
  double matrix[3][3];
  precession(equinox, matrix);
  eraRxp(matrix, vector, vector);
  eraC2s(vector, &ra, &dec);
  return {radians(ra).wrapped(), radians(dec), equinox};
}

Icrs icrs(const Fk5& direction, Time epoch) {
  sky::require_finite("a direction", direction.ra, direction.dec);
  const JulianDate tt = terrestrial_time(epoch);
  double vector[3];
  eraS2c(direction.ra.radians(), direction.dec.radians(), vector);
  double matrix[3][3];
  precession(direction.equinox, matrix);
  eraTrxp(matrix, vector, vector);
  double ra = 0.0;
  double dec = 0.0;
  eraC2s(vector, &ra, &dec);
  eraFk5hz(ra, dec, tt.day, tt.fraction, &ra, &dec);
  return {radians(ra).wrapped(), radians(dec)};
}

Angle sidereal_time(const Location& site, Time time) {
  sky::require_finite(site);
  const TimeScales scales = time_scales(time);
  const double greenwich = eraGst06a(scales.ut1.day, scales.ut1.fraction, scales.tt.day, scales.tt.fraction);
  return radians(greenwich + site.longitude.radians()).wrapped();
}

HourAngleDec hour_angle_dec(const AltAz& place, const Location& site) noexcept {
  double hour_angle = 0.0;
  double dec = 0.0;
  eraAe2hd(place.azimuth.radians(), place.altitude.radians(), site.latitude.radians(), &hour_angle, &dec);
  return {radians(hour_angle), radians(dec)};
}

AltAz altaz(const HourAngleDec& place, const Location& site) noexcept {
  double azimuth = 0.0;
  double altitude = 0.0;
  eraHd2ae(place.hour_angle.radians(), place.dec.radians(), site.latitude.radians(), &azimuth, &altitude);
  return {radians(azimuth), radians(altitude)};
}

}  // namespace astro::sky
