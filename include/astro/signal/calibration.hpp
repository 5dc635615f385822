// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "astro/export.hpp"
#include "astro/signal/measured.hpp"
#include "astro/signal/spectrum.hpp"

namespace astro {

/// What a calibration is made from.
struct CalibrationOptions {
  double hot_k = 295.0;  ///< physical temperature of the hot load
  double cold_k = 10.0;  ///< effective temperature of the cold load or blank sky
  int receiver_order =
      1;  ///< polynomial of the receiver temperature over the band: a line in the cold sky does not enter
  /// Left out of that fit, either side of `rest` (topocentric). In a band so narrow that less than a
  /// quarter of it would remain the window shrinks until a quarter remains.
  double line_window_km_s = 300.0;
  Frequency rest = hydrogen_line;  ///< of the line: spectra that are calibrated have it as theirs
  double sigma_hot_k = 0.0;        ///< standard errors of the two temperatures: the scale of all channels has
  double sigma_cold_k = 0.0;       ///< them in common, and `sigma_k` of what is calibrated contains them
};

/// Hot and cold calibration of a receiver (Y factor; e.g. Wilson, Rohlfs and Huettemeister, Tools of
/// Radio Astronomy, section 4.2): the receiver temperature from Y = hot / cold, smooth over the
/// band, and the gain of each channel from the hot load. It turns spectra into kelvin.
class ASTRO_API Calibration {
 public:
  /// Throws `invalid_argument` when axes differ or the hot side is not hotter than the cold one.
  static Calibration from_hot_cold(const Spectrum& hot, const Spectrum& cold, const CalibrationOptions& options = {});

  /// Without a cold load: the line-free channels of the spectrum itself are the cold sky.
  static Calibration from_hot(const Spectrum& hot, const Spectrum& sky, const CalibrationOptions& options = {});

  /// From a noise diode that adds `diode_k` to whatever is in front of the receiver: `on` and `off` are
  /// the spectra with and without it, and `options.cold_k` what the sky gives meanwhile; `options.hot_k` and
  /// `sigma_hot_k` are not looked at. The gain comes from their difference, in which a line of the sky is
  /// not; its noise, in kelvin of the system, is that of both over the diode's: a diode of a tenth of Tsys
  /// wants a hundred times the time of a load. Throws as `from_hot_cold`.
  static Calibration from_noise_diode(const Spectrum& on, const Spectrum& off, Measured diode_k,
                                      const CalibrationOptions& options = {});

  /// Antenna temperature of each channel, with the errors of both and of the two temperatures. Throws
  /// `invalid_argument` for another axis.
  CalibratedSpectrum apply(const Spectrum& spectrum) const;

  const CalibrationOptions& options() const noexcept { return options_; }
  const Spectrum& hot() const noexcept { return hot_; }
  const std::vector<double>& receiver_temperature_k() const noexcept { return receiver_k_; }
  double receiver_k() const noexcept;  ///< median over the band
  double tsys_k() const noexcept;      ///< receiver and cold side, median over the band

 private:
  Calibration(CalibrationOptions options, Spectrum hot, std::vector<double> receiver_k,
              double sigma_receiver_k) noexcept
      : options_(options),
        hot_(std::move(hot)),
        receiver_k_(std::move(receiver_k)),
        sigma_receiver_k_(sigma_receiver_k) {}

  CalibrationOptions options_;
  Spectrum hot_;
  std::vector<double> receiver_k_;
  double sigma_receiver_k_ = 0.0;
};

/// System temperature from a noise diode, the mean of both of its phases: diode (off / (on - off) + 1/2)
/// of the band's means without the outermost `edge` at either end, as GBTIDL's `dcmeantsys` (Marganian,
/// Garwood et al., GBTIDL user's guide). The error holds the diode's and the radiometer's. Throws
/// `invalid_argument` when axes differ or the diode adds nothing.
ASTRO_API Measured noise_diode_tsys_k(const Spectrum& on, const Spectrum& off, Measured diode_k, double edge = 0.1);

/// `on` over `off` (position switching): the fraction by which each channel exceeds the reference,
/// as temperature in units of the reference's system temperature `tsys_k` (1: a plain ratio).
/// `level`: the ratio is divided by its median over the band, which takes out what the gain did
/// between the two, and a difference in continuum with it.
ASTRO_API CalibratedSpectrum switched(const Spectrum& on, const Spectrum& off, double tsys_k = 1.0, bool level = true);

}  // namespace astro
