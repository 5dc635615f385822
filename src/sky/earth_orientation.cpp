// SPDX-License-Identifier: BSD-3-Clause
#include "astro/sky/earth_orientation.hpp"

#include <erfa.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <optional>
#include <sstream>

#include "astro/error.hpp"
#include "earth_orientation_use.hpp"

namespace astro::sky {

namespace {

constexpr double unix_epoch_mjd = 40587.0;

struct Row {
  int mjd = 0;
  double xp_arcsec = 0.0;
  double yp_arcsec = 0.0;
  double ut1_minus_utc_s = 0.0;
  bool measured = true;
};

std::optional<double> number(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\r')) text.remove_suffix(1);
  double value = 0.0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Columns counted from 1, both ends included, as the IERS describes its files.
std::optional<double> column(std::string_view line, std::size_t from, std::size_t to) {
  if (line.size() < from) return std::nullopt;
  return number(line.substr(from - 1, to - from + 1));
}

/// A line of finals2000A (readme.finals2000A); nothing where the predictions have ended.
std::optional<Row> finals_row(std::string_view line) {
  const auto mjd = column(line, 8, 15);
  const auto xp = column(line, 19, 27);
  const auto yp = column(line, 38, 46);
  const auto ut1 = column(line, 59, 68);
  if (!mjd || !xp || !yp || !ut1) return std::nullopt;
  const auto final_xp = column(line, 135, 144);
  const auto final_yp = column(line, 145, 154);
  const auto final_ut1 = column(line, 155, 165);
  return Row{static_cast<int>(*mjd), final_xp.value_or(*xp), final_yp.value_or(*yp), final_ut1.value_or(*ut1),
             line[57] == 'I'};
}

std::vector<double> numbers_of(std::string_view line) {
  std::vector<double> made;
  while (true) {
    const auto begin = line.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) return made;
    line.remove_prefix(begin);
    const std::string_view word = line.substr(0, line.find_first_of(" \t\r"));
    const auto value = number(word);
    if (!value) return {};
    made.push_back(*value);
    line.remove_prefix(word.size());
  }
}

/// A line of EOP C04: year, month, day, in 20 C04 the hour, MJD, x, y, UT1 - UTC.
std::optional<Row> c04_row(std::string_view line) {
  const std::vector<double> numbers = numbers_of(line);
  if (numbers.size() < 8) return std::nullopt;
  const std::size_t at = numbers[3] < 24.0 ? 4 : 3;
  return Row{static_cast<int>(numbers[at]), numbers[at + 1], numbers[at + 2], numbers[at + 3], true};
}

/// C04 writes the year with four digits, finals with two.
bool is_c04(std::string_view line) {
  const std::vector<double> numbers = numbers_of(line);
  return numbers.size() >= 8 && numbers[0] >= 1900.0 && numbers[0] < 2200.0 && numbers[1] <= 12.0;
}

double tai_minus_utc(int mjd) {
  int year = 0;
  int month = 0;
  int day = 0;
  double fraction = 0.0;
  double seconds = 0.0;
  eraJd2cal(2400000.5, mjd, &year, &month, &day, &fraction);
  eraDat(year, month, day, 0.0, &seconds);
  return seconds;
}

Time midnight(int mjd) { return Time(std::chrono::days(mjd - static_cast<int>(unix_epoch_mjd))); }

[[noreturn]] void refuse_table(const std::string& name, std::size_t line, const std::string& why) {
  throw Error(ErrorCode::invalid_file, "reading Earth orientation from " + name + ", line " + std::to_string(line) +
                                           ": " + why +
                                           "; expected finals2000A.all, finals.data or EOP C04 of the IERS");
}

bool is_plausible(const Row& row) {
  return std::abs(row.ut1_minus_utc_s) < 1.0 && std::abs(row.xp_arcsec) < 2.0 && std::abs(row.yp_arcsec) < 2.0;
}

}  // namespace

EarthOrientation EarthOrientation::parse(std::string_view text, const std::string& name) {
  EarthOrientation made;
  std::optional<bool> c04;
  int last_mjd = 0;
  for (std::size_t line_number = 1; !text.empty(); ++line_number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos || line.starts_with('#')) continue;
    if (!c04) {
      c04 = is_c04(line);
      // The older C04 begins with a title.
      if (!*c04 && !finals_row(line)) {
        c04.reset();
        if (line_number < 30) continue;
      }
    }
    if (!c04) refuse_table(name, line_number, "this is no line of a table of Earth orientation");
    const auto row = *c04 ? c04_row(line) : finals_row(line);
    if (!row && !*c04) break;  // nothing is predicted any more
    if (!row || !is_plausible(*row)) refuse_table(name, line_number, "its values are no Earth orientation");
    if (!made.days_.empty() && row->mjd != last_mjd + 1) {
      refuse_table(name, line_number,
                   "MJD " + std::to_string(row->mjd) + " does not follow " + std::to_string(last_mjd));
    }
    last_mjd = row->mjd;
    if (made.days_.empty()) made.first_ = midnight(row->mjd);
    if (row->measured) made.last_measured_ = midnight(row->mjd);
    made.days_.push_back({row->ut1_minus_utc_s - tai_minus_utc(row->mjd), arcseconds(row->xp_arcsec).radians(),
                          arcseconds(row->yp_arcsec).radians()});
  }
  if (made.days_.size() < 2) refuse_table(name, 1, "it has no two days");
  made.last_ = midnight(last_mjd);
  return made;
}

