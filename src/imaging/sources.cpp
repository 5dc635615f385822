// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/sources.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <shared_mutex>
#include <string>

#include "imaging/refuse.hpp"
#include "imaging/sep_image.hpp"

namespace astro::imaging {
namespace {

constexpr const char* searching = "extracting sources";
constexpr std::size_t most_pixels_above = std::size_t{1} << 21;
constexpr double kron_reach = 6.0;  ///< ellipses of a source that are weighed, as in Source Extractor
constexpr int exact = 0;            ///< subpixels: overlaps are worked out
constexpr int subpixels = 5;        ///< where they cannot be

/// SEP's list of pixels has one length for the whole process, and each search begins by writing all of it. So it is as
/// long as SEP has it, and only for an image that needs more it is longer, while no other one is searched.
template <class Search>
int with_enough_pixels(const Search& search) {
  static std::shared_mutex mutex;
  {
    const std::shared_lock lock(mutex);
    if (const int status = search(); status == 0) return status;
  }
  const std::unique_lock lock(mutex);
  const std::size_t usual = sep_get_extract_pixstack();
  sep_set_extract_pixstack(most_pixels_above);
  const int status = search();
  sep_set_extract_pixstack(usual);
  return status;
}

void check_extract_options(const ExtractOptions& options) {
  const Plane<float>& kernel = options.filter.kernel;
  const bool is_odd = kernel.empty() || (kernel.rows() % 2 == 1 && kernel.columns() % 2 == 1);
  const bool is_possible = std::isfinite(options.threshold) && options.noise >= 0.0 && std::isfinite(options.noise) &&
                           options.least_pixels > 0 && options.least_pixels < most_pixels_above &&
                           options.deblend_levels > 0 && options.deblend_levels <= 1024 &&
                           options.deblend_contrast >= 0.0 && options.deblend_contrast <= 1.0 &&
                           options.clean_parameter > 0.0;
  if (!is_odd) refuse(searching, "the filter has " + size_of(kernel) + ", expected odd numbers");
  const auto numbers = kernel.values();
  const bool is_finite = std::ranges::all_of(numbers, [](float value) { return std::isfinite(value); });
  const bool is_nothing = std::ranges::all_of(numbers, [](float value) { return value == 0.0F; });
  if (!kernel.empty() && (!is_finite || is_nothing)) {
    refuse(searching, "the filter holds what is not finite, or nothing but zeros: it would find no source");
  }
  if (!is_possible) {
    refuse(searching,
           "expected a finite threshold, noise of 0 or more, least_pixels of 1 or more, 1 to 1024 deblend "
           "levels, a contrast from 0 to 1 and a clean parameter above 0");
  }
}

struct FreeCatalog {
  void operator()(sep_catalog* catalog) const noexcept { sep_catalog_free(catalog); }
};
using Catalog = std::unique_ptr<sep_catalog, FreeCatalog>;

Source source_of(const sep_catalog& all, std::size_t i) {
  Source source;
  source.x = all.x[i];
  source.y = all.y[i];
  source.flux = static_cast<double>(all.flux[i]);
  source.peak = static_cast<double>(all.peak[i]);
  source.a = static_cast<double>(all.a[i]);
  source.b = static_cast<double>(all.b[i]);
  source.theta = radians(static_cast<double>(all.theta[i]));
  source.x2 = all.x2[i];
  source.y2 = all.y2[i];
  source.xy = all.xy[i];
  source.x2_error = all.errx2[i];
  source.y2_error = all.erry2[i];
  source.xy_error = all.errxy[i];
  source.cxx = static_cast<double>(all.cxx[i]);
  source.cyy = static_cast<double>(all.cyy[i]);
  source.cxy = static_cast<double>(all.cxy[i]);
  source.flux_filtered = static_cast<double>(all.cflux[i]);
  source.peak_filtered = static_cast<double>(all.cpeak[i]);
  source.threshold = static_cast<double>(all.thresh[i]);
  source.pixels = all.npix[i];
  source.pixels_above = all.tnpix[i];
  source.x_min = all.xmin[i];
  source.x_max = all.xmax[i];
  source.y_min = all.ymin[i];
  source.y_max = all.ymax[i];
  source.x_peak = all.xpeak[i];
  source.y_peak = all.ypeak[i];
  source.x_peak_filtered = all.xcpeak[i];
  source.y_peak_filtered = all.ycpeak[i];
  source.flags = all.flag[i];
  return source;
}

KronFlux kron_flux(const sep_image& image, const Source& source, const KronOptions& options) {
  double cxx = 0.0;
  double cyy = 0.0;
  double cxy = 0.0;
  const double theta = source.theta.radians();
  sep_ellipse_coeffs(source.a, source.b, theta, &cxx, &cyy, &cxy);
  KronFlux kron;
  short flags = 0;
  const char* doing = "measuring Kron fluxes";
  check_sep(sep_kron_radius(&image, source.x, source.y, cxx, cyy, cxy, kron_reach, 0, &kron.radius, &flags), doing);
  kron.flags = flags;
  double area = 0.0;
  if (kron.radius * std::sqrt(source.a * source.b) < options.least_radius) {
    check_sep(sep_sum_circle(&image, source.x, source.y, options.least_radius, 0, exact, 0, &kron.flux, &kron.error,
                             &area, &flags),
              doing);
  } else {
    check_sep(sep_sum_ellipse(&image, source.x, source.y, source.a, source.b, theta, options.factor * kron.radius, 0,
                              exact, 0, &kron.flux, &kron.error, &area, &flags),
              doing);
  }
  kron.flags |= flags;
  const double half = 0.5;
  check_sep(sep_flux_radius(&image, source.x, source.y, kron_reach * source.a, 0, subpixels, 0, &kron.flux, &half, 1,
                            &kron.half_light_radius, &flags),
            doing);
  kron.flags |= flags;
  return kron;
}

bool is_measurable(const Source& source) {
  return std::isfinite(source.x) && std::isfinite(source.y) && source.a > 0.0 && source.b > 0.0 && source.a < 1e4 &&
         source.b < 1e4 && std::isfinite(source.theta.radians());
}

}  // namespace

Filter default_filter() {
  Filter filter;
  filter.kernel = Plane<float>(3, 3);
  const std::array<float, 3> side{1.0F, 2.0F, 1.0F};
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t column = 0; column < 3; ++column) filter.kernel(row, column) = side[row] * side[column];
  }
  return filter;
}

