// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "astro/error.hpp"
#include "astro/files/recordings.hpp"
#include "files/csv_readers.hpp"
#include "files/fail.hpp"
#include "files/lines.hpp"
#include "text.hpp"

namespace astro::files {
namespace {

constexpr std::size_t named_fields = 6;

/// One hop of the tuner.
struct Hop {
  Time time;
  double low_hz;
  double step_hz;
  double samples;
  std::vector<float> power;

  double end_hz() const noexcept { return low_hz + step_hz * static_cast<double>(power.size()); }
};

double number_of(const std::vector<std::string_view>& fields, std::size_t place, const char* name, double least,
                 double most, const Lines& lines) {
  const auto value = text::number(fields[place]);
  if (value && *value >= least && *value <= most) return *value;
  lines.fail(std::string(name) + " is " + text::quoted(fields[place]) + ", expected a number from " + text::of(least) +
             " to " + text::of(most));
}

Hop parse(const std::vector<std::string_view>& fields, const Lines& lines) {
  if (fields.size() <= named_fields) {
    lines.fail("expected date, time, Hz low, Hz high, Hz step, samples and decibels between commas");
  }
  Hop hop;
  try {
    hop.time = parse_time(std::string(fields[0]) + "T" + std::string(fields[1]));
  } catch (const Error&) {
    lines.fail("the time is " + text::quoted(fields[0]) + " " + text::quoted(fields[1]) +
               ", expected 2024-05-01, 12:00:00");
  }
  if (!is_plausible(hop.time)) lines.fail("expected a year from 1700 to 2199");
  hop.low_hz = number_of(fields, 2, "Hz low", 0.0, 1e12, lines);
  const double high_hz = number_of(fields, 3, "Hz high", hop.low_hz, 1e12, lines);
  hop.step_hz = number_of(fields, 4, "Hz step", 1e-3, 1e12, lines);
  hop.samples = number_of(fields, 5, "samples", 0.0, 1e15, lines);
  // rtl_power writes its last bin twice, hackrf_sweep does not.
  const double bins = std::round((high_hz - hop.low_hz) / hop.step_hz);
  const std::size_t there = fields.size() - named_fields;
  const std::size_t spare = there > 1 && static_cast<double>(there) == bins + 1.0 ? 1 : 0;
  for (std::size_t i = 0; i < there - spare; ++i) {
    const std::string_view field = fields[named_fields + i];
    // A bin without power is written as -inf or nan.
    const auto decibel = text::number(field);
    if (!decibel && field != "nan" && field != "-nan" && field != "inf" && field != "-inf") {
      lines.fail("bin " + std::to_string(i) + " is " + text::quoted(field) + ", expected decibels");
    }
    hop.power.push_back(decibel ? static_cast<float>(std::pow(10.0, 0.1 * std::clamp(*decibel, -370.0, 370.0))) : 0.0F);
  }
  return hop;
}

/// Hops of one time, which were made one after the other, side by side.
Spectrum spectrum_of(std::vector<Hop> hops, const std::filesystem::path& path) {
  std::sort(hops.begin(), hops.end(), [](const Hop& a, const Hop& b) { return a.low_hz < b.low_hz; });
  Spectrum spectrum;
  const Hop& first = hops.front();
  double samples = first.samples;
  for (std::size_t i = 0; i < hops.size(); ++i) {
    const Hop& hop = hops[i];
    const bool follows = i == 0 || (std::abs(hop.step_hz - first.step_hz) < 1e-6 * first.step_hz &&
                                    std::abs(hop.low_hz - hops[i - 1].end_hz()) < 0.6 * first.step_hz);
    if (!follows) {
      fail(path, "at " + format_time(hop.time, 0),
           "the band that begins at " + text::of(hop.low_hz) + " Hz does not follow the one that ends at " +
               text::of(hops[i - 1].end_hz()) + " Hz with the same step; is a line missing?");
    }
    samples = std::min(samples, hop.samples);
    spectrum.power.insert(spectrum.power.end(), hop.power.begin(), hop.power.end());
  }
  if (spectrum.power.size() > most_csv_channels) fail(path, "a spectrum has more than 2^22 channels");
  spectrum.weight.resize(spectrum.power.size());
  std::transform(spectrum.power.begin(), spectrum.power.end(), spectrum.weight.begin(),
                 [](float p) { return p > 0.0F ? 1.0F : 0.0F; });
  spectrum.axis = {hertz(first.low_hz), hertz(first.step_hz), static_cast<std::uint32_t>(spectrum.power.size())};
  spectrum.start = spectrum.mid = first.time;
  spectrum.effective_averages = samples;
  spectrum.samples = static_cast<std::uint64_t>(samples);
  return spectrum;
}

/// The file says when a sweep began, and how many samples were taken, but not how fast: a spectrum
/// lasts until the next one.
void set_durations(std::vector<Spectrum>& spectra) {
  for (std::size_t i = 0; i < spectra.size(); ++i) {
    const std::size_t before = std::max<std::size_t>(i, 1) - 1;
    const Duration step = i + 1 < spectra.size() ? spectra[i + 1].start - spectra[i].start
                          : i > 0                ? spectra[i].start - spectra[before].start
                                                 : Duration::zero();
    spectra[i].duration = spectra[i].exposure = std::max(step, Duration::zero());
    spectra[i].mid = spectra[i].start + spectra[i].duration / 2;
  }
}

}  // namespace

SpectraFile read_rtl_power(const std::filesystem::path& path) {
  const std::string content = read_text(path, most_csv_bytes);
  Lines lines(path, content);
  SpectraFile file;
  std::vector<Hop> hops;
  const auto finish = [&] {
    if (!hops.empty()) file.spectra.push_back(spectrum_of(std::exchange(hops, {}), path));
  };
  while (const auto line = lines.next()) {
    if (line->empty() || line->front() == '#') continue;
    Hop hop = parse(fields_of(*line), lines);
    if (!hops.empty() && hops.front().time != hop.time) finish();
    hops.push_back(std::move(hop));
  }
  finish();
  if (file.spectra.empty()) fail(path, "there is no line of a spectrum");
  set_durations(file.spectra);
  const FrequencyAxis& axis = file.spectra.front().axis;
  file.bandwidth_hz = axis.step.hertz() * axis.channels;
  return file;
}

}  // namespace astro::files