EarthOrientation EarthOrientation::read(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    throw Error(ErrorCode::not_found, "reading Earth orientation: cannot open " + file.string() +
                                          "; the IERS offers finals2000A.all and EOP C04 for download");
  }
  std::ostringstream text;
  text << stream.rdbuf();
  return parse(text.view(), file.string());
}

EarthOrientationValues EarthOrientation::at(Time time) const noexcept {
  if (time < first_) return {};
  const double days = seconds(std::min(time, last_) - first_) / 86400.0;
  const auto index = std::min(static_cast<std::size_t>(days), days_.size() - 2);
  const double part = days - static_cast<double>(index);
  const Day& a = days_[index];
  const Day& b = days_[index + 1];
  const auto between = [part](double from, double to) { return from + part * (to - from); };
  const int mjd = static_cast<int>(std::floor(seconds(time.time_since_epoch()) / 86400.0 + unix_epoch_mjd));
  // After the table it is UT1 - UTC that stays: leap seconds are there to keep it small.
  const int mjd_of_tai =
      time > last_ ? static_cast<int>(seconds(last_.time_since_epoch()) / 86400.0 + unix_epoch_mjd) : mjd;
  return {between(a.ut1_minus_tai_s, b.ut1_minus_tai_s) + tai_minus_utc(mjd_of_tai),
          radians(between(a.xp_rad, b.xp_rad)), radians(between(a.yp_rad, b.yp_rad))};
}

namespace {

struct Current {
  std::mutex mutex;
  std::shared_ptr<const EarthOrientation> table;
};
Current& current() {
  static Current made;
  return made;
}
// Whether a warning was given for the table now set; changed without the mutex, since a second
// warning would do no harm.
std::atomic<bool> warned = false;
std::atomic<void (*)(const std::string&)> listener_of_warnings = nullptr;

std::string text_of(const char* format, double number) {
  char made[160];
  std::snprintf(made, sizeof made, format, number);
  return made;
}

}  // namespace

void set_earth_orientation(std::shared_ptr<const EarthOrientation> table) {
  const std::lock_guard lock(current().mutex);
  current().table.swap(table);
  warned = false;
}

std::shared_ptr<const EarthOrientation> earth_orientation() {
  const std::lock_guard lock(current().mutex);
  return current().table;
}

void use_earth_orientation(const std::filesystem::path& file) {
  set_earth_orientation(std::make_shared<const EarthOrientation>(EarthOrientation::read(file)));
}

std::string orientation_warning(const EarthOrientation* table, Time time) {
  if (table == nullptr) {
    return "no Earth orientation is set: UT1 is taken as UTC, and places in azimuth and altitude are off by up to "
           "14 arcsec; read a file of the IERS (finals2000A.all) to have them to a milliarcsecond";
  }
  if (time < table->first()) {
    return "the table of Earth orientation begins only on " + format_time(table->first(), 0).substr(0, 10) +
           ": before it UT1 is taken as UTC, and places in azimuth and altitude are off by up to 14 arcsec";
  }
  if (time <= table->last()) return {};
  // A day lasts 86400 s plus up to 3 ms, mostly less than 1.5 (IERS EOP C04); 15.04 arcsec a second.
  const double days = seconds(time - table->last()) / 86400.0;
  return "the table of Earth orientation ended on " + format_time(table->last(), 0).substr(0, 10) +
         ": its last values are used, and places in azimuth and altitude are off by up to " +
         text_of("%.2g arcsec", std::min(days * 1.5e-3 * 15.04, 27.0) + 0.05) + "; read a newer file of the IERS";
}

std::string earth_orientation_warning(Time time) { return orientation_warning(earth_orientation().get(), time); }

void warn_once(const EarthOrientation* table, Time time) {
  if (table != nullptr && time >= table->first() && time <= table->last()) return;
  if (warned.exchange(true)) return;
  if (auto* const listener = listener_of_warnings.load()) listener(orientation_warning(table, time));
}

void set_earth_orientation_listener(void (*listener)(const std::string&)) noexcept { listener_of_warnings = listener; }

}  // namespace astro::sky
