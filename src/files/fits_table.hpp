// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "files/fits_file.hpp"

namespace astro::files {

/// A column of a binary table (FITS standard 4.0, section 7.3).
struct FitsColumn {
  std::string name;
  std::string unit;
  std::size_t number;  ///< from 1, as in TTYPEn
  char type;           ///< L X B I J K A E D C M P Q
  std::size_t repeat;
  std::size_t offset;  ///< bytes within the row
  double scale;        ///< TSCALn
  double zero;         ///< TZEROn
  char element = ' ';  ///< of P and Q: the type of what is in the heap
};

/// A binary table that is read row by row; memory is that of one row.
class FitsTable {
 public:
  FitsTable(FitsFile& file, const FitsUnit& unit);

  std::size_t rows() const noexcept { return rows_; }
  const std::vector<FitsColumn>& columns() const noexcept { return columns_; }
  const FitsColumn* find(std::string_view name) const noexcept;
  const FitsHeader& header() const noexcept { return unit_.header; }

  /// Makes a row, from 0, the one that is looked at.
  void load(std::size_t row);
  /// What a column that holds one thing has in this row; null for what is neither number, truth nor
  /// text. A text without blanks at its end.
  Value value(const FitsColumn& column) const;
  /// Elements of a column of numbers; scaled.
  void numbers(const FitsColumn& column, std::size_t first, std::span<float> into) const;
  /// The bytes that a column P or Q has in the heap for this row.
  std::vector<std::byte> heap(const FitsColumn& column) const;
  [[noreturn]] void refuse(const FitsColumn& column, const std::string& problem) const;

 private:
  FitsColumn read_column(std::size_t number, std::size_t offset) const;
  double element(const FitsColumn& column, std::size_t index) const;
  std::string text(const FitsColumn& column) const;

  FitsFile& file_;
  const FitsUnit& unit_;
  std::vector<FitsColumn> columns_;
  std::size_t rows_ = 0;
  std::size_t row_ = 0;
  std::vector<std::byte> bytes_;
};

/// Whether a column holds numbers.
bool is_numeric(const FitsColumn& column) noexcept;

}  // namespace astro::files
