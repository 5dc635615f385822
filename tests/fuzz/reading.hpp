// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "astro/files/alert.hpp"
#include "astro/files/cube.hpp"
#include "astro/files/export.hpp"
#include "astro/files/filterbank.hpp"
#include "astro/files/image.hpp"
#include "astro/files/recordings.hpp"
#include "astro/files/sdfits.hpp"
#include "astro/files/sigmf.hpp"
#include "astro/imaging/image.hpp"
#include "astro/imaging/wcs.hpp"
#include "astro/messaging/avro.hpp"
#include "astro/messaging/telescope.hpp"
#include "imaging/wcs_headers.hpp"
#include "testing/fits_text.hpp"

/// The readers of files and of messages by name, each fed with any content, and whole ones to begin with.
namespace astro::fuzz {

namespace fs = std::filesystem;

inline fs::path put(const fs::path& file, std::string_view content) {
  fs::remove(file);  // a file that is cut and written again is flushed by some file systems
  std::ofstream stream(file, std::ios::binary);
  stream.write(content.data(), static_cast<std::streamsize>(content.size()));
  if (!stream.flush()) throw std::runtime_error("cannot write " + file.string());
  return file;
}

inline std::string content_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

inline void drain(files::IqReader reader) {
  std::vector<std::byte> bytes(4096);
  while (reader.read(bytes) > 0) {}
}

inline void drain(files::FilterbankReader reader) {
  std::vector<float> numbers(std::min<std::uint64_t>(reader.info().spectra, 16) * reader.info().axis.channels);
  while (reader.read(numbers) > 0) {}
}

/// Of two files beside each other, what is before the first byte 255 is the one, and what is behind it
/// the other.
inline std::pair<std::string_view, std::string_view> halves(std::string_view content) {
  const std::size_t end = std::min(content.find('\xff'), content.size());
  return {content.substr(0, end), content.substr(std::min(end + 1, content.size()))};
}

/// A message, an alert and the cards of a header come from no file; of a file, what is wrong with it is said with its
/// name.
inline bool reads_messages(const std::string& reader) {
  return reader.starts_with("message_") || reader == "header_wcs" || reader == "alert";
}

inline std::span<const std::byte> bytes_of(std::string_view content) { return std::as_bytes(std::span(content)); }

inline const messaging::AvroCodec& commands() {
  static const messaging::AvroCodec codec(schema_of<messaging::TelescopeCommand>());
  return codec;
}

/// What was read can be written.
inline void read_message(const Value& record) {
  commands().encode(to_value(from_value<messaging::TelescopeCommand>(record)));
}

/// What was read can be looked at, and written.
inline void read_alerts(std::string_view content) {
  const files::AlertFile file = files::read_alerts(bytes_of(content));
  for (const Value& alert : file.alerts) {
    try {
      files::stamp_of(alert, files::AlertStamp::science);
    } catch (const Error&) {
      continue;  // an alert may have none, or a damaged one
    }
  }
  files::alert_bytes(file);
}

/// What was understood can be used, and written.
inline void read_wcs(std::string_view cards) {
  const imaging::Wcs wcs = imaging::Wcs::from_header(cards);
  const imaging::Wcs again = imaging::Wcs::from_header(wcs.header());
  for (const double x : {-1e9, -100.0, 0.0, 7.5, 1e4}) {
    if (const auto direction = again.sky(imaging::PixelPosition{x, 0.5 * x})) again.pixel(*direction);
  }
  again.pixel(Icrs{degrees(123), degrees(-45)});
  again.scale();
}

/// Writes the content into the folder and reads it; throws `astro::Error` where it is refused.
inline void read(const std::string& reader, std::string_view content, const fs::path& folder) {
  if (reader == "sdfits") files::read_sdfits(put(folder / "a.fits", content));
  if (reader == "cube") files::read_cube(put(folder / "a.fits", content));
  if (reader == "image") files::read_image(put(folder / "a.fits", content));
  if (reader == "filterbank") drain(files::FilterbankReader(files::inspect_filterbank(put(folder / "a.fil", content))));
  if (reader == "gbo20m") files::read_gbo20m(put(folder / "a.txt", content));
  if (reader == "horn") files::read_horn(put(folder / "a.ast", content));
  if (reader == "csv") files::read_spectra(put(folder / "a.csv", content));
  if (reader == "wav") drain(files::IqReader(files::inspect_iq(put(folder / "a.wav", content))));
  if (reader == "header_wcs") read_wcs(content);
  if (reader == "alert") read_alerts(content);
  if (reader == "message_json") read_message(parse_json(content));
  if (reader == "message_avro") read_message(commands().decode(bytes_of(content)));
  if (reader == "message_avro_of_others") {
    const auto [schema, body] = halves(content);
    read_message(commands().decode(bytes_of(body), std::string(schema)));
  }
  if (reader == "virgo") {
    const auto [header, data] = halves(content);
    put(folder / "a.header", header);
    files::read_virgo(put(folder / "a.dat", data));
  }
  if (reader == "sigmf") {
    put(folder / "a.sigmf-data", "01234567");
    const fs::path meta = put(folder / "a.sigmf-meta", content);
    files::read_sigmf(meta);
    drain(files::IqReader(files::inspect_iq(meta)));
  }
}

inline Spectrum small_spectrum() {
  Spectrum spectrum;
  spectrum.axis = {hertz(1.42e9), hertz(1000.0), 4};
  spectrum.power = {1.0F, 2.0F, 3.0F, 4.0F};
  spectrum.weight = {1.0F, 0.5F, 0.0F, 1.0F};
  spectrum.start = parse_time("2024-05-01T12:00:00");
  spectrum.duration = spectrum.exposure = from_seconds(2.0);
  spectrum.pointing = {.direction = {degrees(10), degrees(20)},
                       .place = {degrees(30), degrees(40)},
                       .site = {degrees(28), degrees(-16), 2390},
                       .known = true};
  return spectrum;
}

/// Written by our own writers, where there is one.
inline std::map<std::string, std::vector<std::string>> seeds(const fs::path& folder) {
  std::map<std::string, std::vector<std::string>> seeds;
  files::SdfitsRow row;
  row.spectrum = small_spectrum();
  row.stokes = "XX";
  row.more.set("BACKEND", "fft").set("PRESSURE", 900.5);
  files::write_sdfits(folder / "seed.fits", {row, row});
  seeds["sdfits"] = {content_of(folder / "seed.fits")};

  const files::WcsAxis right_ascension{.type = "RA---TAN", .unit = "deg", .reference_value = 10.0};
  const files::WcsAxis declination{.type = "DEC--TAN", .unit = "deg", .reference_value = 20.0};
  files::write_cube(folder / "cube.fits",
                    {.shape = {2, 2}, .pixels = {1, 2, 3, 4}, .wcs = {{right_ascension, declination}}});
  seeds["cube"] = {content_of(folder / "cube.fits")};

  imaging::Image image;
  image.pixels = imaging::Plane<float>(2, 3, 7.0F);
  image.variance = imaging::Plane<float>(2, 3, 4.0F);
  image.mask = imaging::Plane<std::uint16_t>(2, 3, 1);
  image.exposure = from_seconds(30.0);
  image.mid = parse_time("2024-05-01T12:00:00");
  files::write_image(folder / "image.fits", image);
  seeds["image"] = {content_of(folder / "image.fits"), testing::compressed_image()};

  files::FilterbankInfo info;
  info.axis = row.spectrum.axis;
  info.period = from_seconds(1e-3);
  info.bits = 8;
  info.direction = Icrs{degrees(10), degrees(20)};
  files::write_filterbank(folder / "seed.fil", info, std::vector<float>(32, 3.0F));
  seeds["filterbank"] = {content_of(folder / "seed.fil")};

  files::write_csv(folder / "seed.csv", files::SpectraFile{.spectra = {row.spectrum, row.spectrum}});
  seeds["csv"] = {content_of(folder / "seed.csv"),
                  "2024-05-01, 12:00:00, 1000, 3000, 1000.00, 40, -10.00, 0.00, 0.00\n"
                  "2024-05-01, 12:00:00, 3000, 5000, 1000.00, 40, -10.00, -inf, 0.00\n",
                  "Date Time,Centre Freq,Sample Rate,Integration,FFT Size,Data,,\n"
                  "Mon Aug 25 16:07:25 2025,1420400000,2000000,500000,3,1,2,3\n"};

  files::IqInfo iq;
  iq.dtype = Dtype::ci16;
  iq.sample_rate = hertz(1000.0);
  files::IqWriter wav(folder / "seed.wav", iq);
  wav.write(std::vector<std::byte>(16));
  wav.finish();
  seeds["wav"] = {content_of(folder / "seed.wav")};

  files::SigmfWriter sigmf(folder / "seed.sigmf-meta", {.dtype = Dtype::cu8, .site = Location{}});
  sigmf.meta().annotations = {{.first = 1, .samples = 2, .lower = hertz(1), .upper = hertz(2), .label = "line"}};
  sigmf.finish();
  seeds["sigmf"] = {content_of(folder / "seed.sigmf-meta")};

  seeds["horn"] = {
      "# Bandwidth = 4000.0\n# Duration  = 10.0\n# NCHAN     = 2\n# UTC       = 2018-11-01 05:01:00.5\n"
      "# AZ        = 0.0\n# EL        = 70.0\n# TELLON    = -79:49:51.060\n# TELLAT    = +38:25:18.840\n"
      "0 1420000500 1.5\n1 1420001500 2.5\n"};
  seeds["gbo20m"] = {
      "# DATE_OBS=2026-02-19T10:21:45.000\n# STARTCHAN=1\n# STOPCHAN=3\n# DURATION=35\n# EXPOSURE=28\n# RA(deg)=276\n"
      "# DEC(deg)=-11\n# AZIM(deg)=123\n# ELEV(deg)=20\n# SCANNUM=1\n 1428.9 1 2 1413.2 3 4\n 1428.8 5 6 1413.1 7 8\n"};
  files::AlertFile alerts;
  alerts.schema = R"({"type": "record", "name": "alert", "fields": [{"name": "candid", "type": "long"},
    {"name": "magnitude", "type": ["null", "float"]}, {"name": "history", "type": {"type": "array", "items": "double"}},
    {"name": "cutoutScience", "type": {"type": "record", "name": "cutout", "fields": [
      {"name": "fileName", "type": "string"}, {"name": "stampData", "type": "bytes"}]}}]})";
  Value alert = Map{};
  alert.set("candid", std::int64_t{-5}).set("magnitude", 17.5).set("history", List{Value(1.5), Value(-2.0)});
  files::set_stamp(alert, files::AlertStamp::science, imaging::Plane<float>(3, 5, 2.0F), "a.fits.gz");
  alerts.alerts.push_back(alert);
  const Bytes written = files::alert_bytes(alerts);
  seeds["alert"] = {std::string(reinterpret_cast<const char*>(written.data()), written.size())};
  for (const imaging::GoldenHeader& golden : imaging::golden_headers()) {
    seeds["header_wcs"].push_back(imaging::header_of(golden.cards));
  }
  messaging::TelescopeCommand command;
  command.observation_request.emplace().user.emplace().username = "anna";
  command.parameters = R"({"rate": 1.5})";
  const Value message = to_value(command);
  const Bytes body = commands().encode(message);
  const std::string avro(reinterpret_cast<const char*>(body.data()), body.size());
  seeds["message_json"] = {to_json(message)};
  seeds["message_avro"] = {avro};
  seeds["message_avro_of_others"] = {commands().schema_text() + '\xff' + avro};
  seeds["virgo"] = {
      std::string("mjd=60523.25\nfrequency=1420405751.768\nbandwidth=8000.0\nchannels=2\nt_sample=2\nduration=4.0\n"
                  "loc=51 -114 1420\naz_alt=190.0 20.0\n\xff") +
      std::string(16, '\0')};
  return seeds;
}

}  // namespace astro::fuzz
