// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>

#include "astro/signal/spectrum.hpp"
#include "astro/sky/frames.hpp"
#include "signal/making.hpp"

/// Calibrated spectra with a known pointing, whose temperature is a function of the velocity.
namespace astro::testing {

inline const Time pointed_time = parse_time("2026-01-15T20:00:00");

/// 1024 channels over 4 MHz (0.82 km/s each) in the Galactic plane, of 0.1 K error.
inline CalibratedSpectrum pointed_spectrum(double longitude_deg, Time time,
                                           const std::function<double(double)>& kelvin_at_lsrk) {
  constexpr std::uint32_t channels = 1024;
  CalibratedSpectrum spectrum;
  spectrum.axis = flat_spectrum(channels, 4.0e6, 0.0F, 1.0).axis;
  spectrum.mid = spectrum.start = time;
  spectrum.pointing.site = {degrees(28.3), degrees(-16.5), 2390.0};
  spectrum.pointing.direction = sky::icrs(Galactic{degrees(longitude_deg), Angle()});
  spectrum.pointing.place = sky::altaz(spectrum.pointing.direction, spectrum.pointing.site, time);
  spectrum.pointing.known = true;
  spectrum.weight.assign(channels, 1.0F);
  spectrum.sigma_k.assign(channels, 0.1F);
  spectrum.temperature_k.assign(channels, 0.0F);
  const std::vector<double> velocity = spectrum.velocities_lsrk_km_s();
  for (std::size_t i = 0; i < channels; ++i)
    spectrum.temperature_k[i] = static_cast<float>(kelvin_at_lsrk(velocity[i]));
  return spectrum;
}

}  // namespace astro::testing
