// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <span>

#include "astro/export.hpp"
#include "astro/imaging/image.hpp"
#include "astro/imaging/psf.hpp"

/// \file
/// Many images of the same pixels as one, by the sufficient statistic of Zackay and Ofek (2017, ApJ 836, 188; "the
/// paper" below): nothing that the images know of the sky is lost, and the noise is white.
namespace astro::imaging {

/// One of the images. `flux` is F_j: its counts of a source for each count in the coadded image.
struct Exposure {
  const Image* image = nullptr;
  const Psf* psf = nullptr;
  double flux = 1.0;
};

struct CoadditionOptions {
  std::size_t background_cell = 128;  ///< as in SubtractionOptions
  int threads = 1;
};

struct Coadd {
  /// R / F_R of the paper, of the first image's WCS and times, less its background. A source of
  /// flux f appears as f times `psf`. Variance: of the sky and the sources, where something is missing of what remains.
  Image image{};
  Psf psf;             ///< P_R in the middle of the image
  double noise = 0.0;  ///< standard deviation of a pixel of the sky: 1 / F_R
};

/// Adds up. The images must have one shape and be registered. Pixels that are not usable are filled from their
/// neighbours, or where saturated from the star around them; the result has `no_data` where more than half of the
/// weight is missing. A PSF that varies is taken as it is in the middle: add up parts of the field.
///
/// Throws `invalid_argument` without exposures, for shapes that do not fit, and for a flux that is not positive.
ASTRO_API Coadd coadd(std::span<const Exposure> exposures, const CoadditionOptions& options = {});

}  // namespace astro::imaging
