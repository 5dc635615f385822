// SPDX-License-Identifier: BSD-3-Clause
#include "files/software.hpp"

#include "astro/error.hpp"

namespace astro::files {

std::string software_of(const Provenance& provenance) {
  return provenance.software.empty() ? "libastro " ASTRO_VERSION : provenance.software;
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
