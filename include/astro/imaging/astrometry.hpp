// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "astro/export.hpp"
#include "astro/imaging/stars.hpp"
#include "astro/imaging/wcs.hpp"
#include "astro/time.hpp"

/// Where an image lies on the sky, from its stars.
namespace astro::imaging {

struct RefinementOptions {
  int sip_order = 0;     ///< of the distortions, 2 to 5; 0: none
  double radius = 10.0;  ///< pixels by which the header may be wrong when patterns of stars do not say more
};

struct Refinement {
  Wcs wcs;
  Angle rms{};                                               ///< of the stars that were used, in each coordinate
  double rms_pixels = 0.0;                                   ///< the same
  std::vector<std::pair<std::size_t, std::size_t>> pairs{};  ///< stars of the image and of the catalogue
};

/// Coordinates fitted to a catalogue: a tangential projection, with distortions of SIP where they are asked for, about
/// the reference pixel of `rough`. That may be wrong by much (a shift, a rotation, a scale) where patterns of stars can
/// be compared, else by `radius`. Least squares, again and again without the stars that lie apart by more than four
/// times what the others do. Throws `invalid_argument` when too few stars agree, with how many.
ASTRO_API Refinement refine(const Wcs& rough, std::span<const Star> stars, std::span<const CatalogueStar> catalogue,
                            const RefinementOptions& options = {});

struct SolvingOptions {
  std::filesystem::path indexes{};     ///< folder of index files; empty: those of the program's own configuration
  std::optional<Angle> least_scale{};  ///< side of a pixel at least
  std::optional<Angle> most_scale{};   ///< side of a pixel at most
  std::optional<Icrs> near{};          ///< the middle lies within `radius` of this
  Angle radius = degrees(5);
  Duration at_most = std::chrono::minutes(1);
  std::string program = "solve-field";
};

/// Coordinates from the pattern of the stars alone, by astrometry.net's own program (Lang et al. 2010, AJ 139, 1782):
/// a tangential projection, to be refined. `rows` and `columns` are those of the image. Works in a folder of its own
/// under the system's temporary one. Throws `unsupported` where the program is not installed, with what to install,
/// `not_found` when no index knows the pattern, `timeout` after `at_most`.
ASTRO_API Wcs solve_field(std::span<const Star> stars, std::size_t rows, std::size_t columns,
                          const SolvingOptions& options = {});

}  // namespace astro::imaging
