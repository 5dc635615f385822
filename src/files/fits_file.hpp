// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <fstream>
#include <span>
#include <vector>

#include "files/fits_header.hpp"

namespace astro::files {

/// One header with its data.
struct FitsUnit {
  FitsHeader header;
  std::uint64_t begin = 0;             ///< where the header begins
  std::uint64_t data = 0;              ///< where the data begin
  std::uint64_t bytes = 0;             ///< of data, padding not counted
  std::vector<std::uint64_t> shape{};  ///< NAXIS1, NAXIS2, ...
};

/// Reads a FITS file of anybody. CFITSIO writes ours, but is not made for hostile files and keeps its
/// errors for the whole process; a file is read here, where each size is compared with the file's
/// length before anything is reserved. Not safe for two threads at once.
class FitsFile {
 public:
  /// Reads all headers; throws when a header or its data are cut.
  explicit FitsFile(const std::filesystem::path& path);

  const std::filesystem::path& path() const noexcept { return path_; }
  const std::vector<FitsUnit>& units() const noexcept { return units_; }
  /// Fills `into` from a place that lies within the file.
  void read(std::uint64_t at, std::span<std::byte> into);

 private:
  FitsUnit read_unit(std::uint64_t at, bool is_first);
  std::uint64_t read_header(FitsHeader& header, std::uint64_t at);
  void measure(FitsUnit& unit) const;

  std::filesystem::path path_;
  std::uint64_t size_ = 0;
  std::ifstream stream_;
  std::vector<FitsUnit> units_;
};

}  // namespace astro::files
