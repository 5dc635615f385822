// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "astro/signal/spectrum.hpp"

namespace astro::signal {

/// As `CalibratedSpectrum::peak`; of a band that does not hold the line the noise alone, and the rest NaN.
Peak peak_or_noise(const CalibratedSpectrum& spectrum, const PeakOptions& options = {});

}  // namespace astro::signal
