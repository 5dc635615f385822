// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "astro/export.hpp"
#include "astro/imaging/image.hpp"

/// Particles that hit the detector, found on one image by the sharpness of their edges.
namespace astro::imaging {

struct CosmicRayOptions {
  double sigma = 4.5;       ///< a pixel so many times its noise above what is smooth may be one
  double neighbour = 0.3;   ///< beside one, this part of `sigma` is enough
  double contrast = 5.0;    ///< so many times what a star of this image has of fine structure
  int rounds = 4;           ///< at most: each finds what was hidden beside the last ones
  double background = 0.0;  ///< that was subtracted from the pixels, and counts for their noise
};

/// The image with `Flag::cosmic_ray` where a particle hit it: L.A.Cosmic (van Dokkum 2001, PASP 113, 1420). Pixels keep
/// their values. The noise is that of the variance, or of gain and read noise where there is none, in a median of 5 by
/// 5 pixels. Unusable pixels are taken for their surroundings, and never flagged; beyond an edge the image is taken to
/// go on as it ends. Throws `invalid_argument` for options that are out of range, for an image without noise, and for
/// one in which no pixel is usable.
ASTRO_API Image with_cosmic_rays_masked(Image image, const CosmicRayOptions& options = {});

}  // namespace astro::imaging
