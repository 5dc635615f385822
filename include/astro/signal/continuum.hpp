// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "astro/export.hpp"
#include "astro/signal/measured.hpp"
#include "astro/signal/spectrum.hpp"

namespace astro {

/// Mean power density over the band, by weight, with the radiometer's error; the outermost `edge` of
/// the band at either end is left out. Channels are taken to be independent: those of a transform with
/// Hann's window are not, and the error is then 1.39 times as large. Throws `invalid_argument` when no
/// channel has weight.
ASTRO_API Measured total_power(const Spectrum& spectrum, double edge = 0.05);

/// Mean temperature over the band, by inverse variance, of what is not line: without the channels
/// further than 3 sigma from the others. Error and exceptions as `total_power`.
ASTRO_API Measured continuum_k(const CalibratedSpectrum& spectrum, double edge = 0.05);

/// What a dish makes of a source's flux.
struct Aperture {
  double diameter_m = 0.0;
  Measured efficiency{};  ///< effective over geometric area, 0 to 1

  /// Antenna temperature of a point source of 1 Jy in the beam's centre, unpolarised, in K: the
  /// effective area over twice Boltzmann's constant (e.g. Wilson, Rohlfs and Huettemeister, Tools of
  /// Radio Astronomy, section 7.2). Throws `invalid_argument` unless both are positive.
  ASTRO_API Measured kelvin_per_jansky() const;
};

/// Flux density of a point source from its antenna temperature, errors of both in it.
ASTRO_API Measured flux_jy(Measured temperature_k, const Aperture& aperture);
/// Efficiency of a dish from a source whose flux density is known.
ASTRO_API Measured aperture_efficiency(Measured temperature_k, Measured flux_jy, double diameter_m);

/// A spectrum in janskys.
struct FluxSpectrum {
  FrequencyAxis axis{};
  std::vector<float> flux_jy{};
  std::vector<float> sigma_jy{};  ///< with the error of the aperture, which all channels share
  std::vector<float> weight{};
};

ASTRO_API FluxSpectrum flux_spectrum(const CalibratedSpectrum& spectrum, const Aperture& aperture);

}  // namespace astro
