// SPDX-License-Identifier: BSD-3-Clause
#include "fits.hpp"

#include <fitsio.h>
#include <zlib.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <string>

#include "astro/error.hpp"

namespace indi {

namespace {

constexpr int most_hdus = 8;  // before the one with the frame

[[noreturn]] void refuse_frame(const std::string& what) {
  throw astro::Error(astro::ErrorCode::device_fault, "the frame that came cannot be read: " + what);
}

std::string cfitsio_text(int status) {
  std::array<char, FLEN_STATUS> text{};
  fits_get_errstatus(status, text.data());
  fits_clear_errmsg();
  return text.data();
}

astro::Bytes inflated(const Element& blob) {
  astro::Bytes made(blob.size);
  uLongf size = static_cast<uLongf>(made.size());
  const int done =
      ::uncompress(reinterpret_cast<Bytef*>(made.data()), &size, reinterpret_cast<const Bytef*>(blob.bytes.data()),
                   static_cast<uLong>(blob.bytes.size()));
  if (done != Z_OK || size != blob.size) refuse_frame("its zlib is broken, or its size is not the one that it says");
  return made;
}

int cfitsio_type(astro::Dtype dtype) {
  switch (dtype) {
    case astro::Dtype::u8:
      return TBYTE;
    case astro::Dtype::u16:
      return TUSHORT;
    case astro::Dtype::i64:
      return TLONGLONG;
    default:
      return TFLOAT;
  }
}

struct Closes {
  void operator()(fitsfile* file) const {
    int status = 0;
    fits_close_file(file, &status);
    fits_clear_errmsg();
  }
};

}  // namespace

std::optional<astro::Time> read_frame(const Element& blob, const astro::StreamSettings& expected,
                                      std::span<std::byte> into) {
  const bool is_zlib = blob.text.ends_with(".z");
  if (blob.text.find(".fits") == std::string::npos) {
    refuse_frame("it is of the format \"" + blob.text.substr(0, 20) +
                 "\"; let the camera send FITS (CCD_TRANSFER_FORMAT)");
  }
  const astro::Bytes plain = is_zlib ? inflated(blob) : astro::Bytes();
  const astro::Bytes& bytes = is_zlib ? plain : blob.bytes;
  // CFITSIO only reads it, though it wants the right to write.
  void* memory = const_cast<std::byte*>(bytes.data());
  std::size_t size = bytes.size();
  int status = 0;
  fitsfile* opened = nullptr;
  if (fits_open_memfile(&opened, "frame.fits", READONLY, &memory, &size, 0, nullptr, &status) != 0) {
    refuse_frame(cfitsio_text(status));
  }
  const std::unique_ptr<fitsfile, Closes> file(opened);
  int depth = 0;
  int axes = 0;
  std::array<LONGLONG, 4> lengths{};
  for (int hdu = 1;; ++hdu) {
    // A compressed frame stands behind an empty one.
    if (fits_movabs_hdu(opened, hdu, nullptr, &status) == 0)
      fits_get_img_paramll(opened, static_cast<int>(lengths.size()), &depth, &axes, lengths.data(), &status);
    if (status != 0) refuse_frame(cfitsio_text(status));
    if (axes != 0) break;
    if (hdu == most_hdus) refuse_frame("there is no frame in it");
  }
  const auto rows = static_cast<LONGLONG>(expected.item_shape.at(0));
  const auto columns = static_cast<LONGLONG>(expected.item_shape.at(1));
  if (axes != 2 || lengths[1] != rows || lengths[0] != columns) {
    refuse_frame("it has " + std::to_string(lengths[1]) + " rows and " + std::to_string(lengths[0]) + " columns in " +
                 std::to_string(axes) + " axes, expected " + std::to_string(rows) + " and " + std::to_string(columns) +
                 " in 2; colour comes as the sensor's raw pattern (CCD_CAPTURE_FORMAT)");
  }
  // CFITSIO takes what is behind the end of a file in memory for zeros.
  LONGLONG begin = 0;
  LONGLONG end = 0;
  fits_get_hduaddrll(opened, nullptr, &begin, &end, &status);
  if (fits_is_compressed_image(opened, &status) == 0) end = begin + rows * columns * (std::abs(depth) / 8);
  constexpr LONGLONG padding = 2880;
  if (status != 0 || end > static_cast<LONGLONG>(size) + padding - 1 || begin >= static_cast<LONGLONG>(size)) {
    refuse_frame("it ends before its pixels do");
  }
  if (into.size() != expected.item_bytes()) refuse_frame("its buffer is not of its size");
  int has_nulls = 0;
  if (fits_read_img(opened, cfitsio_type(expected.dtype), 1, rows * columns, nullptr, into.data(), &has_nulls,
                    &status) != 0) {
    refuse_frame(cfitsio_text(status));
  }
  std::array<char, FLEN_VALUE> text{};
  if (fits_read_key(opened, TSTRING, "DATE-OBS", text.data(), nullptr, &status) != 0) {
    fits_clear_errmsg();
    return std::nullopt;
  }
  try {
    return astro::parse_time(text.data());
  } catch (const astro::Error&) {
    return std::nullopt;
  }
}

}  // namespace indi
