// SPDX-License-Identifier: BSD-3-Clause
#include "astro/time.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>

#include "astro/error.hpp"
#include "text.hpp"

namespace astro {

namespace {

using std::chrono::days;
using std::chrono::sys_days;

constexpr std::int64_t nanoseconds_a_second = 1'000'000'000;
constexpr double mjd_of_1970 = 40587.0;

/// Reads one piece after the other and remembers nothing but where it is.
class Cursor {
 public:
  explicit Cursor(std::string_view text) noexcept : text_(text) {}

  bool at_end() const noexcept { return text_.empty(); }
  char next() const noexcept { return text_.empty() ? '\0' : text_.front(); }
  bool take(char c) noexcept {
    if (next() != c || text_.empty()) return false;
    text_.remove_prefix(1);
    return true;
  }
  std::optional<int> digits(std::size_t count) noexcept {
    if (text_.size() < count) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (text_[i] < '0' || text_[i] > '9') return std::nullopt;
      value = value * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(count);
    return value;
  }
  /// Digits of a fraction, as nanoseconds; those beyond the ninth are cut off.
  std::optional<std::int64_t> fraction() noexcept {
    std::int64_t value = 0;
    std::int64_t unit = nanoseconds_a_second;
    bool any = false;
    for (; next() >= '0' && next() <= '9'; text_.remove_prefix(1)) {
      any = true;
      unit /= 10;
      value += unit * (next() - '0');
    }
    return any ? std::optional(value) : std::nullopt;
  }

 private:
  std::string_view text_;
};

struct Instant {
  std::int64_t seconds = 0;  // since 1970
  std::int64_t nanoseconds = 0;
};

std::optional<std::int64_t> read_date(Cursor& cursor) noexcept {
  const auto year = cursor.digits(4);
  if (!year || !cursor.take('-')) return std::nullopt;
  const auto month = cursor.digits(2);
  if (!month || !cursor.take('-')) return std::nullopt;
  const auto day = cursor.digits(2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return sys_days(date).time_since_epoch().count() * std::int64_t{86400};
}

bool read_clock(Cursor& cursor, Instant& instant) noexcept {
  const auto hour = cursor.digits(2);
  if (!hour || *hour > 23 || !cursor.take(':')) return false;
  const auto minute = cursor.digits(2);
  if (!minute || *minute > 59) return false;
  int second = 0;
  if (cursor.take(':')) {
    const auto read = cursor.digits(2);
    const bool leap = read && *read == 60 && *hour == 23 && *minute == 59;  // as POSIX: the next second
    if (!read || (*read > 59 && !leap)) return false;
    second = *read;
    if (cursor.take('.') || cursor.take(',')) {
      const auto fraction = cursor.fraction();
      if (!fraction) return false;
      instant.nanoseconds = *fraction;
    }
  }
  instant.seconds += *hour * 3600 + *minute * 60 + second;
  return true;
}

bool read_offset(Cursor& cursor, Instant& instant) noexcept {
  if (cursor.at_end() || cursor.take('Z') || cursor.take('z')) return cursor.at_end();
  const bool east = cursor.next() == '+';
  if (!cursor.take('+') && !cursor.take('-')) return false;
  const auto hour = cursor.digits(2);
  if (!hour || *hour > 23) return false;
  cursor.take(':');
  const auto minute = cursor.at_end() ? std::optional(0) : cursor.digits(2);
  if (!minute || *minute > 59 || !cursor.at_end()) return false;
  const int offset = *hour * 3600 + *minute * 60;
  instant.seconds -= east ? offset : -offset;
  return true;
}

std::optional<Instant> read_instant(std::string_view text) noexcept {
  Cursor cursor(text);
  const auto date = read_date(cursor);
  if (!date) return std::nullopt;
  Instant instant{*date, 0};
  if (cursor.at_end()) return instant;
  if (!cursor.take('T') && !cursor.take('t') && !cursor.take(' ')) return std::nullopt;
  if (!read_clock(cursor, instant) || !read_offset(cursor, instant)) return std::nullopt;
  return instant;
}

/// One day inside what 64 bits of nanoseconds reach, so that no sum of its parts overflows.
bool is_representable(std::int64_t seconds) noexcept {
  constexpr std::int64_t reach = INT64_MAX / nanoseconds_a_second - 86400;
  return seconds > -reach && seconds < reach;
}

void put(char*& at, int value, int width) noexcept {
  for (int i = width - 1; i >= 0; --i, value /= 10) at[i] = static_cast<char>('0' + value % 10);
  at += width;
}

}  // namespace

Duration from_seconds(double value) {
  constexpr double reach = 9.2e9;  // seconds; 2^63 ns are 9.22e9 s
  if (!(std::abs(value) < reach)) {
    throw Error(ErrorCode::invalid_argument,
                "a duration of " + text::of(value) + " s: expected a finite number of seconds within 292 years");
  }
  // The product has more digits than a double: 0.1 s must be 100000000 ns, and 1e9 s must stay exact.
  return Duration(std::llround(static_cast<long double>(value) * 1e9L));
}

Time parse_time(std::string_view text) {
  const auto instant = read_instant(text::trimmed(text));
  if (!instant) {
    throw Error(ErrorCode::invalid_argument,
                "reading the time " + text::quoted(text) + ": expected ISO 8601 such as \"2021-02-10T07:57:41Z\"");
  }
  if (!is_representable(instant->seconds)) {
    throw Error(ErrorCode::invalid_argument,
                "reading the time " + text::quoted(text) + ": expected a year from 1678 to 2261");
  }
  return Time(Duration(instant->seconds * nanoseconds_a_second + instant->nanoseconds));
}

std::string format_time(Time time, int digits) {
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date(day);
  std::int64_t rest = (time - day).count();
  const auto second_of_day = static_cast<int>(rest / nanoseconds_a_second);
  rest %= nanoseconds_a_second;

  std::array<char, 40> buffer;
  char* at = buffer.data();
  put(at, static_cast<int>(date.year()), 4);
  *at++ = '-';
  put(at, static_cast<int>(static_cast<unsigned>(date.month())), 2);
  *at++ = '-';
  put(at, static_cast<int>(static_cast<unsigned>(date.day())), 2);
  *at++ = 'T';
  put(at, second_of_day / 3600, 2);
  *at++ = ':';
  put(at, second_of_day / 60 % 60, 2);
  *at++ = ':';
  put(at, second_of_day % 60, 2);
  if (digits > 0) {
    *at++ = '.';
    const int width = digits < 9 ? digits : 9;
    for (int i = width; i < 9; ++i) rest /= 10;
    put(at, static_cast<int>(rest), width);
  }
  *at++ = 'Z';
  return {buffer.data(), at};
}

double mjd(Time time) noexcept {
  const auto day = std::chrono::floor<days>(time);
  const double fraction = static_cast<double>((time - day).count()) / 86400e9;
  return mjd_of_1970 + static_cast<double>(day.time_since_epoch().count()) + fraction;
}

Time from_mjd(double mjd) {
  const double whole = std::floor(mjd);
  const double since_1970 = whole - mjd_of_1970;
  if (!std::isfinite(mjd) || !is_representable(static_cast<std::int64_t>(std::clamp(since_1970, -2e5, 2e5)) * 86400)) {
    throw Error(ErrorCode::invalid_argument,
                "the modified Julian date " + text::of(mjd) + ": expected one of the years 1678 to 2261");
  }
  const auto day = Time(days(static_cast<std::int64_t>(since_1970)));
  return day + Duration(std::llround(static_cast<long double>(mjd - whole) * 86400e9L));
}

}  // namespace astro
