// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <fitsio.h>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "astro/time.hpp"

namespace astro::files {

/// FITS writes UTC without a Z (FITS standard 4.0, section 9.1).
std::string fits_time(Time time, int digits = 6);

/// A column of a table that is written.
struct FitsNewColumn {
  std::string name;
  std::string form;  ///< TFORMn: "D", "32A", "1024E"
  std::string unit{};
};

/// FITS images and tables, one after the other in one file that grows in memory. A failure of
/// CFITSIO is `storage` with its whole error stack. CFITSIO keeps that stack for the process, and
/// is not built safe for threads everywhere: one writer at a time.
class FitsWriter {
 public:
  FitsWriter();
  ~FitsWriter();
  FitsWriter(const FitsWriter&) = delete;
  FitsWriter& operator=(const FitsWriter&) = delete;

  /// Begins the next image (the first one is the primary) with its pixels.
  void add_image(std::span<const float> pixels);
  /// The same of several axes, the one that runs fastest first.
  void add_image(std::span<const float> pixels, std::span<const std::size_t> size);
  void add_image(std::span<const std::uint16_t> pixels, std::span<const std::size_t> size);
  /// Begins a binary table; before the first image an empty primary one is put.
  void add_table(const std::string& name, const std::vector<FitsNewColumn>& columns, std::size_t rows);

  // Cells of the table, columns and rows from 0.
  void cell(std::size_t row, std::size_t column, double value);
  void cell(std::size_t row, std::size_t column, long long value);
  void cell(std::size_t row, std::size_t column, bool value);
  void cell(std::size_t row, std::size_t column, const std::string& value);
  void cell(std::size_t row, std::size_t column, std::span<const float> values);
  void cell(std::size_t row, std::size_t column, std::span<const unsigned char> values);

  void key(const char* name, double value, const char* comment);
  void key(const char* name, long long value, const char* comment);
  void key(const char* name, bool value, const char* comment);
  /// Nothing is written for an empty text. What is not printable ASCII becomes '?', as FITS demands.
  void key(const char* name, const std::string& value, const char* comment);
  /// One as it stands, of 80 characters, instead of one of that name. Comments are left out.
  void card(const std::string& card);

  /// Ends the last image; the bytes live as long as this object.
  std::span<const std::byte> finish();

 private:
  void check(const char* doing);
  void write_image(int type, int item, std::size_t count, const void* pixels, std::span<const std::size_t> size);
  void write_cell(std::size_t row, std::size_t column, int type, std::size_t count, const void* values);

  std::unique_lock<std::mutex> lock_;
  void* memory_ = nullptr;
  std::size_t reserved_ = 0;
  fitsfile* file_ = nullptr;
  int status_ = 0;
};

}  // namespace astro::files
