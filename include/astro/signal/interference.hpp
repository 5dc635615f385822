// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>

#include "astro/export.hpp"
#include "astro/frequency.hpp"
#include "astro/signal/spectrum.hpp"

namespace astro {

/// A part of a band, both ends in it.
struct FrequencyRange {
  Frequency low{};
  Frequency high{};

  bool holds(Frequency frequency) const noexcept { return frequency >= low && frequency <= high; }
};

/// How interference is told from the sky: by being narrow.
struct InterferenceOptions {
  int width = 31;      ///< channels of the running median, odd: more than twice as many as a line of the sky must keep
  double sigma = 5.0;  ///< above the median, in units of the scatter around it (from the median deviation)
  int widen = 1;       ///< channels to either side of one that is flagged
};

/// The spectrum with weight 0 in the channels that stand out above a running median. Channels without
/// weight take no part. Throws `invalid_argument` unless 3 <= width <= channels, odd, and sigma > 0.
ASTRO_API Spectrum without_interference(const Spectrum& spectrum, const InterferenceOptions& options = {});

/// The spectrum with weight 0 in the channels whose centres lie in one of the ranges: interference
/// that one knows to be there.
ASTRO_API Spectrum masked(const Spectrum& spectrum, std::span<const FrequencyRange> ranges);
ASTRO_API CalibratedSpectrum masked(const CalibratedSpectrum& spectrum, std::span<const FrequencyRange> ranges);

}  // namespace astro
