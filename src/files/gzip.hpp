// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <span>

#include "astro/imaging/image.hpp"
#include "astro/value.hpp"

namespace astro::files {

/// Deflate without a header (RFC 1951), with that of gzip (RFC 1952), or with that of gzip or zlib (RFC 1950).
enum class Compression { raw, gzip, gzip_or_zlib };

/// Throws `invalid_file` for what is damaged, or becomes larger than `most`.
Bytes decompressed(std::span<const std::byte> from, Compression how, std::size_t most);
/// The same bytes each time.
Bytes gzipped(std::span<const std::byte> from);

/// The primary array of a small FITS file in memory, of two axes. Throws `invalid_file`.
imaging::Plane<float> read_fits_stamp(std::span<const std::byte> from);
/// Single precision, without a place on the sky.
Bytes fits_stamp(const imaging::Plane<float>& pixels);

}  // namespace astro::files
