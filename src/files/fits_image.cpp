// SPDX-License-Identifier: BSD-3-Clause
#include "files/fits_image.hpp"

#include <array>
#include <cstdlib>
#include <vector>

#include "astro/error.hpp"

namespace astro::files {
namespace {

std::mutex cfitsio;

constexpr std::size_t block_bytes = 2880;  ///< FITS files grow by blocks of this size (FITS standard 4.0, section 3.1)

/// What CFITSIO says of a failure: the meaning of the status, then its messages from the oldest on.
std::string reason_of(int status) {
  std::array<char, FLEN_ERRMSG> text{};
  fits_get_errstatus(status, text.data());
  std::string reason = std::string(text.data()) + " (CFITSIO status " + std::to_string(status) + ")";
  while (fits_read_errmsg(text.data()) != 0) reason += std::string("; ") + text.data();
  return reason;
}

}  // namespace

FitsImages::FitsImages() : lock_(cfitsio) {
  fits_clear_errmsg();
  reserved_ = 16 * block_bytes;
  memory_ = std::malloc(reserved_);
  if (memory_ == nullptr) throw std::bad_alloc();
  fits_create_memfile(&file_, &memory_, &reserved_, 64 * block_bytes, std::realloc, &status_);
  if (status_ != 0) {
    const std::string reason = reason_of(status_);
    std::free(memory_);
    throw Error(ErrorCode::storage, "cannot make a FITS file: " + reason);
  }
}

FitsImages::~FitsImages() {
  int ignored = 0;
  fits_close_file(file_, &ignored);
  fits_clear_errmsg();
  std::free(memory_);
}

void FitsImages::check(const char* doing) {
  if (status_ == 0) return;
  throw Error(ErrorCode::storage, std::string("cannot make a FITS file: ") + doing + ": " + reason_of(status_));
}

void FitsImages::add_image(std::span<const float> pixels) {
  std::array<long, 1> size{static_cast<long>(pixels.size())};
  fits_create_img(file_, FLOAT_IMG, 1, size.data(), &status_);
  // CFITSIO takes the pixels by a pointer to what is not constant, though it does not change them.
  std::vector<float> copy(pixels.begin(), pixels.end());
  fits_write_img(file_, TFLOAT, 1, static_cast<LONGLONG>(copy.size()), copy.data(), &status_);
  check("writing an image");
}

void FitsImages::key(const char* name, double value, const char* comment) {
  fits_update_key(file_, TDOUBLE, name, &value, comment, &status_);
  check(name);
}

void FitsImages::key(const char* name, long long value, const char* comment) {
  fits_update_key(file_, TLONGLONG, name, &value, comment, &status_);
  check(name);
}

void FitsImages::key(const char* name, const std::string& value, const char* comment) {
  if (value.empty()) return;
  std::string printable = value;
  for (char& letter : printable) {
    if (letter < ' ' || letter > '~') letter = '?';
  }
  fits_update_key_longstr(file_, name, printable.c_str(), comment, &status_);
  check(name);
}

std::span<const std::byte> FitsImages::finish() {
  LONGLONG end = 0;
  fits_flush_file(file_, &status_);
  fits_get_hduaddrll(file_, nullptr, nullptr, &end, &status_);
  check("ending the file");
  return {static_cast<const std::byte*>(memory_), static_cast<std::size_t>(end)};
}

}  // namespace astro::files
