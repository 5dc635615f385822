// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "astro/coordinates.hpp"
#include "astro/sky/earth_orientation.hpp"
#include "astro/sky/frames.hpp"
#include "astro/time.hpp"

// The time scales that the formulas want, each as a Julian date in two parts: ERFA keeps its
// precision (well under a nanosecond) only while the parts are not added.
namespace astro::sky {

struct JulianDate {
  double day = 0.0;       ///< a whole or half number
  double fraction = 0.0;  ///< of the day
};

struct TimeScales {
  JulianDate utc;  ///< ERFA's quasi Julian date: a day with a leap second is longer
  JulianDate ut1;
  JulianDate tt;
  EarthOrientationValues orientation;
};

/// With the table that is set for the process, or with this one (none: UT1 is UTC). Throws
/// `invalid_argument` for what ERFA cannot convert.
TimeScales time_scales(Time time);
TimeScales time_scales(Time time, const EarthOrientation* table);
/// What needs no Earth orientation.
JulianDate terrestrial_time(Time time);

/// Throws `invalid_argument` unless all numbers are finite; `what` begins the message.
void require_finite(const Location& site);
void require_finite(const Weather& weather);
void require_finite(const char* what, Angle longitude, Angle latitude);

}  // namespace astro::sky
