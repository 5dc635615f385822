// SPDX-License-Identifier: BSD-3-Clause
#include "erfa_time.hpp"

#include <erfa.h>

#include <cmath>

#include "astro/error.hpp"
#include "earth_orientation_use.hpp"

namespace astro::sky {

namespace {

JulianDate utc_of(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const auto of_day = time - day;
  const auto minutes = std::chrono::floor<std::chrono::minutes>(of_day);
  const auto minute = static_cast<int>(minutes.count());
  JulianDate utc;
  const int status =
      eraDtf2d("UTC", static_cast<int>(date.year()), static_cast<int>(static_cast<unsigned>(date.month())),
               static_cast<int>(static_cast<unsigned>(date.day())), minute / 60, minute % 60, seconds(of_day - minutes),
               &utc.day, &utc.fraction);
  // Positive: a year before UTC began or so far ahead that its leap seconds are not known; still usable.
  if (status < 0) {
    throw Error(ErrorCode::invalid_argument, "sky position at " + format_time(time) + ": ERFA does not know this date");
  }
  return utc;
}

}  // namespace

TimeScales time_scales(Time time) { return time_scales(time, earth_orientation().get()); }

JulianDate terrestrial_time(Time time) {
  const JulianDate utc = utc_of(time);
  JulianDate tai;
  JulianDate tt;
  eraUtctai(utc.day, utc.fraction, &tai.day, &tai.fraction);
  eraTaitt(tai.day, tai.fraction, &tt.day, &tt.fraction);
  return tt;
}

TimeScales time_scales(Time time, const EarthOrientation* table) {
  warn_once(table, time);
  TimeScales scales;
  if (table != nullptr) scales.orientation = table->at(time);
  scales.utc = utc_of(time);
  JulianDate tai;
  eraUtctai(scales.utc.day, scales.utc.fraction, &tai.day, &tai.fraction);
  eraTaitt(tai.day, tai.fraction, &scales.tt.day, &scales.tt.fraction);
  eraUtcut1(scales.utc.day, scales.utc.fraction, scales.orientation.ut1_minus_utc_s, &scales.ut1.day,
            &scales.ut1.fraction);
  return scales;
}

void require_finite(const char* what, Angle longitude, Angle latitude) {
  if (std::isfinite(longitude.radians()) && std::isfinite(latitude.radians())) return;
  throw Error(ErrorCode::invalid_argument, std::string(what) + ": its angles must be finite numbers");
}

void require_finite(const Location& site) {
  require_finite("the site's location", site.longitude, site.latitude);
  if (std::isfinite(site.height_m)) return;
  throw Error(ErrorCode::invalid_argument, "the site's location: its height must be a finite number of metres");
}

void require_finite(const Weather& weather) {
  const bool finite = std::isfinite(weather.pressure_hpa) && std::isfinite(weather.temperature_c) &&
                      std::isfinite(weather.humidity) && std::isfinite(weather.wavelength_um);
  if (!finite) throw Error(ErrorCode::invalid_argument, "the weather for refraction: expected finite numbers");
}

}  // namespace astro::sky
