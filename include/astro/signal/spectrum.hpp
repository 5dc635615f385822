// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "astro/coordinates.hpp"
#include "astro/export.hpp"
#include "astro/frequency.hpp"
#include "astro/record.hpp"
#include "astro/sky/velocity.hpp"
#include "astro/time.hpp"

namespace astro {

/// The channels of a spectrum: evenly spaced, ascending, each named by its centre.
struct FrequencyAxis {
  Frequency first{};  ///< centre of channel 0
  Frequency step{};   ///< positive
  std::uint32_t channels = 0;

  Frequency at(double channel) const noexcept { return first + step * channel; }
  double channel_of(Frequency frequency) const noexcept { return (frequency - first) / step; }
  bool operator==(const FrequencyAxis&) const = default;
};

template <>
struct Description<FrequencyAxis> {
  static constexpr std::array fields{field<&FrequencyAxis::first>("first", {.says = "centre of channel 0"}),
                                     field<&FrequencyAxis::step>("step", {.says = "from one channel to the next"}),
                                     field<&FrequencyAxis::channels>("channels", {.says = "number of channels"})};
};

/// Where a spectrum was taken: what turns a frequency into a velocity.
struct Pointing {
  Icrs direction{};  ///< where the beam pointed at mid-time, from the mount's axes
  AltAz place{};     ///< the same in the site's sky, no refraction
  Location site{};
  bool known = false;  ///< false: nobody said where the telescope pointed

  bool operator==(const Pointing&) const = default;
};

/// When samples were lost.
struct Gap {
  Time start{};
  Duration duration{};

  bool operator==(const Gap&) const = default;
};

/// Uncalibrated power per channel, averaged. What `Spectrometer` yields. Arrays have `axis.channels`
/// elements; `weight` is the fraction of the exposure that each channel really holds (0: nothing; flagged samples do
/// not count): a channel's effective exposure is the product of both, and `effective_averages` times its
/// weight goes into the radiometer equation. Lost samples are in neither.
struct Spectrum {
  FrequencyAxis axis{};
  std::vector<float> power{};       ///< receiver's units squared per hertz (density) or as recorded
  std::vector<float> weight{};      ///< 0 to 1
  Time start{};                     ///< UTC of the first sample
  Time mid{};                       ///< UTC of the middle of what was integrated
  Duration duration{};              ///< from the first sample to the last
  Duration exposure{};              ///< of that, what was integrated
  double effective_averages = 0.0;  ///< independent spectra averaged: the radiometer equation's bandwidth times time
  std::uint64_t samples = 0;        ///< items that went in
  std::uint64_t samples_lost = 0;
  std::vector<Gap> gaps{};  ///< in which they were lost, in their order; of more than 32 the longest
  Pointing pointing{};
  std::string receiver{};
};

/// The line of a spectrum. (`spectrum.peak()` finds it.)
struct Peak {
  double peak_k = 0.0;               ///< above the baseline
  double sigma_k = 0.0;              ///< its standard error
  double peak_velocity_km_s = 0.0;   ///< in the spectrum's frame; NaN when that needs a pointing that is not known
  double sigma_velocity_km_s = 0.0;  ///< its standard error: a flat line's highest channel is any of many
  Frequency peak_frequency{};        ///< topocentric
  double rms_k = 0.0;                ///< of the single channels that the baseline was fitted to
};

/// How a line is looked for.
struct PeakOptions {
  int smooth = 0;                   ///< channels of the running mean, odd; 0: as many as 7 km/s take
  int baseline_order = 1;           ///< polynomial, fitted to what is not line
  double window_km_s = 300.0;       ///< looks within this of the rest frequency, either side, LSRK
  std::optional<Frequency> rest{};  ///< nothing: the spectrum's
};

/// A spectrum in kelvin (antenna temperature above what the reference had), with its error.
struct CalibratedSpectrum {
  FrequencyAxis axis{};
  std::vector<float> temperature_k{};
  std::vector<float> sigma_k{};  ///< standard error of each channel, radiometer noise and calibration
  std::vector<float> weight{};
  double tsys_k = 0.0;      ///< median over the band, on the calibration's cold side
  double receiver_k = 0.0;  ///< receiver temperature, median over the band
  Time start{};
  Time mid{};
  Duration duration{};
  Duration exposure{};
  std::uint64_t samples = 0;
  std::uint64_t samples_lost = 0;
  Pointing pointing{};
  std::string receiver{};
  sky::VelocityFrame velocity_frame = sky::VelocityFrame::lsrk;  ///< in which its velocities are told and written
  Frequency rest = hydrogen_line;                                ///< of the line that its velocities are of

  /// Velocity of a channel in its frame, radio definition, from pointing, site and mid-time, of its line or of
  /// another; throws `invalid_argument` when the pointing is not known (the telescope's own frame needs none).
  ASTRO_API double velocity_km_s(double channel, std::optional<Frequency> line = std::nullopt) const;
  ASTRO_API std::vector<double> velocities_km_s(std::optional<Frequency> line = std::nullopt) const;
  /// The same in the LSRK, whatever its frame: what Galactic rotation is about.
  ASTRO_API double velocity_lsrk_km_s(double channel, std::optional<Frequency> line = std::nullopt) const;
  ASTRO_API std::vector<double> velocities_lsrk_km_s(std::optional<Frequency> line = std::nullopt) const;

  /// The highest channel of the running mean above a baseline that is fitted beside the line
  /// (iteratively, 3 sigma). The outermost twentieth of the band at either end, where filters roll
  /// off, is left out. A running mean of w lowers a line of full width f at half maximum by about
  /// (w / f)^2 / 4.3. Throws `invalid_argument` when too few channels have weight.
  ASTRO_API Peak peak(const PeakOptions& options = {}) const;
};

}  // namespace astro
