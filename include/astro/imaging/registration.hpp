// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "astro/angle.hpp"
#include "astro/export.hpp"
#include "astro/imaging/stars.hpp"
#include "astro/imaging/wcs.hpp"

/// Which pixel of one image is which of another.
namespace astro::imaging {

/// x' = x0 + xx x + xy y, y' = y0 + yx x + yy y.
struct ASTRO_API Transform {
  double x0 = 0.0;
  double xx = 1.0;
  double xy = 0.0;
  double y0 = 0.0;
  double yx = 0.0;
  double yy = 1.0;

  PixelPosition operator()(PixelPosition from) const noexcept {
    return {x0 + xx * from.x + xy * from.y, y0 + yx * from.x + yy * from.y};
  }
  /// Throws `invalid_argument` when there is none.
  Transform inverse() const;
  double determinant() const noexcept { return xx * yy - xy * yx; }
  /// Pixels of `to` along one of `from`.
  double scale() const noexcept;
  /// By which x turns towards y, after the mirror image if there is one.
  Angle rotation() const noexcept;
  bool is_mirrored() const noexcept { return determinant() < 0.0; }

  bool operator==(const Transform&) const = default;
};

/// What may differ between two images.
enum class Motion : std::uint8_t {
  shift,
  rigid,       ///< shift and rotation
  similarity,  ///< shift, rotation and scale
  affine,      ///< also a scale for each direction, and shear
};

struct RegistrationOptions {
  Motion motion = Motion::affine;
  bool may_be_mirrored = true;
  double tolerance = 2.0;      ///< pixels of `to` by which a star may miss its place at first
  std::size_t brightest = 60;  ///< stars of each image that make patterns, 3 to 300; more are tried where these fail
};

/// How two images lie to each other, and whether that can be relied on.
struct Registration {
  bool is_found = false;
  std::string reason{};  ///< what was found, or why nothing was
  Transform transform{};
  double rms = 0.0;                                          ///< of the matched stars: pixels, in each coordinate
  std::vector<std::pair<std::size_t, std::size_t>> pairs{};  ///< stars of `from` and of `to` that are the same
};

/// From patterns of stars alone: triangles of neighbours, compared by the ratios of their sides, propose transforms,
/// and that which brings most stars together is refined on all of them without those that lie apart (Groth 1986, AJ 91,
/// 1244; Valdes et al. 1995, PASP 107, 1119; Beroiz et al. 2020, A&C 32, 100384). It is found when chance would bring
/// so many together less than once in a thousand cases: three stars can be enough when there are few. The stars may
/// come in any order, and be different ones in part. Throws `invalid_argument` for places and fluxes that are not
/// finite, and for options that cannot be.
ASTRO_API Registration register_stars(std::span<const Star> from, std::span<const Star> to,
                                      const RegistrationOptions& options = {});

/// From where two images say that they lie on the sky: `rows` and `columns` of `from`. `rms` is by how much a transform
/// differs from that (distortions). Not found where `to` has no such part of the sky.
ASTRO_API Registration register_wcs(const Wcs& from, std::size_t rows, std::size_t columns, const Wcs& to,
                                    Motion motion = Motion::affine);

}  // namespace astro::imaging
