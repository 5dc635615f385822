// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "astro/export.hpp"
#include "astro/signal/spectrum.hpp"

/// Recordings that other programs wrote. All readers throw `invalid_file` with file, place and what
/// was expected when something is truncated, empty or not of its format.
namespace astro::files {

/// Spectra of one recording, as the file orders them: in order of time, and on one axis unless the
/// format says otherwise.
struct SpectraFile {
  std::vector<Spectrum> spectra{};
  double bandwidth_hz = 0.0;
  std::string observer{};
  std::string telescope{};
  double gain_db = 0.0;
  std::string object{};  ///< name of the target
  std::string unit{};    ///< of the power, where the file says it: "K", "Jy", "Counts"
};

/// West Virginia horn, `.ast` and `.hot`: ASCII, '#' header, then "channel frequency counts". The
/// pointing comes from AZ, EL, UTC and the site; the RA, DEC and GAL of the header are precessed
/// twice by the program that wrote them and are not read.
ASTRO_API SpectraFile read_horn(const std::filesystem::path& path);

/// Virgo: float32 spectra in `.dat`, with `key=value` in the `.header` beside it.
ASTRO_API SpectraFile read_virgo(const std::filesystem::path& dat);

/// SDRangel's radio astronomy plugin, "save spectrum data": a headline of columns, then a spectrum a
/// line. The times are those of the computer's clock, and taken as UTC since no zone stands there.
ASTRO_API SpectraFile read_sdrangel(const std::filesystem::path& path);

/// rtl_power and what writes as it does (hackrf_sweep): "date, time, Hz low, Hz high, Hz step, samples,
/// dB, dB, ...". Lines of one time that lie side by side are one spectrum; decibels become powers.
ASTRO_API SpectraFile read_rtl_power(const std::filesystem::path& path);

/// What `write_csv` wrote: one spectrum in kelvin, or many.
ASTRO_API SpectraFile read_csv(const std::filesystem::path& path);

/// Any of a recording of spectra, by the file's ending: `.ast .hot` (horn), `.dat` (Virgo), `.txt` (the
/// 20 metre telescope of Green Bank), `.csv` (SDRangel, rtl_power or ours, by its first line), `.fits
/// .sdfits` (SDFITS, or what `write_fits` wrote), `.fil .tim` (SIGPROC). Throws `not_found`,
/// `invalid_file` for others.
ASTRO_API SpectraFile read_spectra(const std::filesystem::path& path);

/// What is known of a file of IQ samples.
struct IqInfo {
  Dtype dtype = Dtype::cu8;  ///< cu8, ci8, ci16 or cf32
  Frequency sample_rate{};   ///< zero: the file does not say
  Frequency frequency{};     ///< zero: the file does not say
  std::optional<Time> start{};
  std::uint64_t samples = 0;
  std::uint64_t data_offset = 0;  ///< bytes before the first sample
  std::filesystem::path data{};   ///< the file that holds them
};

/// Looks at a file: `.cu8 .cs8 .cs16 .cf32 .wav` (two channels, PCM 8 or 16 or float 32) or
/// `.sigmf-meta` / `.sigmf-data` (SigMF 1.0). Other endings need `dtype`.
ASTRO_API IqInfo inspect_iq(const std::filesystem::path& path, std::optional<Dtype> dtype = {});

/// Reads samples in order; memory is constant.
class ASTRO_API IqReader {
 public:
  explicit IqReader(const IqInfo& info);
  const IqInfo& info() const noexcept { return info_; }
  /// Fills whole samples; returns how many. Fewer than asked: the end.
  std::size_t read(std::span<std::byte> buffer);
  void rewind();

 private:
  IqInfo info_;
  std::ifstream stream_;
  std::uint64_t left_ = 0;
};

}  // namespace astro::files
