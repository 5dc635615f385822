// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "astro/export.hpp"
#include "astro/frequency.hpp"
#include "astro/signal/spectrum.hpp"
#include "astro/time.hpp"

namespace astro {

/// Power as it goes with time: one value each `interval_s`.
struct TimeSeries {
  Time start{};  ///< of the first value's middle
  double interval_s = 0.0;
  std::vector<float> values{};
};

/// Spectra one after the other, none missing.
struct DynamicSpectrum {
  FrequencyAxis axis{};
  Time start{};  ///< of the first row's middle
  double interval_s = 0.0;
  std::vector<float> power{};  ///< rows of `axis.channels` values; a channel of NaN is left out

  std::size_t rows() const noexcept { return axis.channels == 0 ? 0 : power.size() / axis.channels; }
};

/// By how much a pulse at `frequency` comes later than one at `reference` after so many electrons on
/// its way (dispersion measure in pc/cm^3; 4.148808 ms at 1 GHz for 1, Lorimer and Kramer, Handbook of
/// Pulsar Astronomy, section 4.1.1). Negative above the reference.
ASTRO_API double dispersion_delay_s(double dispersion_measure, Frequency frequency, Frequency reference);

/// The mean over channels, each shifted back by its delay against the band's highest one, to the next
/// row (incoherent dedispersion). Shorter than the rows by the longest delay. Channels that are not
/// finite anywhere are left out. Throws `invalid_argument` when the delay is as long as the spectrum, or
/// the array is no whole number of rows.
ASTRO_API TimeSeries dedispersed(const DynamicSpectrum& spectrum, double dispersion_measure);

/// A pulse, averaged over its periods.
struct Profile {
  double period_s = 0.0;
  std::vector<double> mean{};   ///< of each bin of phase, the first one beginning with the series; NaN: empty
  std::vector<double> sigma{};  ///< standard error of the mean, from the scatter within the bin
  std::vector<std::uint64_t> count{};
};

/// Folds a series at a period: each value goes into the bin of its middle. `period_rate` is the
/// change of the period in seconds a second. Throws `invalid_argument` unless 2 <= bins <= 65536 and the
/// period is at least two intervals long.
ASTRO_API Profile folded(const TimeSeries& series, double period_s, std::uint32_t bins, double period_rate = 0.0);

/// Something that comes again and again.
struct PeriodCandidate {
  double period_s = 0.0;
  double sigma_period_s = 0.0;  ///< half of what one bin of the transform spans
  int harmonics = 0;            ///< that were added
  double sigma = 0.0;           ///< above noise, of all trials: as rare as a normal distribution exceeds it
};

struct PeriodSearchOptions {
  double shortest_s = 0.0;  ///< 0: two intervals
  double longest_s = 0.0;   ///< 0: an eighth of the series
  int most_harmonics = 16;  ///< 1, 2, 4, 8 and 16 are tried up to this
  double sigma = 5.0;       ///< of all trials
  int most = 10;            ///< candidates returned
};

/// Searches a series for periods: power of its Fourier transform over the local median, harmonics added
/// (Lorimer and Kramer, section 6.1; significance by the chi-square distribution of 2 degrees of
/// freedom a harmonic, over all trials). The most significant first; each is taken out with all its
/// harmonics before the next is looked for. Memory: a few times the series. Throws `invalid_argument` for fewer than 64
/// values or what is not finite.
ASTRO_API std::vector<PeriodCandidate> search_periods(const TimeSeries& series,
                                                      const PeriodSearchOptions& options = {});

}  // namespace astro
