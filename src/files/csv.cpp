// SPDX-License-Identifier: BSD-3-Clause
#include <array>
#include <charconv>
#include <cmath>
#include <string>

#include "astro/error.hpp"
#include "astro/files/export.hpp"
#include "files/frame_names.hpp"
#include "files/software.hpp"
#include "text.hpp"

namespace astro::files {
namespace {

void add_note(std::string& csv, const char* name, const std::string& value) {
  if (value.empty()) return;
  std::string line = value;
  for (char& letter : line) {
    if (letter == '\n' || letter == '\r') letter = ' ';  // a note is one line
  }
  csv += std::string("# ") + name + ": " + line + "\n";
}

std::string angle(Angle value) { return text::of(value.degrees()) + " deg"; }

void add_place(std::string& csv, const Pointing& pointing) {
  if (!pointing.known) return;
  add_note(csv, "ra_icrs", angle(pointing.direction.ra.wrapped()));
  add_note(csv, "dec_icrs", angle(pointing.direction.dec));
  add_note(csv, "azimuth", angle(pointing.place.azimuth));
  add_note(csv, "altitude", angle(pointing.place.altitude));
  add_note(csv, "site",
           "latitude " + angle(pointing.site.latitude) + ", longitude " + angle(pointing.site.longitude) + ", height " +
               text::of(pointing.site.height_m) + " m");
}

void add_notes(std::string& csv, const CalibratedSpectrum& spectrum, const Provenance& provenance) {
  add_note(csv, "object", provenance.object);
  add_note(csv, "observer", provenance.observer);
  add_note(csv, "telescope", provenance.telescope);
  add_note(csv, "instrument", provenance.instrument);
  add_note(csv, "observation", provenance.observation_id);
  add_note(csv, "software", software_of(provenance));
  if (!provenance.settings.empty()) add_note(csv, "settings", provenance.settings);
  if (!provenance.calibration.empty()) add_note(csv, "calibration", provenance.calibration);
  add_note(csv, "receiver", spectrum.receiver);
  add_note(csv, "start_utc", format_time(spectrum.start, 6));
  add_note(csv, "mid_utc", format_time(spectrum.mid, 6));
  add_note(csv, "exposure", text::of(seconds(spectrum.exposure)) + " s");
  add_place(csv, spectrum.pointing);
  add_note(csv, "rest_frequency", text::of(spectrum.rest.hertz()) + " Hz");
  add_note(csv, "tsys", text::of(spectrum.tsys_k) + " K");
  add_note(csv, "receiver_temperature", text::of(spectrum.receiver_k) + " K");
  add_note(csv, "samples_lost", std::to_string(spectrum.samples_lost));
}

/// An empty field stands for what is not known.
std::string field(double value) { return std::isfinite(value) ? text::of(value) : std::string(); }

/// The shortest text that reads back to the same float: std::to_chars goes by the type (and snprintf
/// by the locale, which may write a comma).
std::string field(float value) {
  if (!std::isfinite(value)) return {};
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

void check_table(const SpectraFile& file) {
  if (file.spectra.empty()) throw Error(ErrorCode::invalid_argument, "writing CSV: there is no spectrum to write");
  const FrequencyAxis& axis = file.spectra.front().axis;
  for (std::size_t i = 0; i < file.spectra.size(); ++i) {
    const Spectrum& spectrum = file.spectra[i];
    if (spectrum.axis == axis && spectrum.power.size() == axis.channels && spectrum.weight.size() == axis.channels)
      continue;
    throw Error(ErrorCode::invalid_argument, "writing CSV: spectrum " + std::to_string(i) +
                                                 " has another frequency axis than the first, or is not whole; one "
                                                 "table has one axis");
  }
}

std::string table_row(const Spectrum& spectrum) {
  std::string row = format_time(spectrum.start, 9) + "," + text::of(seconds(spectrum.exposure));
  for (std::size_t i = 0; i < spectrum.power.size(); ++i) {
    row += ",";
    if (spectrum.weight[i] > 0.0F) row += field(spectrum.power[i]);
  }
  return row + "\n";
}

}  // namespace

void write_csv(const std::filesystem::path& path, const SpectraFile& file) {
  check_table(file);
  const Spectrum& first = file.spectra.front();
  std::string csv;
  add_note(csv, "object", file.object);
  add_note(csv, "observer", file.observer);
  add_note(csv, "telescope", file.telescope);
  add_note(csv, "software", software_of({}));
  add_note(csv, "receiver", first.receiver);
  add_note(csv, "unit", file.unit);
  add_place(csv, first.pointing);
  csv += "start_utc,exposure_s";
  for (std::uint32_t i = 0; i < first.axis.channels; ++i) csv += "," + text::of(first.axis.at(i).hertz());
  csv += "\n";
  for (const Spectrum& spectrum : file.spectra) csv += table_row(spectrum);
  write_whole(path, std::as_bytes(std::span(csv)));
}

void write_csv(const std::filesystem::path& path, const CalibratedSpectrum& spectrum, const Provenance& provenance) {
  check_whole(spectrum);
  std::string csv;
  add_notes(csv, spectrum, provenance);
  csv += headline_of(spectrum.velocity_frame) + "\n";
  const bool known = spectrum.pointing.known || spectrum.velocity_frame == sky::VelocityFrame::topo;
  const std::vector<double> velocities =
      known ? spectrum.velocities_km_s() : std::vector<double>(spectrum.axis.channels, NAN);
  for (std::size_t i = 0; i < spectrum.axis.channels; ++i) {
    csv += field(spectrum.axis.at(static_cast<double>(i)).hertz()) + "," + field(velocities[i]) + "," +
           field(spectrum.temperature_k[i]) + "," + field(spectrum.sigma_k[i]) + "," + field(spectrum.weight[i]) + "\n";
  }
  write_whole(path, std::as_bytes(std::span(csv)));
}

}  // namespace astro::files
