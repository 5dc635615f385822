// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <string_view>

#include "astro/error.hpp"
#include "astro/files/recordings.hpp"
#include "astro/sky/frames.hpp"
#include "files/fail.hpp"
#include "files/header.hpp"
#include "text.hpp"

namespace astro::files {
namespace {

constexpr std::uintmax_t most_horn_bytes = 64U << 20;
constexpr std::size_t most_horn_channels = 1U << 20;
/// The file writes frequencies in whole hertz.
constexpr double horn_rounding_hz = 1.0;

struct HornRow {
  double frequency_hz;
  double counts;
};

struct HornContents {
  Header header;
  std::vector<HornRow> rows;
};

/// The next number of a line, which loses it.
std::optional<double> take_number(std::string_view& line) {
  line = text::trimmed(line);
  const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
  const auto value = text::number(line.substr(0, end));
  line.remove_prefix(end);
  return value;
}

HornRow parse_row(const std::filesystem::path& file, std::string_view line, std::size_t number, std::size_t channel) {
  const std::string where = "line " + std::to_string(number);
  const auto index = take_number(line);
  const auto frequency = take_number(line);
  const auto counts = take_number(line);
  if (!index || !frequency || !counts || !text::trimmed(line).empty()) {
    fail(file, where, "expected three numbers, \"channel frequency counts\"");
  }
  if (*index != static_cast<double>(channel)) {
    fail(file, where,
         "channel " + text::of(*index) + " stands where channel " + std::to_string(channel) +
             " was expected; a line is missing or doubled");
  }
  return {*frequency, *counts};
}

HornContents parse_horn(const std::filesystem::path& file) {
  const std::string content = read_text(file, most_horn_bytes);
  HornContents result{Header(file), {}};
  std::string_view left = content;
  for (std::size_t number = 1; !left.empty(); ++number) {
    const std::size_t end = left.find('\n');
    if (end == std::string_view::npos) {
      fail(file, "line " + std::to_string(number), "it breaks off without the end of a line; the file is truncated");
    }
    const std::string_view line = text::trimmed(left.substr(0, end));
    left.remove_prefix(end + 1);
    if (line.empty()) continue;
    if (line.front() == '#') result.header.add_line(line.substr(1), number);
    else result.rows.push_back(parse_row(file, line, number, result.rows.size()));
  }
  return result;
}

FrequencyAxis axis_of(const HornContents& contents) {
  const auto& rows = contents.rows;
  const std::size_t expected = contents.header.count("NCHAN", most_horn_channels);
  if (rows.size() != expected) {
    fail(contents.header.file(), "after " + std::to_string(rows.size()) + " channels",
         "NCHAN says " + std::to_string(expected) + "; the file is truncated or not of this format");
  }
  const double first = rows.front().frequency_hz;
  const double step = (rows.back().frequency_hz - first) / static_cast<double>(rows.size() - 1);
  if (!(step > 0.0)) fail(contents.header.file(), "the frequencies do not ascend");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (std::abs(first + step * static_cast<double>(i) - rows[i].frequency_hz) <= horn_rounding_hz) continue;
    fail(contents.header.file(), "channel " + std::to_string(i), "the frequencies are not evenly spaced");
  }
  return {hertz(first), hertz(step), static_cast<std::uint32_t>(rows.size())};
}

Time middle_of(const Header& header) {
  const std::string utc = header.text("UTC");
  try {
    const Time time = parse_time(utc);
    if (is_plausible(time)) return time;
  } catch (const Error&) {
    if (!header.has("UTC")) fail(header.file(), "its header", "there is no line \"UTC = ...\"");
  }
  header.refuse("UTC", "a time like 2018-11-01 05:01:00.162408");
}

/// From the axes, the time and the site: see the header file for why RA and DEC are not read. The
/// programs that write this format leave the height out in places.
Pointing pointing_of(const Header& header, Time mid) {
  Pointing pointing;
  pointing.place = {degrees(header.number("AZ", -360.0, 720.0)), degrees(header.number("EL", -90.0, 180.0))};
  pointing.site = {degrees(header.degrees("TELLAT", 90.0)), degrees(header.degrees("TELLON", 360.0)),
                   header.number_or("TELELEV", 0.0)};
  pointing.direction = sky::icrs(pointing.place, pointing.site, mid);
  pointing.known = true;
  return pointing;
}

/// The back end made NAVE times NMEDIAN transforms, which can be fewer than the time would hold.
double averages_of(const Header& header, const Spectrum& spectrum) {
  const double possible = spectrum.axis.step.hertz() * seconds(spectrum.exposure);
  const double made = header.number_or("NAVE", 0.0) * std::max(1.0, header.number_or("NMEDIAN", 1.0));
  return made > 0.0 ? std::min(possible, made) : possible;
}

}  // namespace

SpectraFile read_horn(const std::filesystem::path& path) {
  const HornContents contents = parse_horn(path);
  const Header& header = contents.header;
  Spectrum spectrum;
  spectrum.axis = axis_of(contents);
  for (const HornRow& row : contents.rows) spectrum.power.push_back(static_cast<float>(row.counts));
  spectrum.weight.assign(spectrum.power.size(), 1.0F);
  spectrum.duration = spectrum.exposure = from_seconds(header.number("Duration", 1e-6, 1e7));
  spectrum.mid = middle_of(header);  // the writer stamps the middle of the integration
  spectrum.start = spectrum.mid - spectrum.duration / 2;
  spectrum.samples = 1;
  spectrum.effective_averages = averages_of(header, spectrum);
  spectrum.pointing = pointing_of(header, spectrum.mid);

  SpectraFile result;
  result.bandwidth_hz = header.number("Bandwidth", 1.0, 1e12);
  result.observer = header.text("OBSERVER");
  result.telescope = header.text("SITE");
  result.gain_db = header.number_or("GAIN1", 0.0);
  spectrum.receiver = header.text("DEVICE");
  result.spectra.push_back(std::move(spectrum));
  return result;
}

}  // namespace astro::files
