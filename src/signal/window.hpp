// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <vector>

#include "astro/signal/spectrometer.hpp"

namespace astro::signal {

/// The coefficients of a periodic taper (its period is `size`, as a transform sees it).
std::vector<double> make_window(Window window, std::size_t size);

}  // namespace astro::signal
