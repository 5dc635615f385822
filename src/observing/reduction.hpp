// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "astro/observing/observe.hpp"

namespace astro::detail {

/// One channel that holds the whole band: the continuum of a spectrum.
Spectrum band_power(const Spectrum& spectrum);

/// The calibrations of one observation, each of which holds from its place in the sequence on.
class Calibrations {
 public:
  /// Throws `invalid_argument` when the request wants a calibration and the observation was cut short before it.
  Calibrations(const Observation& observation, std::span<const Integration> stored, const Location& site);

  bool are_none() const noexcept { return epochs_.empty(); }
  /// Of the whole observation, medians; zero without calibration.
  double tsys_k() const noexcept;
  double receiver_k() const noexcept;
  /// Tsys that holds at a place in the sequence.
  double tsys_k(std::int64_t sequence) const noexcept;
  /// Tsys of what a spectrum itself saw, by the calibration that holds there: what is in units of it becomes kelvin.
  /// Its tuning may be another: the band is the receiver's. 1 without calibration.
  double tsys_k(std::int64_t sequence, const Spectrum& seen) const;
  /// Number of the calibration that holds there.
  std::size_t epoch_of(std::int64_t sequence) const noexcept;

  /// In kelvin; without calibration, or for a spectrum of one channel, throws `invalid_argument`.
  CalibratedSpectrum apply(std::size_t epoch, const Spectrum& spectrum) const;
  /// Mean over the band without lines, in kelvin (in receiver's units without calibration).
  Measured continuum(std::size_t epoch, const Spectrum& spectrum) const;

 private:
  struct Epoch {
    std::int64_t first = 0;
    std::optional<Calibration> calibration{};  ///< of spectra
    Measured hot_power{};                      ///< of one channel
    Measured cold_power{};
    double hot_k = 0.0;
    double cold_k = 0.0;
    double tsys_k = 0.0;
    double receiver_k = 0.0;
  };

  static Epoch made(const Observation& observation, std::span<const Spectrum> warm, std::span<const Spectrum> cold);

  std::vector<Epoch> epochs_;
};

/// One integration on the sky as a continuum measurement.
struct Sample {
  std::size_t step = 0;
  std::int64_t scan = 0;
  Time mid{};
  Icrs direction{};
  AltAz place{};
  Angle x{};  ///< from the step's target at that time, in the step's frame, true on the sky
  Angle y{};
  Measured kelvin{};
};

std::vector<Sample> samples_of(const Observation& observation, std::span<const Integration> stored,
                               const Calibrations& calibrations, const Location& site);

/// What the mode is for: widths, opacities, places.
std::vector<Finding> findings_of_mode(const Observation& observation, std::span<const Integration> stored,
                                      const Calibrations& calibrations, const Location& site);

/// Averages by inverse variance; all of one axis.
CalibratedSpectrum combined(std::span<const CalibratedSpectrum> spectra);

}  // namespace astro::detail
