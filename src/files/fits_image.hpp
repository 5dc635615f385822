// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <fitsio.h>

#include <cstddef>
#include <mutex>
#include <span>
#include <string>

namespace astro::files {

/// FITS images of one axis, one after the other in one file that grows in memory. A failure of
/// CFITSIO is `storage` with its whole error stack. CFITSIO keeps that stack for the process, and
/// is not built safe for threads everywhere: one writer at a time.
class FitsImages {
 public:
  FitsImages();
  ~FitsImages();
  FitsImages(const FitsImages&) = delete;
  FitsImages& operator=(const FitsImages&) = delete;

  /// Begins the next image (the first one is the primary) with its pixels.
  void add_image(std::span<const float> pixels);

  void key(const char* name, double value, const char* comment);
  void key(const char* name, long long value, const char* comment);
  /// Nothing is written for an empty text. What is not printable ASCII becomes '?', as FITS demands.
  void key(const char* name, const std::string& value, const char* comment);

  /// Ends the last image; the bytes live as long as this object.
  std::span<const std::byte> finish();

 private:
  void check(const char* doing);

  std::unique_lock<std::mutex> lock_;
  void* memory_ = nullptr;
  std::size_t reserved_ = 0;
  fitsfile* file_ = nullptr;
  int status_ = 0;
};

}  // namespace astro::files
