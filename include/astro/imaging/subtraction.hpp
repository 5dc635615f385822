// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <optional>

#include "astro/export.hpp"
#include "astro/imaging/image.hpp"
#include "astro/imaging/psf.hpp"

/// \file
/// What has changed between two images of the same pixels, by the statistic of Zackay, Ofek and Gal-Yam (2016, ApJ 830,
/// 27; "the paper" below): the most sensitive linear one for a point that appeared, with noise that is understood.
namespace astro::imaging {

struct SubtractionOptions {
  /// F_n / F_r: science counts of a source for each count in the reference. Unset: measured from the stars that both
  /// images have, clipped.
  std::optional<double> flux_ratio{};
  /// Standard deviation of the stars' places between the images, in pixels, along each axis. Unset: measured from the
  /// same stars, what their own noise explains taken off; 0: none.
  std::optional<double> astrometric_noise{};
  /// The mean shift that remains between the images is measured, and the reference shifted by it. Up to about half
  /// the width of a star: register the images first.
  bool align = true;
  /// Side in pixels of the cells whose clipped medians are the background of each image, which is taken off; 0: the
  /// backgrounds were taken off before.
  std::size_t background_cell = 128;
  /// Pixels of resampled images have noise in common. Up to how many pixels away, at most 8; measured from the empty
  /// sky of the difference. It goes into all errors; the difference is as white as without. 0: each pixel has its own.
  int correlated = 0;
  /// Side in pixels of the parts that are subtracted one by one, with the margins that they share. 0: 512, or all at
  /// once where no PSF varies over the field and no side has more than 768.
  std::size_t tile = 0;
  int threads = 1;
};

/// How the two images fit each other; means over the parts.
struct SubtractionMatch {
  double flux_ratio = 1.0;        ///< F_n / F_r
  double flux_scatter = 0.0;      ///< robust relative scatter of the stars around it
  double shift_x = 0.0;           ///< what was taken off: the science image's stars less the reference's, in pixels
  double shift_y = 0.0;           ///< the same along the columns
  double astrometric_x = 0.0;     ///< astrometric noise, in pixels
  double astrometric_y = 0.0;     ///< the same along the columns
  double science_noise = 0.0;     ///< sigma_n: of a pixel of the sky, in the science image's unit
  double reference_noise = 0.0;   ///< sigma_r, in the reference's unit
  double significance_std = 0.0;  ///< robust standard deviation of the significance: 1 where the noise is understood
  std::size_t stars = 0;          ///< how many were used
};

/// All planes have the shape of the images, and are 0 where the difference's mask has a bit. Fluxes count in the
/// reference's unit (F_r = 1), so that they compare from night to night.
struct Subtraction {
  /// D / F_D of the paper: a source of flux f appears as f times `psf`. Its noise is white.
  /// Variance: background and sources of both images. It has the science image's WCS and times.
  Image difference{};
  Plane<float> flux{};                ///< F_psf: S / F_S, the flux of a point that changed, there
  Plane<float> flux_error{};          ///< its standard deviation, sources included
  Plane<float> significance{};        ///< S_corr, positive where something became brighter
  Psf psf;                            ///< P_D in the middle of the image
  Plane<float> science_response{};    ///< what one count in a single pixel of the science image makes of the difference
  Plane<float> reference_response{};  ///< the same of a count that the reference has too little
  double difference_scale = 0.0;      ///< F_D, there: D = difference x F_D
  double score_scale = 0.0;           ///< F_S, there: S = flux x F_S
  SubtractionMatch match{};
};

/// Subtracts. The images must have one shape and be registered to a fraction of a pixel. A variance that is missing is
/// made from what neighbouring pixels of the sky differ by, and the gain.
///
/// Pixels that are not usable are filled before anything is transformed: what is saturated by the PSF that fits around
/// it, the rest from its neighbours; how little is known of them goes into the noise of what lies around. The result
/// has `no_data` in each of these pixels, and where they (or what lies outside the edges) hold more than a tenth of
/// the weight.
///
/// The astrometric noise enters as in the paper, by the gradients of S_n and S_r, but with the product of the two
/// images' gradients: a star has the same in both, and noise has nothing in common.
///
/// Throws `invalid_argument` for images or PSFs that do not fit each other, for options that cannot be, where too
/// few stars (5) can be found to measure a flux ratio that is not given, and for images without usable pixels.
ASTRO_API Subtraction subtract(const Image& science, const Psf& science_psf, const Image& reference,
                               const Psf& reference_psf, const SubtractionOptions& options = {});

}  // namespace astro::imaging
