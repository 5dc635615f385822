// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "astro/angle.hpp"
#include "astro/axes.hpp"
#include "astro/export.hpp"

/// What an imperfect mount does to where its beam looks.
namespace astro::sky {

/// A term of a model and its value. The names are those of TPOINT (Wallace 1994, "TPOINT: a
/// telescope pointing analysis system", Starlink User Note 100). The sign is ours: what is to be
/// added to the place in the sky for the reading of the axes that looks there (axes - place).
///
/// Alt-az, with azimuth A from north through east and altitude E:
///   IA    zero of azimuth                   dA = IA
///   IE    zero of altitude                  dE = IE
///   CA    beam not square to the altitude axis (collimation)   dA = CA / cos E
///   NPAE  altitude axis not square to the azimuth axis         dA = NPAE tan E
///   AN    azimuth axis (the box) leans to the north            dA = AN sin A tan E, dE = AN cos A
///   AW    and to the west                                      dA = AW cos A tan E, dE = -AW sin A
///   TF    tube flexure, like the load                          dE = TF cos E
///   TX    flexure or refraction that was left out              dE = TX cot E
///   HESE, HECE   altitude encoder off its centre               dE = HESE sin E, dE = HECE cos E
///   HASA, HACA   azimuth encoder off its centre                dA = HASA sin A, dA = HACA cos A
/// Equatorial, with hour angle H, declination D and the site's latitude p:
///   IH, ID  zeros                           dH = IH, dD = ID
///   CH    collimation                       dH = CH / cos D
///   NP    axes not square                   dH = NP tan D
///   MA    polar axis left or right          dH = -MA cos H tan D, dD = MA sin H
///   ME    polar axis high or low            dH = ME sin H tan D, dD = ME cos H
///   TF    tube flexure                      dH = TF cos p sin H / cos D, dD = TF (cos p cos H sin D - sin p cos D)
///   FO    fork flexure                      dD = FO cos H
///   DAF   declination axis flexure          dH = -DAF (cos p cos H + sin p tan D)
struct PointingTerm {
  std::string name;
  Angle value{};
  Angle error{};  ///< one standard deviation, of a fit; else zero
};

/// The terms together, to first order: right to a hundredth of a milliarcsecond for terms of an
/// arcsecond, to 3 arcsec for terms of ten arcminutes at 45 degrees, and useless within a few terms
/// of the zenith (of the pole for an equatorial mount): nearer to it than four times what all but the zeros
/// (IA, IE, IH, ID) come to, the correction is that of this distance, so that it stays below 15 degrees for terms of
/// up to 7 degrees together. The same holds for TX at the horizon.
class ASTRO_API PointingModel {
 public:
  /// Throws `invalid_argument` for a term that this kind of mount does not have, or has twice, and for
  /// `ra_dec`: the terms of an equatorial mount are functions of the hour angle.
  PointingModel(Geometry kind, std::vector<PointingTerm> terms, Angle latitude = Angle());

  Geometry kind() const noexcept { return kind_; }
  std::span<const PointingTerm> terms() const noexcept { return terms_; }
  /// Zero for a term that is not in it.
  Angle value(std::string_view name) const noexcept;

  /// What is added to a place.
  Axes correction(const Axes& place) const noexcept;
  /// The reading of the axes that looks at the place, and the place that a reading looks at. Also over the zenith (the
  /// pole), where a place is {first + 180 deg, 180 deg - second}.
  Axes axes_of(const Axes& place) const noexcept;
  Axes place_of(const Axes& axes) const noexcept;
  /// What all terms but the zeros come to together.
  Angle bend() const noexcept { return bend_; }

 private:
  Geometry kind_;
  std::vector<PointingTerm> terms_;
  std::vector<std::size_t> numbers_;  // of the terms in the list of all
  Angle latitude_;
  Angle bend_{};
  Angle from_pole_{};     // nearer to it the terms would grow beyond bounds
  Angle from_horizon_{};  // the same of TX
};

/// The names that a kind of mount has, in the order above; throws as the model does.
ASTRO_API std::vector<std::string_view> pointing_terms(Geometry kind);

/// A source was at the place, and the axes read this when the beam was on it.
struct PointingObservation {
  Axes place{};
  Axes axes{};
  /// One standard deviation, on the sky, of each of the two angles.
  Angle error = arcseconds(1.0);
};

struct PointingFit {
  PointingModel model;                           ///< terms with their errors
  std::vector<std::vector<double>> correlation;  ///< of the terms, in the model's order
  std::vector<Axes> residuals;       ///< axes - model's axes, the first times the cosine of the second's place
  Angle rms{};                       ///< of the residuals on the sky (both angles together)
  double reduced_chi_squared = 0.0;  ///< about 1 when the errors given are right
};

/// Weighted least squares for the values of the named terms. With `scale_errors` the errors of the terms
/// are multiplied by the root of the reduced chi squared, as one does when the errors given are only
/// relative. Throws `invalid_argument` for too few observations and for terms that these
/// observations cannot tell apart (naming one), for errors that are not above zero and for angles
/// that are not finite.
ASTRO_API PointingFit fit_pointing(Geometry kind, std::span<const std::string> terms,
                                   std::span<const PointingObservation> observations, Angle latitude = Angle(),
                                   bool scale_errors = false);

}  // namespace astro::sky
