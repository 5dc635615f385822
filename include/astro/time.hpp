// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "astro/export.hpp"

namespace astro {

using Duration = std::chrono::nanoseconds;

/// An instant in UTC, to the nanosecond, 1677 to 2262. Leap seconds are not counted, as in POSIX;
/// UT1, TAI and TT live beside ERFA inside the library.
using Time = std::chrono::sys_time<Duration>;

/// Seconds as a number, for arithmetic and printing.
constexpr double seconds(Duration duration) noexcept { return std::chrono::duration<double>(duration).count(); }

/// A duration from a number of seconds, rounded to the nanosecond; throws `invalid_argument` when
/// it is not finite or beyond 292 years.
ASTRO_API Duration from_seconds(double value);

/// Reads ISO 8601: "2021-02-10T07:57:41", with a fraction, "Z" or "+01:00"; a blank instead of the
/// T; a date alone is its midnight. Without an offset it is UTC. Throws `invalid_argument`.
ASTRO_API Time parse_time(std::string_view text);

/// Writes "2021-02-10T07:57:41.000Z", with 0 to 9 digits of a second.
ASTRO_API std::string format_time(Time time, int digits = 3);

/// Modified Julian Date in UTC (JD - 2400000.5), as FITS writes it. A double keeps it to about 1 us.
ASTRO_API double mjd(Time time) noexcept;
ASTRO_API Time from_mjd(double mjd);

}  // namespace astro
