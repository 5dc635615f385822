// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "astro/export.hpp"
#include "astro/files/recordings.hpp"
#include "astro/signal/spectrum.hpp"

/// Files for others. Each is written under a temporary name beside it, flushed and renamed, so that
/// what bears the name is whole; a failure is `storage` with the reason and leaves nothing.
namespace astro::files {

/// Who, what and how: goes into the header of each export.
struct Provenance {
  std::string object{};  ///< name of the target
  std::string observer{};
  std::string telescope{};
  std::string instrument{};
  std::string observation_id{};
  std::string software{};     ///< name and version of what wrote it; empty: libastro's
  std::string settings{};     ///< how it was taken, as JSON; empty: not said
  std::string calibration{};  ///< what brought it to its unit, as JSON; empty: not said
};

/// A spectrum as a FITS image of one axis with its world coordinates (Greisen et al. 2006, A&A 446,
/// 747): CTYPE1 FREQ in Hz, SPECSYS TOPOCENT, RESTFRQ, VELOSYS to the spectrum's frame, BUNIT K, DATE-OBS, DATE-AVG,
/// EXPOSURE, RA and DEC of the beam, and the site as OBSGEO-X/Y/Z; the error and the weight as extensions. The
/// alternative axis V is the radio velocity in the spectrum's frame (VRAD in m/s, SPECSYSV).
ASTRO_API void write_fits(const std::filesystem::path& path, const CalibratedSpectrum& spectrum,
                          const Provenance& provenance = {});

/// Columns: frequency_hz, velocity_lsrk_km_s (or another frame's name), temperature_k, sigma_k, weight; '#' lines
/// before tell the rest.
ASTRO_API void write_csv(const std::filesystem::path& path, const CalibratedSpectrum& spectrum,
                         const Provenance& provenance = {});

/// Spectra of one axis, a line each, with fields start_utc, exposure_s and one for each channel, whose
/// headline is its frequency in hertz; a field of weight 0 is empty. '#' lines before tell the rest.
ASTRO_API void write_csv(const std::filesystem::path& path, const SpectraFile& spectra);

/// Writes samples of IQ as they come, by the file's ending: `.cu8 .cs8 .cs16 .cf32` (nothing but samples),
/// `.wav` (two channels: PCM of 8 or 16 bits, or float) or `.sigmf-meta` (SigMF 1.0). Where the format
/// has other samples than the recording they are scaled, full scale to full scale as
/// `SpectrometerOptions` says, rounded and cut.
class ASTRO_API IqWriter {
 public:
  /// `info` says what comes: dtype, rate, frequency and start. Throws `invalid_argument` for another
  /// ending.
  IqWriter(const std::filesystem::path& path, const IqInfo& info);
  ~IqWriter();
  IqWriter(const IqWriter&) = delete;
  IqWriter& operator=(const IqWriter&) = delete;

  void write(std::span<const std::byte> samples);  ///< whole samples of `info.dtype`
  void finish();                                   ///< without it nothing stays

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Writes a whole file so that it is there entirely or not at all, also after a power cut.
ASTRO_API void write_whole(const std::filesystem::path& path, std::span<const std::byte> content);

}  // namespace astro::files
