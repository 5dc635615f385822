// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "astro/angle.hpp"
#include "astro/export.hpp"
#include "astro/imaging/image.hpp"
#include "astro/imaging/subtraction.hpp"
#include "astro/record.hpp"

/// \file
/// Points that have changed, from the significance of a subtraction.
namespace astro::imaging {

/// Why a candidate is probably nothing on the sky.
enum class Veto : std::uint8_t {
  cosmic_ray,      ///< single pixels of one image explain it better than its PSF
  not_a_point,     ///< it has not the shape of a point
  saturated_halo,  ///< a small change of the wings of a saturated star
  dipole,          ///< beside an equal one of the other sign: a star that was not where it was expected
  edge             ///< too few pixels around it have data
};

/// A local extreme of the significance, and what is known of it. Places count from 0 at the centre of the first pixel.
struct Candidate {
  double x = 0.0;
  double y = 0.0;
  std::optional<Angle> right_ascension{};
  std::optional<Angle> declination{};
  double significance = 0.0;  ///< of the highest pixel, in standard deviations; negative where it became fainter
  double flux = 0.0;          ///< F_psf at the extreme, in the reference's unit; negative where it became fainter
  double flux_error = 0.0;
  double fwhm = 0.0;            ///< of a Gaussian that has its moments in the difference, pixels; 0 where it has none
  double ellipticity = 0.0;     ///< 1 - b / a of the same
  double chi_square = 0.0;      ///< per pixel, of the difference against its PSF
  double ray_chi_square = 0.0;  ///< the same against up to four single pixels of one image
  double opposite = 0.0;        ///< highest significance of the other sign near it, as a part of its own
  double contrast = 0.0;        ///< its highest pixel, as a part of what the reference has there above its sky
  std::int64_t missing_pixels = 0;             ///< without data, of the 49 around it
  std::optional<double> saturated_distance{};  ///< to the next saturated pixel, where one is within 64 pixels
  std::optional<double> reference_distance{};  ///< to the next source of the reference, pixels
  std::vector<Veto> vetoes{};
  std::optional<double> score{};  ///< probability of being real, once a classifier has seen it
};

struct DetectionOptions {
  double threshold = 5.0;  ///< standard deviations of the significance
  bool negative = true;    ///< also what became fainter
  /// A halo: nearer than this to a saturated pixel, in widths (FWHM) of a point in the difference, and less of a change
  /// than `halo_contrast`.
  double halo_reach = 6.0;
  double halo_contrast = 0.3;
  double dipole_share = 0.5;      ///< an extreme of the other sign this high beside it makes a dipole
  double point_chi_square = 3.0;  ///< per pixel against the difference's PSF: what has more is not a point
};

/// All candidates, the most significant first, those with a veto among them.
///
/// A candidate is a local extreme of the significance, not a region above a threshold as SEP has it: at a point's place
/// the significance is the test itself, one of its pixels is enough, and two points a width apart are two. Of extremes
/// nearer to each other than half a width, and of the same sign, the highest counts.
///
/// `science` and `reference` are those that were subtracted; `sources` the reference's, if they are known.
ASTRO_API std::vector<Candidate> detect(const Subtraction& subtraction, const Image& science, const Image& reference,
                                        std::span<const PixelPosition> sources = {},
                                        const DetectionOptions& options = {});

/// Flux of a point at a place that is known from elsewhere, in the reference's unit. Unlike that of a candidate, which
/// is where noise makes it highest, it has no bias.
struct ForcedFlux {
  double flux = 0.0;
  double error = 0.0;
};
/// Nothing where the place or a pixel beside it has no data.
ASTRO_API std::optional<ForcedFlux> forced_flux(const Subtraction& subtraction, PixelPosition place);

/// What a person or a classifier is shown: three squares around a place. NaN: outside the image, or not usable.
struct Triplet {
  Plane<float> science{};
  Plane<float> reference{};
  Plane<float> difference{};
};
/// `side` is odd and below 4096; 63 as in ZTF's alerts. Throws `invalid_argument` for another, for a place that is not
/// finite, and for images of different shapes.
ASTRO_API Triplet cut(const Image& science, const Image& reference, const Image& difference, PixelPosition place,
                      std::size_t side = 63);

}  // namespace astro::imaging

template <>
struct astro::Description<astro::imaging::Veto> {
  static constexpr std::array choices{"cosmic_ray", "not_a_point", "saturated_halo", "dipole", "edge"};
};

template <>
struct astro::Description<astro::imaging::Candidate> {
  using Candidate = astro::imaging::Candidate;
  static constexpr const char* name = "candidate";
  static constexpr std::array fields{
      field<&Candidate::x>("x",
                           {.unit = "pixel", .says = "column of its place, from 0 at the centre of the first pixel"}),
      field<&Candidate::y>("y", {.unit = "pixel", .says = "row of its place"}),
      field<&Candidate::right_ascension>("right_ascension", {.says = "ICRS, where the image knows the sky"}),
      field<&Candidate::declination>("declination", {.says = "ICRS"}),
      field<&Candidate::significance>("significance", {.says = "standard deviations; negative: it became fainter"}),
      field<&Candidate::flux>("flux", {.says = "of a point, in the unit of the reference"}),
      field<&Candidate::flux_error>("flux_error", {.says = "standard deviation of the flux"}),
      field<&Candidate::fwhm>("fwhm", {.unit = "pixel", .says = "width in the difference"}),
      field<&Candidate::ellipticity>("ellipticity", {.says = "1 - b / a in the difference"}),
      field<&Candidate::chi_square>("chi_square", {.says = "per pixel, against the PSF of the difference"}),
      field<&Candidate::ray_chi_square>("ray_chi_square", {.says = "per pixel, against single pixels of one image"}),
      field<&Candidate::opposite>("opposite", {.says = "highest significance of the other sign beside it, as a part"}),
      field<&Candidate::contrast>("contrast", {.says = "its highest pixel, as a part of the reference there"}),
      field<&Candidate::missing_pixels>("missing_pixels", {.says = "without data, of the 49 around it"}),
      field<&Candidate::saturated_distance>("saturated_distance",
                                            {.unit = "pixel", .says = "to the next saturated pixel"}),
      field<&Candidate::reference_distance>("reference_distance",
                                            {.unit = "pixel", .says = "to the next source of the reference"}),
      field<&Candidate::vetoes>("vetoes", {.says = "why it is probably nothing on the sky"}),
      field<&Candidate::score>("score", {.says = "probability of being real, by a classifier"})};
};
