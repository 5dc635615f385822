// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <string>

#include "astro/error.hpp"
#include "astro/files/sdfits.hpp"
#include "files/frame_names.hpp"
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
  row.rest = spectrum.rest;
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
  set_velocity_frame(row, spectrum.velocity_frame);
  return row;
}

void set_velocity_frame(SdfitsRow& row, sky::VelocityFrame frame) {
  const Pointing& pointing = row.spectrum.pointing;
  row.velocity_definition = "RADI-" + std::string(sdfits_frame_of(frame));
  row.frame_velocity_km_s = std::nan("");
  if (frame == sky::VelocityFrame::topo) row.frame_velocity_km_s = 0.0;
  else if (pointing.known)
    row.frame_velocity_km_s =
        -sky::velocity_correction_km_s(pointing.direction, pointing.site, row.spectrum.mid, frame);
}

}  // namespace astro::files
