// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <string>

#include "astro/error.hpp"
#include "astro/signal/lines.hpp"
#include "signal/robust.hpp"

namespace astro {

CalibratedSpectrum without_baseline(const CalibratedSpectrum& spectrum, int order,
                                    std::span<const FrequencyRange> line) {
  const std::size_t channels = spectrum.temperature_k.size();
  if (spectrum.weight.size() != channels) {
    throw Error(ErrorCode::invalid_argument,
                "a baseline cannot be fitted: the spectrum has not as many weights as temperatures");
  }
  const CalibratedSpectrum beside = masked(spectrum, line);
  signal::Mask usable(channels);
  std::vector<double> temperature(channels);
  for (std::size_t i = 0; i < channels; ++i) {
    usable[i] = beside.weight[i] > 0.0F && std::isfinite(spectrum.temperature_k[i]) ? 1 : 0;
    if (usable[i]) temperature[i] = static_cast<double>(spectrum.temperature_k[i]);
  }
  const std::vector<double> baseline = signal::fit_robustly(temperature, usable, order, 2).curve.everywhere();
  CalibratedSpectrum result = spectrum;
  for (std::size_t i = 0; i < channels; ++i) {
    result.temperature_k[i] = static_cast<float>(static_cast<double>(result.temperature_k[i]) - baseline[i]);
  }
  return result;
}

}  // namespace astro
