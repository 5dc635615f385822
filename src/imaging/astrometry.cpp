// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/astrometry.hpp"

#include <erfa.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "astro/imaging/registration.hpp"
#include "imaging/numbers.hpp"
#include "imaging/refuse.hpp"
#include "imaging/star_field.hpp"
#include "imaging/transform_fit.hpp"
#include "imaging/wcs_cards.hpp"

namespace astro::imaging {
namespace {

constexpr const char* refining = "refining world coordinates";

/// The gnomonic projection about a centre, in units of a scale; NaN on the far side.
class TangentPlane {
 public:
  TangentPlane(const Icrs& centre, Angle scale) : centre_(centre), scale_(scale.radians()) {}

  PixelPosition of(const Icrs& direction) const {
    double xi = 0.0;
    double eta = 0.0;
    const int status = eraTpxes(direction.ra.radians(), direction.dec.radians(), centre_.ra.radians(),
                                centre_.dec.radians(), &xi, &eta);
    if (status != 0) return {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::quiet_NaN()};
    return {xi / scale_, eta / scale_};
  }
  Icrs direction(PixelPosition place) const {
    double ra = 0.0;
    double dec = 0.0;
    eraTpsts(place.x * scale_, place.y * scale_, centre_.ra.radians(), centre_.dec.radians(), &ra, &dec);
    return {radians(ra), radians(dec)};
  }

 private:
  Icrs centre_;
  double scale_;
};

/// From pixels about a reference to the plane: polynomials in both coordinates.
struct PlaneFit {
  int order = 1;
  double size = 1.0;                   ///< pixels by which they are divided
  std::vector<double> coefficients{};  ///< of x, then of y

  PixelPosition operator()(PixelPosition offset) const {
    std::vector<double> terms(terms_of_order(order));
    powers(offset.x / size, offset.y / size, order, terms);
    PixelPosition place;
    for (std::size_t i = 0; i < terms.size(); ++i) {
      place.x += coefficients[i] * terms[i];
      place.y += coefficients[terms.size() + i] * terms[i];
    }
    return place;
  }
};

std::optional<PlaneFit> fit_plane(std::span<const PixelPosition> offsets, std::span<const PixelPosition> plane,
                                  const StarPairs& pairs, int order, double size) {
  PlaneFit fit{order, size};
  std::vector<double> terms(terms_of_order(order));
  NormalEquations equations(terms.size(), 2);
  for (const auto& [star, entry] : pairs) {
    powers(offsets[star].x / size, offsets[star].y / size, order, terms);
    equations.add(terms, std::array{plane[entry].x, plane[entry].y});
  }
  auto solved = equations.solve();
  if (!solved) return std::nullopt;
  fit.coefficients = std::move(*solved);
  return fit;
}

/// The cards of a fit whose constant has become the centre.
Wcs wcs_of(const PlaneFit& fit, const Icrs& centre, PixelPosition reference, Angle scale) {
  const std::size_t count = terms_of_order(fit.order);
  const double* x = fit.coefficients.data();
  const double* y = x + count;
  const double unit = scale.degrees() / fit.size;
  WcsCards cards;
  cards["CTYPE1"] = "RA---TAN";
  cards["CTYPE2"] = "DEC--TAN";
  cards["RADESYS"] = "ICRS";
  cards["CRVAL1"] = centre.ra.wrapped().degrees();
  cards["CRVAL2"] = centre.dec.degrees();
  cards["CRPIX1"] = reference.x + 1.0;
  cards["CRPIX2"] = reference.y + 1.0;
  cards["CD1_1"] = x[1] * unit;
  cards["CD1_2"] = x[2] * unit;
  cards["CD2_1"] = y[1] * unit;
  cards["CD2_2"] = y[2] * unit;
  if (fit.order > 1) {
    cards["A_ORDER"] = static_cast<double>(fit.order);
    cards["B_ORDER"] = static_cast<double>(fit.order);
    const double determinant = x[1] * y[2] - x[2] * y[1];
    std::size_t at = 3;
    for (int total = 2; total <= fit.order; ++total) {
      for (int of_y = 0; of_y <= total; ++of_y, ++at) {
        const std::string name = std::to_string(total - of_y) + '_' + std::to_string(of_y);
        const double power = std::pow(fit.size, 1 - total);
        cards["A_" + name] = power * (y[2] * x[at] - x[2] * y[at]) / determinant;
        cards["B_" + name] = power * (x[1] * y[at] - y[1] * x[at]) / determinant;
      }
    }
  }
  return Wcs::from_header(to_text(cards));
}

/// Which star is which of the catalogue, to begin with: by patterns, or where the header says.
StarPairs first_pairs(const Wcs& rough, std::span<const Star> stars, std::span<const CatalogueStar> catalogue,
                      double radius) {
  std::vector<PixelPosition> places;
  for (const Star& star : stars) places.push_back(star.place);
  std::vector<Icrs> directions;
  for (const CatalogueStar& entry : catalogue) directions.push_back(entry.direction);
  const std::vector<PixelPosition> predicted = rough.pixel(directions);
  // What lies far outside of the field only adds patterns that are not there.
  PixelPosition least = places.front();
  PixelPosition most = places.front();
  for (const PixelPosition p : places) {
    least = {std::min(least.x, p.x), std::min(least.y, p.y)};
    most = {std::max(most.x, p.x), std::max(most.y, p.y)};
  }
  const double margin = radius + 0.3 * std::max(most.x - least.x, most.y - least.y);
  std::vector<Star> entries;
  std::vector<std::size_t> which;
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    const PixelPosition p = predicted[i];
    if (!(p.x > least.x - margin && p.x < most.x + margin && p.y > least.y - margin && p.y < most.y + margin)) continue;
    const double magnitude = catalogue[i].magnitude;
    entries.push_back({p, std::isfinite(magnitude) ? std::pow(10.0, -0.4 * magnitude) : 0.0});
    which.push_back(i);
  }
  if (entries.empty()) refuse(refining, "no star of the catalogue lies on the image, as the header has it");
  StarPairs pairs;
  const Registration found = register_stars(entries, stars, {.tolerance = 3.0});
  if (found.is_found) {
    for (const auto& [entry, star] : found.pairs) pairs.emplace_back(star, which[entry]);
    return pairs;
  }
  std::vector<PixelPosition> there;
  for (const Star& entry : entries) there.push_back(entry.place);
  for (const auto& [star, entry] : mutual_pairs(places, there, radius)) pairs.emplace_back(star, which[entry]);
  return pairs;
}

}  // namespace

