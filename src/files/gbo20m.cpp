// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>

#include "astro/error.hpp"
#include "astro/files/sdfits.hpp"
#include "files/fail.hpp"
#include "files/header.hpp"
#include "files/lines.hpp"
#include "text.hpp"

namespace astro::files {
namespace {

constexpr std::uintmax_t most_bytes = 64U << 20;
constexpr std::size_t most_gbo_channels = 1U << 20;
constexpr double hertz_per_megahertz = 1e6;
/// The file writes frequencies with five digits of a megahertz.
constexpr double rounding_hz = 10.0;

/// Where the 20 metre telescope of Green Bank stands; the files do not say it. From its geocentric
/// place as station NRAO20 of geodetic VLBI, which is within metres: far less than a velocity feels.
Location site_of_the_20m() { return {degrees(38.43685), degrees(-79.82552), 806.6}; }

/// Frequency, XX, YY of the first band, then of the second.
constexpr std::size_t columns = 6;
using Row = std::array<double, columns>;

struct Contents {
  Header header;
  std::vector<Row> rows;
};

Contents parse(const std::filesystem::path& file) {
  const std::string content = read_text(file, most_bytes);
  Contents result{Header(file), {}};
  Lines lines(file, content);
  while (const auto line = lines.next()) {
    if (line->empty()) continue;
    if (line->front() == '#') {
      result.header.add_line(line->substr(1), lines.number());
      continue;
    }
    Row row{};
    if (!numbers_of(*line, row)) {
      lines.fail("expected six numbers: frequency, XX and YY of one band, and of the other");
    }
    if (result.rows.size() == most_gbo_channels) lines.fail("there are more than 2^20 channels");
    result.rows.push_back(row);
  }
  return result;
}

/// The axis in a column of frequencies, which descend.
FrequencyAxis axis_of(const Contents& contents, std::size_t column) {
  const auto& rows = contents.rows;
  const auto& file = contents.header.file();
  if (rows.size() < 2) fail(file, "after its header", "there are not even two channels; the file is truncated");
  const double first = rows.front()[column] * hertz_per_megahertz;
  const double step = (rows.back()[column] * hertz_per_megahertz - first) / static_cast<double>(rows.size() - 1);
  if (!(step < 0.0)) fail(file, "column " + std::to_string(column + 1), "expected frequencies that descend");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (std::abs(first + step * static_cast<double>(i) - rows[i][column] * hertz_per_megahertz) <= rounding_hz)
      continue;
    fail(file, "channel " + std::to_string(i), "the frequencies are not evenly spaced; a line is missing or doubled");
  }
  return {hertz(first + step * static_cast<double>(rows.size() - 1)), hertz(-step),
          static_cast<std::uint32_t>(rows.size())};
}

/// The file ends early when its last line is missing: the header says which channels it holds.
void check_count(const Contents& contents) {
  const Header& header = contents.header;
  const double expected =
      header.number("STOPCHAN", 0.0, most_gbo_channels) - header.number("STARTCHAN", 0.0, most_gbo_channels);
  if (static_cast<double>(contents.rows.size()) == expected) return;
  fail(header.file(), "after " + std::to_string(contents.rows.size()) + " channels",
       "STARTCHAN and STOPCHAN say " + text::of(expected) + "; the file is truncated");
}

Time start_of(const Header& header) {
  try {
    const Time time = parse_time(header.text("DATE_OBS"));
    if (is_plausible(time)) return time;
  } catch (const Error&) {
    if (!header.has("DATE_OBS")) fail(header.file(), "its header", "there is no line \"DATE_OBS=...\"");
  }
  header.refuse("DATE_OBS", "a time like 2026-02-19T10:21:45.000");
}

Spectrum empty_spectrum(const Contents& contents) {
  const Header& header = contents.header;
  Spectrum spectrum;
  spectrum.start = start_of(header);
  spectrum.duration = from_seconds(header.number("DURATION", 1e-3, 1e6));
  spectrum.exposure = from_seconds(header.number("EXPOSURE", 1e-3, 1e6));
  spectrum.mid = spectrum.start + spectrum.duration / 2;
  spectrum.samples = 1;
  spectrum.receiver = header.text("RECEIVER");
  Pointing& pointing = spectrum.pointing;
  pointing.direction = {degrees(header.number("RA(deg)", 0.0, 360.0)), degrees(header.number("DEC(deg)", -90.0, 90.0))};
  pointing.place = {degrees(header.number("AZIM(deg)", -360.0, 720.0)),
                    degrees(header.number("ELEV(deg)", -90.0, 180.0))};
  pointing.site = site_of_the_20m();
  pointing.known = true;
  return spectrum;
}

}  // namespace

std::vector<SdfitsRow> read_gbo20m(const std::filesystem::path& path) {
  const Contents contents = parse(path);
  check_count(contents);
  const Header& header = contents.header;
  std::vector<SdfitsRow> rows;
  for (int band = 0; band < 2; ++band) {
    const auto column = static_cast<std::size_t>(band) * 3;
    for (int polarisation = 0; polarisation < 2; ++polarisation) {
      SdfitsRow row;
      row.spectrum = empty_spectrum(contents);
      Spectrum& spectrum = row.spectrum;
      spectrum.axis = axis_of(contents, column);
      spectrum.effective_averages = spectrum.axis.step.hertz() * seconds(spectrum.exposure);
      const auto values = column + 1 + static_cast<std::size_t>(polarisation);
      for (auto each = contents.rows.rbegin(); each != contents.rows.rend(); ++each) {
        spectrum.power.push_back(static_cast<float>((*each)[values]));
      }
      spectrum.weight.assign(spectrum.power.size(), 1.0F);
      row.unit = "K";
      row.object = header.text("SRC_NAME");
      row.observer = header.text("OBSERVER");
      row.telescope = "GBO 20m";
      row.scan = static_cast<int>(header.number("SCANNUM", 0.0, 2e9));
      row.band = band;
      row.polarisation = polarisation;
      row.stokes = polarisation == 0 ? "XX" : "YY";
      row.descending = true;
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

}  // namespace astro::files
