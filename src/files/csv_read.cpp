// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <string>

#include "astro/error.hpp"
#include "astro/files/recordings.hpp"
#include "files/csv_readers.hpp"
#include "files/fail.hpp"
#include "files/frame_names.hpp"
#include "files/lines.hpp"
#include "text.hpp"

namespace astro::files {
namespace {

constexpr double most_seconds = 1e9;

/// The '#' lines before the headline, "name: value".
class Notes {
 public:
  void add(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    values_.try_emplace(std::string(text::trimmed(line.substr(0, colon))), text::trimmed(line.substr(colon + 1)));
  }
  std::string text(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? std::string() : found->second;
  }
  /// The number before a unit.
  std::optional<double> number(const std::string& name) const {
    const std::string value = text(name);
    const auto leading = text::leading_number(value);
    return leading && std::isfinite(leading->value) ? std::optional(leading->value) : std::nullopt;
  }
  std::optional<Time> time(const std::string& name, const Lines& lines) const {
    const std::string value = text(name);
    if (value.empty()) return std::nullopt;
    return checked_time(value, name, lines);
  }
  static Time checked_time(std::string_view value, const std::string& name, const Lines& lines) {
    try {
      const Time time = parse_time(value);
      if (is_plausible(time)) return time;
    } catch (const Error&) {}
    lines.fail(name + " is " + text::quoted(value) + ", expected a time like 2024-05-01T12:00:00Z");
  }

 private:
  std::map<std::string, std::string> values_;
};

Duration duration_of(double value, const Lines& lines) {
  if (!(value >= 0.0 && value <= most_seconds))
    lines.fail("an exposure is " + text::of(value) + ", expected seconds from 0 to 1e9");
  return from_seconds(value);
}

/// Site as `write_csv` notes it: "latitude 38 deg, longitude -79 deg, height 800 m".
std::optional<Location> site_of(const std::string& note) {
  const auto after = [&](std::string_view word) -> std::optional<double> {
    const std::size_t at = note.find(word);
    if (at == std::string::npos) return std::nullopt;
    const auto leading = text::leading_number(text::trimmed(std::string_view(note).substr(at + word.size())));
    return leading ? std::optional(leading->value) : std::nullopt;
  };
  const auto latitude = after("latitude ");
  const auto longitude = after("longitude ");
  if (!latitude || !longitude || std::abs(*latitude) > 90.0 || std::abs(*longitude) > 360.0) return std::nullopt;
  return Location{degrees(*latitude), degrees(*longitude), after("height ").value_or(0.0)};
}

Pointing pointing_of(const Notes& notes) {
  Pointing pointing;
  const auto ra = notes.number("ra_icrs");
  const auto dec = notes.number("dec_icrs");
  const auto site = site_of(notes.text("site"));
  if (!ra || !dec || !site || std::abs(*dec) > 90.0) return pointing;
  pointing.direction = {degrees(*ra), degrees(*dec)};
  pointing.place = {degrees(notes.number("azimuth").value_or(0.0)), degrees(notes.number("altitude").value_or(0.0))};
  pointing.site = *site;
  pointing.known = true;
  return pointing;
}

/// Evenly spaced, ascending, to a thousandth of the step.
FrequencyAxis axis_of(const std::vector<double>& frequencies, const Lines& lines) {
  if (frequencies.size() < 2 || frequencies.size() > most_csv_channels) lines.fail("expected 2 to 2^22 channels");
  const double step = (frequencies.back() - frequencies.front()) / static_cast<double>(frequencies.size() - 1);
  if (!(step > 0.0)) lines.fail("expected frequencies that ascend");
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    const double expected = frequencies.front() + step * static_cast<double>(i);
    if (std::abs(frequencies[i] - expected) > 1e-3 * step) {
      lines.fail("channel " + std::to_string(i) + " lies at " + text::of(frequencies[i]) + " Hz, expected " +
                 text::of(expected) + " (evenly spaced)");
    }
  }
  return {hertz(frequencies.front()), hertz(step), static_cast<std::uint32_t>(frequencies.size())};
}

double number_of(std::string_view field, const Lines& lines) {
  const auto value = text::number(field);
  if (!value || !std::isfinite(*value)) lines.fail("expected a number, not " + text::quoted(field));
  return *value;
}

/// An empty field: nothing is known of the channel.
void add_channel(Spectrum& spectrum, std::string_view field, const Lines& lines) {
  spectrum.power.push_back(field.empty() ? 0.0F : static_cast<float>(number_of(field, lines)));
  spectrum.weight.push_back(field.empty() ? 0.0F : 1.0F);
}

/// One spectrum, a channel a line.
Spectrum read_column_form(Lines& lines, const Notes& notes) {
  Spectrum spectrum;
  std::vector<double> frequencies;
  while (const auto line = lines.next()) {
    const auto fields = fields_of(*line);
    if (fields.size() != 5) lines.fail("expected five fields, as the headline has");
    frequencies.push_back(number_of(fields[0], lines));
    add_channel(spectrum, fields[2], lines);
    const double weight = number_of(fields[4], lines);
    spectrum.weight.back() *= weight >= 0.0 && weight <= 1.0 ? static_cast<float>(weight) : 0.0F;
  }
  spectrum.axis = axis_of(frequencies, lines);
  spectrum.start = notes.time("start_utc", lines).value_or(Time{});
  spectrum.exposure = spectrum.duration = duration_of(notes.number("exposure").value_or(0.0), lines);
  spectrum.mid = notes.time("mid_utc", lines).value_or(spectrum.start + spectrum.duration / 2);
  return spectrum;
}

/// Many, a spectrum a line.
std::vector<Spectrum> read_table_form(Lines& lines, std::string_view headline) {
  const auto names = fields_of(headline);
  std::vector<double> frequencies;
  for (std::size_t i = 2; i < names.size(); ++i) frequencies.push_back(number_of(names[i], lines));
  const FrequencyAxis axis = axis_of(frequencies, lines);
  std::vector<Spectrum> spectra;
  while (const auto line = lines.next()) {
    if (line->empty()) continue;
    const auto fields = fields_of(*line);
    if (fields.size() != names.size()) {
      lines.fail("it has " + std::to_string(fields.size()) + " fields, expected " + std::to_string(names.size()) +
                 ", as the headline has");
    }
    Spectrum spectrum;
    spectrum.axis = axis;
    spectrum.start = Notes::checked_time(fields[0], "start_utc", lines);
    spectrum.exposure = spectrum.duration = duration_of(number_of(fields[1], lines), lines);
    spectrum.mid = spectrum.start + spectrum.duration / 2;
    for (std::size_t i = 2; i < fields.size(); ++i) add_channel(spectrum, fields[i], lines);
    spectra.push_back(std::move(spectrum));
  }
  return spectra;
}

void complete(SpectraFile& file, const Notes& notes) {
  file.object = notes.text("object");
  file.observer = notes.text("observer");
  file.telescope = notes.text("telescope");
  for (Spectrum& spectrum : file.spectra) {
    spectrum.effective_averages = spectrum.axis.step.hertz() * seconds(spectrum.exposure);
    spectrum.samples = 1;
    spectrum.receiver = notes.text("receiver");
    spectrum.pointing = pointing_of(notes);
  }
}

}  // namespace