Refinement refine(const Wcs& rough, std::span<const Star> stars, std::span<const CatalogueStar> catalogue,
                  const RefinementOptions& options) {
  if (options.sip_order != 0 && (options.sip_order < 2 || options.sip_order > 5)) {
    refuse(refining, "distortions of the order " + std::to_string(options.sip_order) + "; expected 0 or 2 to 5");
  }
  if (!(options.radius > 0.0) || !std::isfinite(options.radius))
    refuse(refining, "expected a radius of more than 0 pixels");
  const int order = std::max(1, options.sip_order);
  const std::size_t needed = order == 1 ? 4 : 2 * terms_of_order(order);
  if (stars.size() < needed || catalogue.size() < needed) {
    refuse(refining, "there are " + std::to_string(stars.size()) + " stars and " + std::to_string(catalogue.size()) +
                         " in the catalogue; expected at least " + std::to_string(needed));
  }
  const Angle scale = rough.scale();
  const PixelPosition reference = rough.reference();
  const auto first_centre = rough.sky(reference);
  if (!first_centre || !(scale.radians() > 0.0))
    refuse(refining, "the reference pixel of the header is no place of the sky");

  std::vector<PixelPosition> offsets;
  double size = 1.0;
  for (const Star& star : stars) {
    if (!std::isfinite(star.place.x) || !std::isfinite(star.place.y)) refuse(refining, "a star's place is not finite");
    offsets.push_back({star.place.x - reference.x, star.place.y - reference.y});
    size = std::max({size, std::abs(offsets.back().x), std::abs(offsets.back().y)});
  }
  StarPairs pairs = first_pairs(rough, stars, catalogue, options.radius);
  Icrs centre = *first_centre;
  std::optional<PlaneFit> fit;
  std::vector<PixelPosition> plane(catalogue.size());
  double rms = 0.0;
  double reach = options.radius;
  for (int turn = 0; turn < 12; ++turn) {
    const TangentPlane tangent(centre, scale);
    for (std::size_t i = 0; i < catalogue.size(); ++i) plane[i] = tangent.of(catalogue[i].direction);
    const bool is_first = turn < 2;
    if (pairs.size() >= (is_first ? 4 : needed)) fit = fit_plane(offsets, plane, pairs, is_first ? 1 : order, size);
    if (!fit || pairs.size() < (is_first ? 4 : needed)) {
      refuse(refining, "only " + std::to_string(pairs.size()) + " stars agree with the catalogue; expected at least " +
                           std::to_string(needed));
    }
    std::vector<PixelPosition> mapped;
    for (const PixelPosition offset : offsets) mapped.push_back((*fit)(offset));
    std::vector<double> misses = misses_of(mapped, plane, pairs, Transform{});
    rms = rms_of(misses);
    const PixelPosition constant{fit->coefficients[0], fit->coefficients[terms_of_order(fit->order)]};
    const StarPairs before = pairs;
    if (!is_first) reach = std::clamp(4.0 * median_of(std::span(misses)) / 1.18, 0.02, reach);
    else reach = std::clamp(6.0 * median_of(std::span(misses)), 3.0, options.radius + 3.0);
    pairs = mutual_pairs(mapped, plane, reach);
    if (turn > 4 && pairs == before && std::hypot(constant.x, constant.y) < 1e-7) break;
    centre = tangent.direction(constant);
  }
  // By chance, so many of the catalogue would lie within the last reach of a star.
  const double field = 4.0 * size * size;
  const double expected =
      static_cast<double>(stars.size()) *
      std::min(1.0, static_cast<double>(catalogue.size()) * std::numbers::pi * reach * reach / field);
  if (static_cast<double>(pairs.size()) < static_cast<double>(needed) + 3.0 * expected) {
    refuse(refining, std::to_string(pairs.size()) + " stars agree with the catalogue, which chance does, too");
  }
  return {wcs_of(*fit, centre, reference, scale), scale * rms, rms, std::move(pairs)};
}

}  // namespace astro::imaging
