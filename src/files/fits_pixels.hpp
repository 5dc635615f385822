// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "files/fits_file.hpp"

namespace astro::files {

/// How the numbers of an image are stored (FITS standard 4.0, sections 4.4.1 and 4.4.2).
struct FitsNumbers {
  std::int64_t bits = 8;  ///< BITPIX, or ZBITPIX
  double scale = 1.0;
  double zero = 0.0;
  bool has_blank = false;
  double blank = 0.0;

  std::size_t bytes_each() const noexcept { return static_cast<std::size_t>(bits < 0 ? -bits : bits) / 8; }
};

FitsNumbers numbers_of(const FitsHeader& header, const char* bits_card = "BITPIX");

/// Numbers from the bytes of a file; a blank one is NaN. `bytes` holds as many as `into`. T: float, double.
template <class T>
void decode(std::span<const std::byte> bytes, const FitsNumbers& how, std::span<T> into);

/// Those of an image that is not compressed, from the `first` on.
template <class T>
void read_numbers(FitsFile& file, const FitsUnit& unit, const FitsNumbers& how, std::uint64_t first, std::span<T> into);

}  // namespace astro::files
