// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "astro/export.hpp"
#include "astro/imaging/image.hpp"
#include "astro/imaging/psf.hpp"
#include "astro/imaging/stars.hpp"

/// What a star looks like on an image, how bright a count is, and whether the image is worth using.
namespace astro::imaging {

struct PsfOptions {
  int order = 0;                 ///< of the polynomial over the field, 0 to 2; lower when there are too few stars
  std::size_t side = 0;          ///< pixels, odd; 0: eight times the full width at half maximum
  std::size_t most_stars = 300;  ///< the brightest of those that can be used
};

struct MeasuredPsf {
  Psf psf;
  std::vector<Star> stars{};  ///< those it was made of, with places and fluxes by a fit of it
  double residual = 0.0;      ///< rms of what the stars differ by from it beyond their noise, in units of its peak
  std::string reason{};       ///< of what it was made, and what was wanting
};

/// The point spread function of an image, from stars that somebody found (their places to a pixel). Of these are taken
/// the ones that are whole, unsaturated, of usable pixels and alone (in a field so crowded that hardly any is, without
/// the pixels of their neighbours), with a signal of 20 times their noise or more, and of the width and shape that most
/// have (where galaxies of all widths are more, the narrow ones that are alike): no cosmic rays, galaxies and blends.
/// Each is fitted by the function as it is so far, moved by fractions of a pixel (Lanczos), and what it differs by is
/// brought back to the middle, averaged and added (after Anderson and King 2000, PASP 112, 1360); pixels that lie apart
/// by more than their noise are left out. The background about each star is fitted with it. Throws `invalid_argument`
/// when no star can be used, with how many were refused for what.
ASTRO_API MeasuredPsf measure_psf(const Image& image, std::span<const Star> stars, const PsfOptions& options = {});

/// The magnitude of one count: magnitude = value - 2.5 log10(flux).
struct ZeroPoint {
  double magnitude = 0.0;
  double error = 0.0;     ///< standard error
  double scatter = 0.0;   ///< standard deviation of one star about it
  std::size_t stars = 0;  ///< that were used
};

/// From stars of an image with a `wcs` and those of a catalogue within `radius`: the mean without the stars that lie
/// apart by more than three times what the others do. Throws `invalid_argument` when fewer than three agree.
ASTRO_API ZeroPoint zero_point(const Wcs& wcs, std::span<const Star> stars, std::span<const CatalogueStar> catalogue,
                               Angle radius = arcseconds(2));

/// What is too little or too much; 0 or infinity: not looked at.
struct QualityLimits {
  double most_fwhm = 10.0;  ///< pixels
  double most_ellipticity = 0.3;
  double most_background = 0.0;  ///< in the unit of the pixels; 0: not looked at
  double least_depth = 0.0;      ///< magnitudes; 0: not looked at
  double least_usable = 0.5;     ///< share of the pixels
  double least_overlap = 0.2;    ///< share of the image
  std::size_t least_stars = 5;
};

struct Quality {
  bool is_good = false;
  std::string reason{};             ///< all that is wrong, or what was measured
  std::size_t stars = 0;            ///< of which the point spread function was made
  double usable = 0.0;              ///< share of the pixels
  double saturated = 0.0;           ///< share of the pixels
  double background = 0.0;          ///< median, in the unit of the pixels
  double noise = 0.0;               ///< robust standard deviation of a pixel of the background
  double fwhm = 0.0;                ///< pixels, in the middle; 0: no star can be used
  std::optional<Angle> seeing{};    ///< the same on the sky, of an image with a `wcs`
  double ellipticity = 0.0;         ///< 1 - b / a, in the middle
  double limiting_flux = 0.0;       ///< of a star at five times its noise, fitted by the point spread function
  std::optional<double> depth{};    ///< the same in magnitudes, with a zero point
  std::optional<double> overlap{};  ///< share of the image that lies on the reference, when there is one
};

struct QualityOptions {
  QualityLimits limits{};
  std::optional<ZeroPoint> zero_point{};
  const Image* reference = nullptr;  ///< with a `wcs`
  const MeasuredPsf* psf = nullptr;  ///< of the image, where it was measured before
};

/// Whether an image can be used for what its limits say. Never throws for a bad image, however bad: all NaN, all
/// saturated, without stars; it says so. Throws `invalid_argument` for planes that do not fit each other.
ASTRO_API Quality judge(const Image& image, std::span<const Star> stars, const QualityOptions& options = {});

}  // namespace astro::imaging
