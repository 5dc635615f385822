// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "astro/export.hpp"
#include "astro/signal/spectrum.hpp"

/// SIGPROC's filterbank and time series files (Lorimer 2011, ascl:1107.016): what searches for pulsars
/// and bursts read.
namespace astro::files {

/// What a file says of itself. A time series (.tim) has one channel.
struct FilterbankInfo {
  FrequencyAxis axis{};  ///< ascending, whatever the file's order; of a time series the step may be zero
  Duration period{};     ///< from one spectrum to the next
  Time start{};          ///< UTC of the first
  int bits = 32;         ///< of a number: 1, 2, 4, 8, 16 (unsigned) or 32 (float)
  std::uint64_t spectra = 0;
  std::string source{};             ///< name of the target
  std::optional<Icrs> direction{};  ///< of J2000
  bool descending = true;           ///< the file's order of channels; most programs want the highest frequency first
  std::filesystem::path data{};     ///< the file
  std::uint64_t data_offset = 0;    ///< bytes before the first number
};

/// Looks at a `.fil` or `.tim`. Throws `not_found`, `invalid_file` naming byte and keyword. Files of
/// several polarisations (nifs) are refused.
ASTRO_API FilterbankInfo inspect_filterbank(const std::filesystem::path& path);

/// Reads spectra in order; memory is constant.
class ASTRO_API FilterbankReader {
 public:
  explicit FilterbankReader(const FilterbankInfo& info);
  const FilterbankInfo& info() const noexcept { return info_; }
  /// Fills whole spectra, frequencies ascending; returns how many. Fewer than asked: the end.
  std::size_t read(std::span<float> buffer);
  void rewind() noexcept;

 private:
  void load(std::uint64_t at, std::uint64_t bytes);

  FilterbankInfo info_;
  std::ifstream stream_;
  std::vector<std::byte> packed_;
  std::uint64_t left_ = 0;
};

/// Writes spectra, one after the other with frequencies ascending, as `.fil` (or, of one channel, as a
/// time series). Numbers are rounded and cut to what `info.bits` hold (1 bit: 0 and 1): scale them
/// first. `info.spectra`, `data` and `data_offset` are not used.
ASTRO_API void write_filterbank(const std::filesystem::path& path, const FilterbankInfo& info,
                                std::span<const float> spectra);

}  // namespace astro::files
