// SPDX-License-Identifier: BSD-3-Clause
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
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

static_assert(std::endian::native == std::endian::little, "the spectra in the file are little endian");

constexpr std::uintmax_t most_virgo_header_bytes = 1U << 20;
constexpr std::uintmax_t most_virgo_bytes = std::uintmax_t{1} << 31;
constexpr std::size_t most_virgo_channels = 1U << 20;

Header read_header(const std::filesystem::path& dat) {
  std::filesystem::path file = dat;
  file.replace_extension(".header");
  const std::string content = read_text(file, most_virgo_header_bytes);
  Header header(file);
  std::string_view left = content;
  for (std::size_t number = 1; !left.empty(); ++number) {
    const std::size_t end = std::min(left.find('\n'), left.size());
    header.add_line(left.substr(0, end), number);
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  return header;
}

/// `count` numbers between blanks.
template <std::size_t count>
std::array<double, count> numbers(const Header& header, std::string_view key, const std::string& expected) {
  std::array<double, count> values{};
  const std::string text = header.text(key);
  std::string_view left = text;
  for (double& value : values) {
    left = text::trimmed(left);
    const std::size_t end = std::min(left.find(' '), left.size());
    const auto number = text::number(left.substr(0, end));
    if (!number) header.refuse(key, expected);
    value = *number;
    left.remove_prefix(end);
  }
  if (!text::trimmed(left).empty()) header.refuse(key, expected);
  return values;
}

struct Shape {
  FrequencyAxis axis;
  std::size_t spectra;
  Duration period;
};

/// How many spectra there are, from the file's size; the header says how many there should be.
Shape shape_of(const Header& header, const std::filesystem::path& dat) {
  const auto channels = static_cast<std::uint32_t>(header.count("channels", most_virgo_channels));
  const double period_s = header.number("t_sample", 1e-6, 1e6);
  const std::uintmax_t row = channels * sizeof(float);
  const std::uintmax_t size = size_of_file(dat, most_virgo_bytes);
  const std::uintmax_t spectra = size / row;
  if (size % row != 0) {
    fail(dat, "after " + std::to_string(spectra) + " spectra",
         std::to_string(size % row) + " bytes are left over, expected whole spectra of " + std::to_string(row) +
             "; the file is truncated");
  }
  const double announced = std::floor(header.number("duration", 0.0, 1e9) / period_s + 1e-6);
  if (static_cast<double>(spectra) < announced) {
    fail(dat, "after " + std::to_string(spectra) + " spectra",
         "the header's duration announces " + text::of(announced) + "; the file is truncated");
  }
  if (static_cast<double>(spectra) * period_s > most_recorded_s) {
    header.refuse("t_sample", "seconds that make no more than 31 years of " + std::to_string(spectra) + " spectra");
  }
  const Frequency step = hertz(header.number("bandwidth", 1.0, 1e12) / channels);
  const Frequency first = hertz(header.number("frequency", 0.0, 1e12)) - step * (channels / 2);
  return {{first, step, channels}, static_cast<std::size_t>(spectra), from_seconds(period_s)};
}

Time start_of(const Header& header) {
  constexpr double first_mjd = -65000.0;  // year 1681: what 64 bits of nanoseconds hold
  constexpr double last_mjd = 120000.0;   // year 2187: room for the length of the recording
  return from_mjd(header.number("mjd", first_mjd, last_mjd));
}

/// Place and site; not known when the observer gave none.
Pointing pointing_of(const Header& header) {
  Pointing pointing;
  if (header.text("loc").empty() || header.text("az_alt").empty()) return pointing;
  const auto site = numbers<3>(header, "loc", "latitude, longitude in degrees and height in m, like \"51 -114 1420\"");
  const auto place = numbers<2>(header, "az_alt", "azimuth and altitude in degrees, like \"190.0 20.0\"");
  if (std::abs(site[0]) > 90.0 || std::abs(site[1]) > 360.0) header.refuse("loc", "a latitude, then a longitude");
  pointing.site = {degrees(site[0]), degrees(site[1]), site[2]};
  pointing.place = {degrees(place[0]), degrees(place[1])};
  pointing.known = true;
  return pointing;
}

std::vector<float> read_row(std::ifstream& stream, const std::filesystem::path& dat, std::size_t number,
                            std::size_t channels) {
  std::vector<float> row(channels);
  stream.read(reinterpret_cast<char*>(row.data()), static_cast<std::streamsize>(channels * sizeof(float)));
  if (!stream) fail(dat, "spectrum " + std::to_string(number), "it could not be read to its end");
  for (std::size_t i = 0; i < channels; ++i) {
    if (std::isfinite(row[i])) continue;
    fail(dat, "spectrum " + std::to_string(number) + ", channel " + std::to_string(i),
         "expected a finite 32-bit number; is this a file of Virgo, and of this header?");
  }
  return row;
}

}  // namespace

SpectraFile read_virgo(const std::filesystem::path& dat) {
  size_of_file(dat, most_virgo_bytes);
  const Header header = read_header(dat);
  const Shape shape = shape_of(header, dat);
  const Time start = start_of(header);
  const Pointing pointing = pointing_of(header);

  SpectraFile result;
  result.bandwidth_hz = header.number("bandwidth");
  result.gain_db = header.number_or("rf_gain", 0.0);
  std::ifstream stream(dat, std::ios::binary);
  result.spectra.reserve(shape.spectra);
  for (std::size_t i = 0; i < shape.spectra; ++i) {
    Spectrum spectrum;
    spectrum.axis = shape.axis;
    spectrum.power = read_row(stream, dat, i, shape.axis.channels);
    spectrum.weight.assign(spectrum.power.size(), 1.0F);
    spectrum.start = start + shape.period * static_cast<Duration::rep>(i);
    spectrum.mid = spectrum.start + shape.period / 2;
    spectrum.duration = spectrum.exposure = shape.period;
    spectrum.effective_averages = shape.axis.step.hertz() * seconds(shape.period);
    spectrum.samples = 1;
    spectrum.pointing = pointing;
    if (pointing.known) spectrum.pointing.direction = sky::icrs(pointing.place, pointing.site, spectrum.mid);
    result.spectra.push_back(std::move(spectrum));
  }
  return result;
}

}  // namespace astro::files
