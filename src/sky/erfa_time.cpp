// SPDX-License-Identifier: BSD-3-Clause
#include "erfa_time.hpp"

#include <erfa.h>

#include <cmath>

#include "astro/error.hpp"

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

TimeScales time_scales(Time time) {
  TimeScales scales;
  scales.utc = utc_of(time);
  JulianDate tai;
  eraUtctai(scales.utc.day, scales.utc.fraction, &tai.day, &tai.fraction);
  eraTaitt(tai.day, tai.fraction, &scales.tt.day, &scales.tt.fraction);
  eraUtcut1(scales.utc.day, scales.utc.fraction, 0.0, &scales.ut1.day, &scales.ut1.fraction);
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

}  // namespace astro::sky
