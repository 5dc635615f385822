// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "files/fits_pixels.hpp"
#include "files/fits_table.hpp"

namespace astro::files {

/// An image of two axes that is compressed in tiles (FITS standard 4.0, section 10), by RICE_1, GZIP_1 or GZIP_2.
class FitsTiles {
 public:
  /// Throws `invalid_file` for another algorithm, and for more pixels than could be compressed into the file's bytes.
  FitsTiles(FitsFile& file, const FitsUnit& unit);

  std::size_t rows() const noexcept { return rows_; }
  std::size_t columns() const noexcept { return columns_; }
  /// Whole rows from the `first` on; NaN where a pixel is blank.
  void read(std::size_t first, std::span<double> into);

 private:
  void check_size() const;
  void read_strip(std::size_t strip);
  void read_tile(std::size_t tile, std::span<double> into);
  std::vector<std::byte> unpacked(const FitsColumn& column, std::size_t count, const FitsNumbers& how) const;
  void undo_quantisation(std::size_t tile, const FitsColumn& column, std::span<double> into) const;
  const FitsColumn* filled(const char* name) const;
  double parameter(const char* name, double otherwise) const;
  bool has_parameter(const char* name) const;

  const FitsUnit& unit_;
  FitsTable table_;
  FitsNumbers how_;
  std::string algorithm_;
  std::size_t rows_ = 0;
  std::size_t columns_ = 0;
  std::size_t tile_rows_ = 1;
  std::size_t tile_columns_ = 1;
  std::size_t rice_bytes_ = 4;
  std::size_t rice_block_ = 32;
  int dither_ = 0;        ///< 0, or SUBTRACTIVE_DITHER_1 or 2
  std::size_t seed_ = 1;  ///< ZDITHER0
  std::size_t strip_ = 0;
  std::vector<double> strip_pixels_;  ///< of the row of tiles that was read last; empty: none
};

}  // namespace astro::files
