// SPDX-License-Identifier: BSD-3-Clause
#include "astro/error.hpp"
#include "astro/files/sdfits.hpp"
#include "files/software.hpp"

namespace astro::files {

std::vector<SdfitsRow> sdfits_rows(const SpectraFile& file) {
  std::vector<SdfitsRow> rows;
  rows.reserve(file.spectra.size());
  for (std::size_t i = 0; i < file.spectra.size(); ++i) {
    SdfitsRow row;
    row.spectrum = file.spectra[i];
    row.unit = file.unit.empty() ? "Counts" : file.unit;
    row.object = file.object;
    row.observer = file.observer;
    row.telescope = file.telescope;
    row.scan = 1;
    row.integration = static_cast<int>(i);
    rows.push_back(std::move(row));
  }
  return rows;
}

SpectraFile spectra_file(const std::vector<SdfitsRow>& rows) {
  SpectraFile file;
  for (const SdfitsRow& row : rows) file.spectra.push_back(row.spectrum);
  if (rows.empty()) return file;
  const SdfitsRow& first = rows.front();
  file.bandwidth_hz = first.spectrum.axis.step.hertz() * first.spectrum.axis.channels;
  file.observer = first.observer;
  file.telescope = first.telescope;
  file.object = first.object;
  file.unit = first.unit;
  return file;
}

SdfitsRow sdfits_row(const CalibratedSpectrum& spectrum) {
  check_whole(spectrum);
  SdfitsRow row;
  row.unit = "K";
  row.scan = 1;
  row.tsys_k = spectrum.tsys_k;
  Spectrum& inner = row.spectrum;
  inner.axis = spectrum.axis;
  inner.power = spectrum.temperature_k;
  inner.weight = spectrum.weight;
  inner.start = spectrum.start;
  inner.mid = spectrum.mid;
  inner.duration = spectrum.duration;
  inner.exposure = spectrum.exposure;
  inner.effective_averages = spectrum.axis.step.hertz() * seconds(spectrum.exposure);
  inner.samples = spectrum.samples;
  inner.samples_lost = spectrum.samples_lost;
  inner.pointing = spectrum.pointing;
  inner.receiver = spectrum.receiver;
  return row;
}

}  // namespace astro::files
