// SPDX-License-Identifier: BSD-3-Clause
#include "files/software.hpp"

#include <chrono>

#include "astro/error.hpp"

namespace astro::files {

std::string software_of(const Provenance& provenance) {
  return provenance.software.empty() ? "libastro " ASTRO_VERSION : provenance.software;
}

void write_provenance(FitsWriter& fits, const Provenance& provenance) {
  fits.key("OBJECT", provenance.object, "");
  fits.key("OBSERVER", provenance.observer, "");
  fits.key("TELESCOP", provenance.telescope, "");
  fits.key("INSTRUME", provenance.instrument, "");
  fits.key("OBS_ID", provenance.observation_id, "");
  fits.key("CREATOR", software_of(provenance), "");
  if (!provenance.settings.empty()) fits.key("SETTINGS", provenance.settings, "");
  if (!provenance.calibration.empty()) fits.key("CALIBRAT", provenance.calibration, "");
  fits.key("DATE", fits_time(std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now())),
           "when this was written");
}

void check_whole(const CalibratedSpectrum& spectrum) {
  const std::size_t channels = spectrum.axis.channels;
  if (channels > 0 && spectrum.temperature_k.size() == channels && spectrum.sigma_k.size() == channels &&
      spectrum.weight.size() == channels) {
    return;
  }
  throw Error(ErrorCode::invalid_argument,
              "the spectrum cannot be written: it has not as many temperatures, errors and weights as its frequency "
              "axis has channels");
}

}  // namespace astro::files
