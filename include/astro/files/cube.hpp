// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "astro/export.hpp"
#include "astro/signal/gridding.hpp"
#include "astro/value.hpp"

/// FITS images and cubes with their world coordinates.
namespace astro::files {

/// One axis: Greisen and Calabretta 2002, A&A 395, 1061.
struct WcsAxis {
  std::string type{};            ///< CTYPE: "RA---TAN", "GLAT-CAR", "FREQ", "VRAD", "STOKES", ...
  std::string unit{};            ///< CUNIT: "deg", "Hz", "m/s", ...
  double reference_pixel = 1.0;  ///< CRPIX; the centre of the first pixel is 1
  double reference_value = 0.0;  ///< CRVAL
  double step = 1.0;             ///< CDELT

  bool operator==(const WcsAxis&) const = default;
};

/// From pixels to the world and back. Two axes of directions (RA and DEC, GLON and GLAT, ELON and ELAT)
/// may be projected as TAN, SIN (without obliqueness) or CAR (about the equator): Calabretta and Greisen
/// 2002, A&A 395, 1077; all other axes are linear.
struct ASTRO_API Wcs {
  std::vector<WcsAxis> axes{};   ///< the axis that runs fastest first, as FITS counts them
  std::vector<double> matrix{};  ///< PCi_j, rows after each other; empty: unity
  std::string frame{};           ///< RADESYS: "ICRS", "FK5", ...
  std::string spectral_frame{};  ///< SPECSYS: "LSRK", "TOPOCENT", ...
  double rest_hz = 0.0;          ///< RESTFRQ; 0: not said

  /// One number for each axis in the units of the axes, pixels counted from 0 (as arrays are). NaN
  /// where a projection has no such place. Throws `unsupported` for another projection, and
  /// `invalid_argument` for another number of coordinates or a matrix that has no inverse.
  std::vector<double> world(std::span<const double> pixel) const;
  std::vector<double> pixel(std::span<const double> world) const;
};

/// An image or cube.
struct Cube {
  std::vector<std::size_t> shape{};  ///< of the array: the axis that runs fastest last, against `wcs.axes`
  std::vector<float> pixels{};       ///< row after row; NaN: not known
  Wcs wcs{};
  std::string unit{};    ///< BUNIT
  std::string object{};  ///< OBJECT
  Value more{};          ///< a map of all other cards; written again
};

/// What of a map.
enum class MapLayer : unsigned char { value, sigma, weight };

/// A map as FITS has it: its grid and velocities as axes (RA---TAN, GLAT-CAR, VRAD in m/s), the
/// unit of the layer, and its beam as BMAJ and BMIN in degrees. Throws `invalid_argument` for a map whose arrays do
/// not fit its grid.
ASTRO_API Cube cube_of(const SkyMap& map, MapLayer layer = MapLayer::value);

/// A map again from what `cube_of` made, without its errors. Throws `unsupported` for an image or cube with other axes.
ASTRO_API SkyMap map_of(const Cube& cube);

/// Reads the first image of a file, or the one in its `unit`-th header and data (0: the first header).
/// Integers are scaled (BSCALE, BZERO), BLANK becomes NaN. Throws `not_found`, `invalid_file` naming
/// card and byte; a compressed image (ZIMAGE) is refused.
ASTRO_API Cube read_cube(const std::filesystem::path& path, int unit = -1);

/// Writes 32-bit floats. Throws `invalid_argument` when shape, pixels and axes do not fit, `storage`.
ASTRO_API void write_cube(const std::filesystem::path& path, const Cube& cube);

}  // namespace astro::files
