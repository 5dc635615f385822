// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "astro/export.hpp"
#include "astro/files/export.hpp"
#include "astro/imaging/calibration.hpp"
#include "astro/imaging/image.hpp"
#include "astro/value.hpp"

/// Frames of a camera in FITS.
namespace astro::files {

/// An image in a FITS file, opened once: as a whole or a band of rows at a time, so that memory is bounded however
/// large it is. One thread at a time.
///
/// Taken is the first unit with two axes, or the `unit`-th (0: the first header), of any BITPIX, scaled by BSCALE and
/// BZERO, plain or compressed in tiles (RICE_1, GZIP_1, GZIP_2). BLANK and NaN are `Flag::no_data`. Beside it in the
/// file, by EXTNAME or EXTTYPE: the noise as `VARIANCE`, `VAR`, `ERR` or `UNCERT` (with ccdproc's UTYPE); the mask as
/// `MASK` (named by cards MP_ as those of Rubin's pipelines, else `Flag::user` for whatever is not zero) or `DQ`
/// (JWST's bits 1, 2 and 4). A card that is missing or makes no sense leaves its default: EGAIN or GAIN, RDNOISE,
/// READNOIS or RON, EXPTIME, EXPOSURE or XPOSURE, SATURATE or SATLEVEL, FILTER, OBJECT, BUNIT; the middle from
/// DATE-AVG, MJD-AVG or DATE-OBS (with UT or TIME-OBS) in UTC.
class ASTRO_API ImageReader {
 public:
  /// Throws `not_found`, and `invalid_file` naming card and byte: for what is cut, says other sizes than the file
  /// holds, has no image of two axes or more than 2^29 pixels.
  explicit ImageReader(const std::filesystem::path& path, int unit = -1);
  ~ImageReader();
  ImageReader(ImageReader&&) noexcept;
  ImageReader& operator=(ImageReader&&) noexcept;

  std::size_t rows() const noexcept;
  std::size_t columns() const noexcept;
  /// A card of the image's header; null when there is none.
  Value card(std::string_view name) const;

  /// The whole image. Throws `invalid_file` also when no pixel has a number, and for world coordinates that cannot be
  /// understood.
  imaging::Image read();
  /// Rows from `first` on, without world coordinates. Throws `invalid_argument` outside the image.
  imaging::Image read(std::size_t first, std::size_t rows);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// `ImageReader(path, unit).read()`.
ASTRO_API imaging::Image read_image(const std::filesystem::path& path, int unit = -1);

/// What the cards of a FITS header, 80 characters each, say of an image beside its pixels and world coordinates: all
/// that `ImageReader` takes from them.
ASTRO_API void take_cards(std::string_view cards, imaging::Image& image);

/// Frames for masters: each file is opened once, and read a band at a time. Throws `invalid_argument` for frames of
/// different shapes, and as `ImageReader`.
ASTRO_API imaging::Stack open_stack(const std::vector<std::filesystem::path>& paths, int unit = -1);

/// Writes 32-bit floats; the variance as the extension UNCERT and the mask as MASK, if there are any: what astropy's
/// `CCDData.read` understands. Unusable pixels keep their values. Throws `invalid_argument` when the planes do not fit
/// each other, `storage`.
ASTRO_API void write_image(const std::filesystem::path& path, const imaging::Image& image,
                           const Provenance& provenance = {});

}  // namespace astro::files
