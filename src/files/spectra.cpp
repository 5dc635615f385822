// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "astro/error.hpp"
#include "astro/files/cube.hpp"
#include "astro/files/filterbank.hpp"
#include "astro/files/recordings.hpp"
#include "astro/files/sdfits.hpp"
#include "files/csv_readers.hpp"
#include "files/fail.hpp"
#include "files/fits_file.hpp"
#include "text.hpp"

namespace astro::files {
namespace {

/// Spectra of a filterbank are a thousand a second: as `Spectrum` each takes twice its numbers and more.
constexpr std::uint64_t most_numbers = 1U << 28;

SpectraFile read_csv_of_any(const std::filesystem::path& path) {
  switch (kind_of_csv(path)) {
    case CsvKind::sdrangel:
      return read_sdrangel(path);
    case CsvKind::rtl_power:
      return read_rtl_power(path);
    case CsvKind::ours:
      return read_csv(path);
    case CsvKind::unknown:
      break;
  }
  fail(path, "line 1", "expected what SDRangel, rtl_power or write_csv of libastro begin with");
}

SpectraFile read_filterbank(const std::filesystem::path& path) {
  FilterbankReader reader(inspect_filterbank(path));
  const FilterbankInfo& info = reader.info();
  if (info.spectra * info.axis.channels > most_numbers) {
    fail(path, "it has " + std::to_string(info.spectra) + " spectra of " + std::to_string(info.axis.channels) +
                   " channels, more than can be held at once; read it with FilterbankReader");
  }
  SpectraFile file;
  file.bandwidth_hz = info.axis.step.hertz() * info.axis.channels;
  file.object = info.source;
  for (std::uint64_t i = 0; i < info.spectra; ++i) {
    Spectrum spectrum;
    spectrum.axis = info.axis;
    spectrum.power.resize(info.axis.channels);
    reader.read(spectrum.power);
    spectrum.weight.resize(info.axis.channels);
    std::transform(spectrum.power.begin(), spectrum.power.end(), spectrum.weight.begin(),
                   [](float p) { return std::isfinite(p) ? 1.0F : 0.0F; });
    spectrum.start = info.start + info.period * static_cast<Duration::rep>(i);
    spectrum.mid = spectrum.start + info.period / 2;
    spectrum.duration = spectrum.exposure = info.period;
    spectrum.effective_averages = info.axis.step.hertz() * seconds(info.period);
    spectrum.samples = 1;
    file.spectra.push_back(std::move(spectrum));
  }
  return file;
}

double number_of(const Cube& image, std::string_view name) {
  const Value* found = image.more.find(name);
  if (found == nullptr) return 0.0;
  const bool is_number = found->get_if<double>() != nullptr || found->get_if<std::int64_t>() != nullptr;
  return is_number && std::abs(found->as_number()) < 1e9 ? found->as_number() : 0.0;
}

std::optional<Time> time_of(const Cube& image, std::string_view name) {
  const Value* found = image.more.find(name);
  if (found == nullptr || found->get_if<std::string>() == nullptr) return std::nullopt;
  try {
    const Time time = parse_time(found->as_text());
    return is_plausible(time) ? std::optional(time) : std::nullopt;
  } catch (const Error&) {
    return std::nullopt;  // a date that nobody can read is no reason to refuse the spectrum
  }
}

/// An image of one axis of frequency, as `write_fits` writes it.
SpectraFile read_image(const std::filesystem::path& path) {
  const Cube image = read_cube(path);
  const WcsAxis& axis = image.wcs.axes.front();
  if (image.shape.size() != 1 || !axis.type.starts_with("FREQ") ||
      image.shape[0] > std::numeric_limits<std::uint32_t>::max()) {
    fail(path, "its image has " + std::to_string(image.shape.size()) + " axes, the first of type " +
                   text::quoted(axis.type) + "; a spectrum has one, of FREQ (read it with read_cube)");
  }
  if (!(axis.step > 0.0))
    fail(path, "card CDELT1", "it is " + text::of(axis.step) + ", expected frequencies that ascend");
  Spectrum spectrum;
  const double first_hz = axis.reference_value + (1.0 - axis.reference_pixel) * axis.step;
  spectrum.axis = {hertz(first_hz), hertz(axis.step), static_cast<std::uint32_t>(image.shape[0])};
  spectrum.power = image.pixels;
  for (const float pixel : image.pixels) spectrum.weight.push_back(std::isfinite(pixel) ? 1.0F : 0.0F);
  spectrum.start = time_of(image, "DATE-OBS").value_or(Time{});
  spectrum.exposure = from_seconds(std::max(0.0, number_of(image, "EXPOSURE")));
  spectrum.duration = std::max(spectrum.exposure, from_seconds(std::max(0.0, number_of(image, "TELAPSE"))));
  spectrum.mid = time_of(image, "DATE-AVG").value_or(spectrum.start + spectrum.duration / 2);
  spectrum.effective_averages = axis.step * seconds(spectrum.exposure);
  spectrum.samples = 1;
  SpectraFile file;
  file.spectra = {std::move(spectrum)};
  file.bandwidth_hz = axis.step * static_cast<double>(image.shape[0]);
  file.object = image.object;
  file.unit = image.unit;
  return file;
}

SpectraFile read_fits(const std::filesystem::path& path) {
  bool is_table = false;
  {
    const FitsFile file(path);
    for (const FitsUnit& unit : file.units()) is_table = is_table || unit.header.text("EXTNAME") == "SINGLE DISH";
  }
  return is_table ? spectra_file(read_sdfits(path)) : read_image(path);
}

}  // namespace

SpectraFile read_spectra(const std::filesystem::path& path) {
  const std::string ending = path.extension().string();
  if (ending == ".ast" || ending == ".hot") return read_horn(path);
  if (ending == ".dat") return read_virgo(path);
  if (ending == ".txt") return spectra_file(read_gbo20m(path));
  if (ending == ".csv") return read_csv_of_any(path);
  if (ending == ".fits" || ending == ".sdfits") return read_fits(path);
  if (ending == ".fil" || ending == ".tim") return read_filterbank(path);
  size_of_file(path, std::numeric_limits<std::uintmax_t>::max());
  fail(path, "its ending " + text::quoted(ending) +
                 " is none of a recording of spectra; expected .ast or .hot (horn), .dat (Virgo), .txt (Green Bank's "
                 "20 m), .csv, .fits or .sdfits, .fil or .tim");
}

}  // namespace astro::files
