// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>

#include "astro/files/filterbank.hpp"
#include "astro/files/recordings.hpp"
#include "astro/files/sdfits.hpp"
#include "files/csv_readers.hpp"
#include "files/fail.hpp"
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

}  // namespace

SpectraFile read_spectra(const std::filesystem::path& path) {
  const std::string ending = path.extension().string();
  if (ending == ".ast" || ending == ".hot") return read_horn(path);
  if (ending == ".dat") return read_virgo(path);
  if (ending == ".txt") return spectra_file(read_gbo20m(path));
  if (ending == ".csv") return read_csv_of_any(path);
  if (ending == ".fits" || ending == ".sdfits") return spectra_file(read_sdfits(path));
  if (ending == ".fil" || ending == ".tim") return read_filterbank(path);
  size_of_file(path, std::numeric_limits<std::uintmax_t>::max());
  fail(path, "its ending " + text::quoted(ending) +
                 " is none of a recording of spectra; expected .ast or .hot (horn), .dat (Virgo), .txt (Green Bank's "
                 "20 m), .csv, .fits or .sdfits, .fil or .tim");
}

}  // namespace astro::files