SpectraFile read_csv(const std::filesystem::path& path) {
  const std::string content = read_text(path, most_csv_bytes);
  Lines lines(path, content);
  Notes notes;
  SpectraFile file;
  auto line = lines.next();
  for (; line && (line->empty() || line->front() == '#'); line = lines.next()) {
    if (!line->empty()) notes.add(line->substr(1));
  }
  if (!line) fail(path, "there is no headline of columns");
  if (is_headline(*line)) {
    file.spectra.push_back(read_column_form(lines, notes));
    file.unit = "K";
  } else if (line->starts_with("start_utc,exposure_s,")) {
    file.spectra = read_table_form(lines, *line);
    file.unit = notes.text("unit");
  } else {
    lines.fail("expected the headline \"" + headline_of(sky::VelocityFrame::lsrk) +
               "\", or one that begins with start_utc,exposure_s");
  }
  if (file.spectra.empty()) fail(path, "after its headline", "there is no spectrum");
  complete(file, notes);
  const FrequencyAxis& axis = file.spectra.front().axis;
  file.bandwidth_hz = axis.step.hertz() * axis.channels;
  return file;
}

CsvKind kind_of_csv(const std::filesystem::path& path) {
  size_of_file(path, most_csv_bytes);
  std::ifstream stream(path, std::ios::binary);
  std::string start(64, '\0');
  stream.read(start.data(), static_cast<std::streamsize>(start.size()));
  const std::string_view line = std::string_view(start).substr(0, static_cast<std::size_t>(stream.gcount()));
  if (line.starts_with("Date Time,") || line.starts_with("Cal,Cal Temp,Date Time,")) return CsvKind::sdrangel;
  if (line.starts_with("#") || line.starts_with("frequency_hz,") || line.starts_with("start_utc,"))
    return CsvKind::ours;
  if (line.size() > 10 && line[4] == '-' && line[7] == '-') return CsvKind::rtl_power;
  return CsvKind::unknown;
}

}  // namespace astro::files
