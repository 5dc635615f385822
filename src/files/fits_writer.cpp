// SPDX-License-Identifier: BSD-3-Clause
#include "files/fits_writer.hpp"

#include <array>
#include <cstdlib>
#include <vector>

#include "astro/error.hpp"

namespace astro::files {
namespace {

std::mutex cfitsio;

constexpr std::size_t fits_block_bytes =
    2880;  ///< FITS files grow by blocks of this size (FITS standard 4.0, section 3.1)

/// What CFITSIO says of a failure: the meaning of the status, then its messages from the oldest on.
std::string reason_of(int status) {
  std::array<char, FLEN_ERRMSG> text{};
  fits_get_errstatus(status, text.data());
  std::string reason = std::string(text.data()) + " (CFITSIO status " + std::to_string(status) + ")";
  while (fits_read_errmsg(text.data()) != 0) reason += std::string("; ") + text.data();
  return reason;
}

std::string printable(std::string text) {
  for (char& letter : text) {
    if (letter < ' ' || letter > '~') letter = '?';
  }
  return text;
}

}  // namespace

std::string fits_time(Time time, int digits) {
  std::string text = format_time(time, digits);
  if (!text.empty() && text.back() == 'Z') text.pop_back();
  return text;
}

FitsWriter::FitsWriter() : lock_(cfitsio) {
  fits_clear_errmsg();
  reserved_ = 16 * fits_block_bytes;
  // Zeros: CFITSIO would find in used memory what it takes for a file, and write behind it.
  memory_ = std::calloc(reserved_, 1);
  if (memory_ == nullptr) throw std::bad_alloc();
  fits_create_memfile(&file_, &memory_, &reserved_, 64 * fits_block_bytes, std::realloc, &status_);
  if (status_ != 0) {
    const std::string reason = reason_of(status_);
    std::free(memory_);
    throw Error(ErrorCode::storage, "cannot make a FITS file: " + reason);
  }
}

FitsWriter::~FitsWriter() {
  int ignored = 0;
  fits_close_file(file_, &ignored);
  fits_clear_errmsg();
  std::free(memory_);
}

void FitsWriter::check(const char* doing) {
  if (status_ == 0) return;
  throw Error(ErrorCode::storage, std::string("cannot make a FITS file: ") + doing + ": " + reason_of(status_));
}

void FitsWriter::add_image(std::span<const float> pixels) {
  const std::array<std::size_t, 1> size{pixels.size()};
  add_image(pixels, size);
}

void FitsWriter::add_image(std::span<const float> pixels, std::span<const std::size_t> size) {
  write_image(FLOAT_IMG, TFLOAT, pixels.size(), pixels.data(), size);
}

void FitsWriter::add_image(std::span<const std::uint16_t> pixels, std::span<const std::size_t> size) {
  write_image(USHORT_IMG, TUSHORT, pixels.size(), pixels.data(), size);
}

void FitsWriter::write_image(int type, int item, std::size_t count, const void* pixels,
                             std::span<const std::size_t> size) {
  std::vector<long> lengths(size.begin(), size.end());
  fits_create_img(file_, type, static_cast<int>(lengths.size()), lengths.data(), &status_);
  // CFITSIO takes the pixels by a pointer to what is not constant, though it does not change them.
  fits_write_img(file_, item, 1, static_cast<LONGLONG>(count), const_cast<void*>(pixels), &status_);
  check("writing an image");
}

void FitsWriter::add_table(const std::string& name, const std::vector<FitsNewColumn>& columns, std::size_t rows) {
  // CFITSIO takes lists of texts by pointers to what is not constant, though it does not change them.
  std::vector<FitsNewColumn> copies = columns;
  std::vector<char*> names;
  std::vector<char*> forms;
  std::vector<char*> units;
  for (FitsNewColumn& column : copies) {
    names.push_back(column.name.data());
    forms.push_back(column.form.data());
    units.push_back(column.unit.data());
  }
  fits_create_tbl(file_, BINARY_TBL, static_cast<LONGLONG>(rows), static_cast<int>(copies.size()), names.data(),
                  forms.data(), units.data(), name.c_str(), &status_);
  check("making a table");
}

void FitsWriter::write_cell(std::size_t row, std::size_t column, int type, std::size_t count, const void* values) {
  fits_write_col(file_, type, static_cast<int>(column) + 1, static_cast<LONGLONG>(row) + 1, 1,
                 static_cast<LONGLONG>(count), const_cast<void*>(values), &status_);
  check("writing a cell of a table");
}

void FitsWriter::cell(std::size_t row, std::size_t column, double value) {
  write_cell(row, column, TDOUBLE, 1, &value);
}

void FitsWriter::cell(std::size_t row, std::size_t column, long long value) {
  write_cell(row, column, TLONGLONG, 1, &value);
}

void FitsWriter::cell(std::size_t row, std::size_t column, bool value) {
  const char truth = value ? 1 : 0;
  write_cell(row, column, TLOGICAL, 1, &truth);
}

void FitsWriter::cell(std::size_t row, std::size_t column, const std::string& value) {
  std::string text = printable(value);
  char* pointer = text.data();
  write_cell(row, column, TSTRING, 1, &pointer);
}

void FitsWriter::cell(std::size_t row, std::size_t column, std::span<const float> values) {
  write_cell(row, column, TFLOAT, values.size(), values.data());
}

void FitsWriter::cell(std::size_t row, std::size_t column, std::span<const unsigned char> values) {
  write_cell(row, column, TBYTE, values.size(), values.data());
}

void FitsWriter::key(const char* name, double value, const char* comment) {
  fits_update_key(file_, TDOUBLE, name, &value, comment, &status_);
  check(name);
}

void FitsWriter::key(const char* name, long long value, const char* comment) {
  fits_update_key(file_, TLONGLONG, name, &value, comment, &status_);
  check(name);
}

void FitsWriter::key(const char* name, bool value, const char* comment) {
  int truth = value ? 1 : 0;
  fits_update_key(file_, TLOGICAL, name, &truth, comment, &status_);
  check(name);
}

void FitsWriter::key(const char* name, const std::string& value, const char* comment) {
  if (value.empty()) return;
  fits_update_key_longstr(file_, name, printable(value).c_str(), comment, &status_);
  check(name);
}

void FitsWriter::card(const std::string& card) {
  const std::string name = card.substr(0, card.find_first_of(" ="));
  if (name.empty() || name == "COMMENT" || name == "END") return;
  fits_update_card(file_, name.c_str(), printable(card).c_str(), &status_);
  check(card.c_str());
}

std::span<const std::byte> FitsWriter::finish() {
  LONGLONG end = 0;
  fits_flush_file(file_, &status_);
  fits_get_hduaddrll(file_, nullptr, nullptr, &end, &status_);
  check("ending the file");
  return {static_cast<const std::byte*>(memory_), static_cast<std::size_t>(end)};
}

}  // namespace astro::files
