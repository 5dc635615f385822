// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>

#include "astro/error.hpp"
#include "astro/imaging/photometry.hpp"
#include "imaging/fill.hpp"
#include "imaging/image_parts.hpp"
#include "imaging/levels.hpp"
#include "imaging/numbers.hpp"
#include "imaging/refuse.hpp"
#include "imaging/star_field.hpp"

namespace astro::imaging {
namespace {

constexpr const char* zero_pointing = "measuring a zero point";

/// Share of the usable pixels whose place lies on the reference, from a net of them.
double overlap_of(const Image& image, const Image& reference) {
  constexpr std::size_t steps = 64;
  std::vector<PixelPosition> places;
  for (std::size_t i = 0; i < steps; ++i) {
    for (std::size_t k = 0; k < steps; ++k) {
      places.push_back({(static_cast<double>(k) + 0.5) / steps * static_cast<double>(image.columns()) - 0.5,
                        (static_cast<double>(i) + 0.5) / steps * static_cast<double>(image.rows()) - 0.5});
    }
  }
  std::size_t on_it = 0;
  for (const PixelPosition there : reference.wcs->pixel(image.wcs->sky(places))) {
    const double row = std::round(there.y);
    const double column = std::round(there.x);
    const bool is_inside = row >= 0.0 && column >= 0.0 && row < static_cast<double>(reference.rows()) &&
                           column < static_cast<double>(reference.columns());
    if (is_inside && is_usable(reference, static_cast<std::size_t>(row), static_cast<std::size_t>(column))) ++on_it;
  }
  return static_cast<double>(on_it) / (steps * steps);
}

/// Shares, background and noise.
void measure_pixels(const Image& image, Quality& quality) {
  constexpr std::size_t most = 250'000;  // tell the noise to 0.2 %
  const std::size_t stride = image.pixels.size() / most | 1U;
  std::vector<float> values;
  std::vector<std::uint8_t> flaws(image.columns());
  constexpr std::uint8_t unusable = 1;
  std::size_t usable = 0;
  std::size_t saturated = 0;
  for (std::size_t row = 0; row < image.rows(); ++row) {
    const bool has_flaws = find_flaws(image, row, 0, unusable, flaws);
    // Each stride-th pixel, not always of the same columns.
    for (std::size_t column = (stride - row * image.columns() % stride) % stride; column < image.columns();
         column += stride) {
      if (flaws[column] == 0) values.push_back(image.pixels(row, column));
    }
    if (!has_flaws) {
      usable += image.columns();
      continue;
    }
    usable += static_cast<std::size_t>(std::count(flaws.begin(), flaws.end(), std::uint8_t{0}));
    saturated += static_cast<std::size_t>(
        std::count_if(flaws.begin(), flaws.end(), [](std::uint8_t flaw) { return (flaw & bad_saturated) != 0; }));
  }
  const auto count = static_cast<double>(image.pixels.size());
  quality.usable = static_cast<double>(usable) / count;
  quality.saturated = static_cast<double>(saturated) / count;
  // Stars lie above: what is more than three deviations from the median is left out, again and again.
  for (int turn = 0; turn < 10 && !values.empty(); ++turn) {
    const Robust sky = robust(std::span(values));
    quality.background = sky.middle;
    quality.noise = sky.sigma;
    const std::size_t dropped =
        std::erase_if(values, [&](float value) { return std::abs(value - sky.middle) > 3.0 * sky.sigma; });
    if (dropped == 0) break;
  }
}

}  // namespace

ZeroPoint zero_point(const Wcs& wcs, std::span<const Star> stars, std::span<const CatalogueStar> catalogue,
                     Angle radius) {
  const double reach = radius / wcs.scale();
  if (!(reach > 0.0) || !std::isfinite(reach)) refuse(zero_pointing, "expected a radius of more than 0");
  std::vector<Icrs> directions;
  for (const CatalogueStar& entry : catalogue) directions.push_back(entry.direction);
  const std::vector<PixelPosition> expected = wcs.pixel(directions);
  std::vector<PixelPosition> places;
  for (const Star& star : stars) places.push_back(star.place);
  const StarField field(places, reach);
  std::vector<double> values;
  for (std::size_t i = 0; i < catalogue.size(); ++i) {
    if (!std::isfinite(catalogue[i].magnitude)) continue;
    std::vector<std::size_t> within;
    field.for_each_near(expected[i], [&](std::size_t star) {
      const double apart = std::hypot(places[star].x - expected[i].x, places[star].y - expected[i].y);
      if (apart <= reach && stars[star].flux > 0.0) within.push_back(star);
    });
    if (within.size() == 1) values.push_back(catalogue[i].magnitude + 2.5 * std::log10(stars[within.front()].flux));
  }
  const std::size_t matched = values.size();
  ZeroPoint result;
  for (int turn = 0; turn < 10 && values.size() >= 3; ++turn) {
    const Robust most = robust(std::vector<double>(values));
    result.scatter = std::max(most.sigma, 1e-6);
    const std::size_t dropped =
        std::erase_if(values, [&](double value) { return std::abs(value - most.middle) > 3.0 * result.scatter; });
    if (dropped == 0) break;
  }
  if (values.size() < 3) {
    refuse(zero_pointing, std::to_string(matched) + " stars of the catalogue are one of the image, within " +
                              shown(radius.arcseconds()) + " arcsec, and " + std::to_string(values.size()) +
                              " of them agree; expected at least 3");
  }
  double sum = 0.0;
  for (const double value : values) sum += value;
  const auto count = static_cast<double>(values.size());
  result.magnitude = sum / count;
  double squares = 0.0;
  for (const double value : values) squares += (value - result.magnitude) * (value - result.magnitude);
  result.scatter = std::sqrt(squares / (count - 1.0));
  result.error = result.scatter / std::sqrt(count);
  result.stars = values.size();
  return result;
}

Quality judge(const Image& image, std::span<const Star> stars, const QualityOptions& options) {
  check_planes("judging an image", image);
  Quality quality;
  std::vector<std::string> faults;
  measure_pixels(image, quality);
  const QualityLimits& limits = options.limits;
  if (quality.usable < limits.least_usable) {
    faults.push_back(shown(100.0 * quality.usable) + " % of the pixels can be used (" +
                     shown(100.0 * quality.saturated) + " % are saturated)");
  }
  if (limits.most_background > 0.0 && quality.background > limits.most_background)
    faults.push_back("the background is " + shown(quality.background));
  try {
    const MeasuredPsf measured = options.psf != nullptr ? *options.psf : measure_psf(image, stars);
    const PixelPosition middle{0.5 * static_cast<double>(image.columns()), 0.5 * static_cast<double>(image.rows())};
    quality.stars = measured.stars.size();
    quality.fwhm = measured.psf.fwhm(middle);
    quality.ellipticity = measured.psf.ellipticity(middle);
    if (image.wcs) quality.seeing = image.wcs->scale() * quality.fwhm;
    quality.limiting_flux = 5.0 * quality.noise * std::sqrt(measured.psf.noise_pixels(middle));
    if (options.zero_point && quality.limiting_flux > 0.0)
      quality.depth = options.zero_point->magnitude - 2.5 * std::log10(quality.limiting_flux);
    if (!(quality.fwhm <= limits.most_fwhm)) faults.push_back("stars are " + shown(quality.fwhm) + " pixels wide");
    if (!(quality.ellipticity <= limits.most_ellipticity))
      faults.push_back("stars are drawn out, by an ellipticity of " + shown(quality.ellipticity));
    if (quality.stars < limits.least_stars)
      faults.push_back("only " + std::to_string(quality.stars) + " stars can be used");
  } catch (const Error& error) {
    faults.emplace_back(error.what());
  }
  if (limits.least_depth > 0.0 && quality.depth && *quality.depth < limits.least_depth)
    faults.push_back("it reaches magnitude " + shown(*quality.depth));
  if (options.reference != nullptr) {
    if (!image.wcs || !options.reference->wcs) {
      faults.emplace_back("where it or the reference lies on the sky is not known");
    } else {
      quality.overlap = overlap_of(image, *options.reference);
      if (*quality.overlap < limits.least_overlap)
        faults.push_back(shown(100.0 * *quality.overlap) + " % of it lies on the reference");
    }
  }
  quality.is_good = faults.empty();
  for (const std::string& fault : faults) quality.reason += (quality.reason.empty() ? "" : "; ") + fault;
  if (quality.is_good) {
    quality.reason = std::to_string(quality.stars) + " stars, " + shown(quality.fwhm) + " pixels wide, a star of " +
                     shown(quality.limiting_flux) + " counts is seen at 5 sigma";
  }
  return quality;
}

}  // namespace astro::imaging
