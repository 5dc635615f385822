// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <vector>

#include "astro/signal/spectrometer.hpp"

namespace astro::signal {

/// The coefficients of a periodic taper (its period is `size`, as a transform sees it).
std::vector<double> make_window(Window window, std::size_t size);

/// What `taps` rows of `size` samples are multiplied with before they are added and transformed. One
/// tap: the taper. Several: a low-pass as wide as a channel, sinc times the taper over all rows
/// (e.g. Price 2021, "Spectrometers and polyphase filterbanks in radio astronomy", section 3).
std::vector<double> make_taps(Window window, std::size_t taps, std::size_t size);

/// How many times as much scatter a mean of many spectra has, squared, as if they were independent:
/// rows that two spectra share make them alike. 1 + 2 sum of the squared correlations; 1 for one tap.
double correlation_of(const std::vector<double>& taps, std::size_t size) noexcept;

}  // namespace astro::signal
