// SPDX-License-Identifier: BSD-3-Clause
#include "cli/products.hpp"

#include <unistd.h>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "astro/error.hpp"

namespace astro::cli {

void check_writable(const Outputs& outputs) {
  for (const std::string& file : {outputs.fits, outputs.csv}) {
    if (file.empty()) continue;
    std::error_code error;
    const auto there = std::filesystem::status(file, error);
    if (std::filesystem::exists(there) && !std::filesystem::is_regular_file(there)) {
      throw Error(ErrorCode::storage,
                  "\"" + file + "\" cannot be written: it is there, and is no file; nothing was begun");
    }
    std::filesystem::path folder = std::filesystem::path(file).parent_path();
    if (folder.empty()) folder = ".";
    if (::access(folder.c_str(), W_OK) == 0) continue;
    throw Error(ErrorCode::storage, "\"" + file + "\" cannot be written: " + folder.string() + ": " +
                                        std::strerror(errno) + "; nothing was begun");
  }
}

void write(const Outputs& outputs, const CalibratedSpectrum& spectrum, const files::Provenance& provenance) {
  if (!outputs.fits.empty()) files::write_fits(outputs.fits, spectrum, provenance);
  if (!outputs.csv.empty()) files::write_csv(outputs.csv, spectrum, provenance);
}

void write(const Outputs& outputs, const ObservationResult& result) {
  if (outputs.fits.empty() && outputs.csv.empty()) return;
  if (result.spectrum.axis.channels == 0) {
    throw Error(ErrorCode::unsupported, "observation '" + result.observation.id +
                                            "' has no calibrated spectrum to write; what it has `astro export` writes");
  }
  write(outputs, result.spectrum, provenance_of(result.observation));
}

Value summary(const ObservationResult& result) {
  Value told;
  for (const Finding& finding : result.findings) {
    std::string unit;
    for (const char c : finding.unit) unit += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const std::string ending = unit.empty() ? "" : "_" + unit;
    told.set(finding.name + ending, finding.value);
    if (finding.error > 0.0) told.set(finding.name + "_sigma" + ending, finding.error);
  }
  if (result.spectrum.axis.channels == 0) return told;
  const Value line = summary(result.spectrum, result.peak);
  for (const auto& [key, value] : line.as_map()) told.set(key, value);
  return told;
}

Value summary(const CalibratedSpectrum& spectrum, const Peak& peak) {
  Value told;
  told.set("peak_k", peak.peak_k).set("peak_sigma_k", peak.sigma_k).set("peak_velocity_km_s", peak.peak_velocity_km_s);
  told.set("velocity_frame",
           Description<sky::VelocityFrame>::choices.at(static_cast<std::size_t>(spectrum.velocity_frame)));
  told.set("rest_frequency_mhz", spectrum.rest.megahertz());
  told.set("peak_frequency_mhz", peak.peak_frequency.megahertz()).set("rms_k", peak.rms_k);
  told.set("tsys_k", spectrum.tsys_k).set("receiver_k", spectrum.receiver_k);
  told.set("exposure_s", seconds(spectrum.exposure)).set("samples", spectrum.samples);
  told.set("samples_lost", spectrum.samples_lost).set("mid", format_time(spectrum.mid));
  if (spectrum.pointing.known) {
    told.set("ra_deg", spectrum.pointing.direction.ra.wrapped().degrees());
    told.set("dec_deg", spectrum.pointing.direction.dec.degrees());
  }
  return told;
}

}  // namespace astro::cli
