// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "astro/export.hpp"
#include "astro/imaging/detection.hpp"
#include "astro/imaging/image.hpp"
#include "astro/imaging/photometry.hpp"
#include "astro/imaging/psf.hpp"
#include "astro/imaging/registration.hpp"
#include "astro/imaging/subtraction.hpp"

/// \file
/// All the way from two calibrated images of a field to the points that have changed between them.
namespace astro::imaging {

/// By what the reference is brought onto the science image's pixels.
enum class Alignment : std::uint8_t {
  automatic,  ///< the stars; where they tell it not, or less surely than world coordinates that they agree with, those
  stars,
  wcs,
  none  ///< the images are of the same pixels
};

struct DifferenceOptions {
  Alignment alignment = Alignment::automatic;
  std::optional<Psf> science_psf{};    ///< unset: measured from the stars
  std::optional<Psf> reference_psf{};  ///< the same, of the reference on the science image's pixels
  int psf_order = 0;                   ///< of those that are measured, over the field; as in `PsfOptions`
  std::size_t psf_side = 0;            ///< of the same, pixels; as in `PsfOptions`
  QualityLimits limits{};
  SubtractionOptions subtraction{};
  DetectionOptions detection{};
};

struct Difference {
  Image science{};  ///< with its variance
  /// With its variance, on the science image's pixels. Resampled: the variance on the scale of a star, unless
  /// `subtraction.correlated` says that what pixels share is measured.
  Image reference{};
  Psf science_psf;
  Psf reference_psf;
  Quality science_quality{};
  Quality reference_quality{};  ///< before it was resampled
  Registration registration{};  ///< of the reference to the science image; `reason` says what was done
  bool is_resampled = false;    ///< the subtraction alone takes a shift of less than a pixel off
  Subtraction subtraction;
  std::vector<Candidate> candidates{};
};

/// Measures the noise where an image brings none (its sky's, and that of its sources by `gain`), finds stars,
/// registers, resamples, measures PSFs, subtracts and looks for what has changed. An image whose `Quality` is bad is
/// subtracted all the same where that is possible: the verdict says what to think of it.
///
/// Throws `invalid_argument` where the images cannot be brought onto each other or share less than
/// `limits.least_overlap`, where a PSF is not given and no star tells it, and as `measure_psf`, `subtract` and `detect`
/// do.
ASTRO_API Difference difference(const Image& science, const Image& reference, const DifferenceOptions& options = {});

}  // namespace astro::imaging