std::vector<Source> extracted(const Image& image, const ExtractOptions& options) {
  check_extract_options(options);
  SepImage seen(image, searching);
  if (options.noise > 0.0) {
    seen.parameters().noise = nullptr;
    seen.parameters().noiseval = options.noise;
    seen.parameters().noise_type = SEP_NOISE_STDDEV;
  }
  const Plane<float>& kernel = options.filter.kernel;
  const bool is_relative = seen.get()->noise_type != SEP_NOISE_NONE;
  sep_catalog* made = nullptr;
  const int status = with_enough_pixels([&] {
    return sep_extract(seen.get(), static_cast<float>(options.threshold), is_relative ? SEP_THRESH_REL : SEP_THRESH_ABS,
                       static_cast<int>(options.least_pixels), kernel.empty() ? nullptr : kernel.data(),
                       static_cast<int>(kernel.columns()), static_cast<int>(kernel.rows()),
                       options.filter.kind == Filter::Kind::matched ? SEP_FILTER_MATCHED : SEP_FILTER_CONV,
                       options.deblend_levels, options.deblend_contrast, options.cleans ? 1 : 0,
                       options.clean_parameter, &made);
  });
  const Catalog catalog(made);
  check_sep(status, searching);
  std::vector<Source> sources;
  sources.reserve(static_cast<std::size_t>(catalog->nobj));
  for (std::size_t i = 0; i < static_cast<std::size_t>(catalog->nobj); ++i) sources.push_back(source_of(*catalog, i));
  return sources;
}

std::vector<Aperture> aperture_fluxes(const Image& image, std::span<const PixelPosition> places, double radius) {
  const char* doing = "summing apertures";
  if (!(radius > 0.0) || !std::isfinite(radius)) {
    refuse(doing, "the radius is " + std::to_string(radius) + " pixels, expected more than 0");
  }
  const SepImage seen(image, doing);
  std::vector<Aperture> apertures;
  apertures.reserve(places.size());
  for (const PixelPosition& place : places) {
    if (!std::isfinite(place.x) || !std::isfinite(place.y)) refuse(doing, "a place is not finite");
    Aperture& made = apertures.emplace_back();
    short flags = 0;
    check_sep(
        sep_sum_circle(seen.get(), place.x, place.y, radius, 0, exact, 0, &made.flux, &made.error, &made.area, &flags),
        doing);
    made.flags = flags;
  }
  return apertures;
}

std::vector<KronFlux> kron_fluxes(const Image& image, std::span<const Source> sources, const KronOptions& options) {
  const char* doing = "measuring Kron fluxes";
  if (!(options.factor > 0.0) || !(options.least_radius > 0.0)) {
    refuse(doing, "expected a factor and a least radius above 0");
  }
  const SepImage seen(image, doing);
  std::vector<KronFlux> fluxes;
  fluxes.reserve(sources.size());
  for (const Source& source : sources) {
    if (!is_measurable(source)) refuse(doing, "a source has no finite place and ellipse");
    fluxes.push_back(kron_flux(*seen.get(), source, options));
  }
  return fluxes;
}

}  // namespace astro::imaging
