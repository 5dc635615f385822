// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "astro/angle.hpp"
#include "astro/export.hpp"
#include "astro/imaging/image.hpp"
#include "astro/record.hpp"

/// Background, sources and their light, by SEP (Barbary 2016, JOSS 1, 58), the library of Source Extractor (Bertin and
/// Arnouts 1996, A&AS 117, 393). What is not usable is left out.
namespace astro::imaging {

struct BackgroundOptions {
  std::size_t box_rows = 64;
  std::size_t box_columns = 64;
  std::size_t filter_rows = 3;  ///< of the median over boxes
  std::size_t filter_columns = 3;
  double filter_threshold = 0.0;  ///< only boxes that the median changes by more than this are filtered
};

/// A smooth background and its noise: a mesh of boxes with bicubic splines between. Any thread may use it.
class ASTRO_API Background {
 public:
  /// Throws `invalid_argument` for an image in which no pixel is usable, and for boxes of no size.
  explicit Background(const Image& image, const BackgroundOptions& options = {});

  std::size_t rows() const noexcept;
  std::size_t columns() const noexcept;
  double level() const noexcept;  ///< of the whole image
  double rms() const noexcept;    ///< typical of the whole image
  Plane<float> levels() const;    ///< of each pixel
  Plane<float> rms_plane() const;
  /// The image less its background; what is saturated is masked, and `saturation` 0 from then on. Throws
  /// `invalid_argument` for another shape.
  Image subtracted(Image image) const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

/// A source as SEP measures it, above the threshold. Places in pixels as `PixelPosition` has them; fluxes in the unit
/// of the image.
struct Source {
  double x = 0.0;
  double y = 0.0;
  double flux = 0.0;
  double peak = 0.0;
  double a = 0.0;
  double b = 0.0;
  Angle theta{};
  double x2 = 0.0;
  double y2 = 0.0;
  double xy = 0.0;
  double x2_error = 0.0;
  double y2_error = 0.0;
  double xy_error = 0.0;
  double cxx = 0.0;
  double cyy = 0.0;
  double cxy = 0.0;
  double flux_filtered = 0.0;
  double peak_filtered = 0.0;
  double threshold = 0.0;
  std::int32_t pixels = 0;
  std::int32_t pixels_above = 0;
  std::int32_t x_min = 0;
  std::int32_t x_max = 0;
  std::int32_t y_min = 0;
  std::int32_t y_max = 0;
  std::int32_t x_peak = 0;
  std::int32_t y_peak = 0;
  std::int32_t x_peak_filtered = 0;
  std::int32_t y_peak_filtered = 0;
  std::int32_t flags = 0;
};

/// Bits of `Source::flags` and `Aperture::flags`.
enum class SourceFlag : std::uint16_t {
  blended = 0x01,       ///< split from a neighbour
  at_edge = 0x02,       ///< cut by an edge of the image
  singular = 0x08,      ///< so narrow that its moments were set to those of a pixel
  aperture_cut = 0x10,  ///< by an edge
  has_masked = 0x20,    ///< some of the aperture
  all_masked = 0x40,    ///< of the aperture
  not_positive = 0x80,  ///< the light that a Kron radius weighs
};

/// Pixels with which the image is filtered before it is searched.
struct Filter {
  enum class Kind : unsigned char { matched, convolution };
  Plane<float> kernel{};  ///< odd sides; empty: none
  Kind kind = Kind::matched;
};
/// Source Extractor's: 1 2 1, 2 4 2, 1 2 1.
ASTRO_API Filter default_filter();

struct ExtractOptions {
  double threshold = 1.5;  ///< in standard deviations: of each pixel's variance, or `noise` where there is none
  double noise = 0.0;      ///< standard deviation of every pixel; 0: the variance; without one `threshold` is in counts
  std::size_t least_pixels = 5;
  Filter filter = default_filter();
  int deblend_levels = 32;
  double deblend_contrast = 0.005;  ///< part of the light that makes a peak a source of its own
  bool cleans = true;               ///< leaves out what the wings of brighter neighbours explain
  double clean_parameter = 1.0;
};

/// Sources in the order of SEP. The background must have been subtracted. Throws `invalid_argument` for options out of
/// range, for an image in which no pixel is usable, and where more pixels lie above the threshold than could be
/// sources: an image with its background.
ASTRO_API std::vector<Source> extracted(const Image& image, const ExtractOptions& options = {});

/// Light in a circle or ellipse.
struct Aperture {
  double flux = 0.0;
  double error = 0.0;  ///< from the variance; 0 without one
  double area = 0.0;   ///< of it within the image, in pixels
  std::int32_t flags = 0;
};

/// The sum within a radius in pixels about each place, pixels at the edge by the part of their area (exact). Unusable
/// pixels are taken to have the mean of the others, and `SourceFlag::has_masked` says so. Throws `invalid_argument` for
/// a radius that is not positive.
ASTRO_API std::vector<Aperture> aperture_fluxes(const Image& image, std::span<const PixelPosition> places,
                                                double radius);

struct KronOptions {
  double factor = 2.5;         ///< radii of the ellipse
  double least_radius = 1.75;  ///< pixels; a source whose ellipse is smaller is summed in this circle
};

/// All light of extended sources (Kron 1980, ApJS 43, 305, as Source Extractor's MAG_AUTO).
struct KronFlux {
  double radius = 0.0;  ///< of Kron, in units of a and b
  double flux = 0.0;
  double error = 0.0;
  double half_light_radius = 0.0;  ///< pixels; within it is half of `flux`
  std::int32_t flags = 0;
};
ASTRO_API std::vector<KronFlux> kron_fluxes(const Image& image, std::span<const Source> sources,
                                            const KronOptions& options = {});

}  // namespace astro::imaging

template <>
struct astro::Description<astro::imaging::Source> {
  using T = astro::imaging::Source;
  static constexpr std::array fields{
      astro::field<&T::x>("x", {.says = "barycentre along a row, from 0"}),
      astro::field<&T::y>("y", {.says = "barycentre from row to row, from 0"}),
      astro::field<&T::flux>("flux", {.says = "sum of its pixels"}),
      astro::field<&T::peak>("peak", {.says = "its brightest pixel"}),
      astro::field<&T::a>("a", {.says = "semi-major axis, one standard deviation"}),
      astro::field<&T::b>("b", {.says = "semi-minor axis, one standard deviation"}),
      astro::field<&T::theta>("theta", {.says = "of the major axis, from x towards y"}),
      astro::field<&T::x2>("x2", {.says = "second moment along x"}),
      astro::field<&T::y2>("y2", {.says = "second moment along y"}),
      astro::field<&T::xy>("xy", {.says = "second moment across"}),
      astro::field<&T::x2_error>("x2_error", {.says = "variance of the barycentre along x"}),
      astro::field<&T::y2_error>("y2_error", {.says = "variance of the barycentre along y"}),
      astro::field<&T::xy_error>("xy_error", {.says = "covariance of the barycentre"}),
      astro::field<&T::cxx>("cxx", {.says = "of x^2 in the equation of the ellipse"}),
      astro::field<&T::cyy>("cyy", {.says = "of y^2 in the equation of the ellipse"}),
      astro::field<&T::cxy>("cxy", {.says = "of x y in the equation of the ellipse"}),
      astro::field<&T::flux_filtered>("flux_filtered", {.says = "sum of its pixels of the filtered image"}),
      astro::field<&T::peak_filtered>("peak_filtered", {.says = "the brightest one of the filtered image"}),
      astro::field<&T::threshold>("threshold", {.says = "at its place"}),
      astro::field<&T::pixels>("pixels", {.says = "that belong to it"}),
      astro::field<&T::pixels_above>("pixels_above", {.says = "of these, above the threshold unfiltered"}),
      astro::field<&T::x_min>("x_min", {.says = "first column"}),
      astro::field<&T::x_max>("x_max", {.says = "last column"}),
      astro::field<&T::y_min>("y_min", {.says = "first row"}),
      astro::field<&T::y_max>("y_max", {.says = "last row"}),
      astro::field<&T::x_peak>("x_peak", {.says = "column of the brightest pixel"}),
      astro::field<&T::y_peak>("y_peak", {.says = "row of the brightest pixel"}),
      astro::field<&T::x_peak_filtered>("x_peak_filtered", {.says = "column of the brightest one filtered"}),
      astro::field<&T::y_peak_filtered>("y_peak_filtered", {.says = "row of the brightest one filtered"}),
      astro::field<&T::flags>("flags", {.says = "bits of SourceFlag"}),
  };
};

template <>
struct astro::Description<astro::imaging::Aperture> {
  using T = astro::imaging::Aperture;
  static constexpr std::array fields{
      astro::field<&T::flux>("flux", {.says = "sum within it"}),
      astro::field<&T::error>("error", {.says = "standard deviation of the sum"}),
      astro::field<&T::area>("area", {.says = "of it within the image, in pixels"}),
      astro::field<&T::flags>("flags", {.says = "bits of SourceFlag"}),
  };
};

template <>
struct astro::Description<astro::imaging::KronFlux> {
  using T = astro::imaging::KronFlux;
  static constexpr std::array fields{
      astro::field<&T::radius>("radius", {.says = "of Kron, in units of a and b"}),
      astro::field<&T::flux>("flux", {.says = "sum within the ellipse"}),
      astro::field<&T::error>("error", {.says = "standard deviation of the sum"}),
      astro::field<&T::half_light_radius>("half_light_radius", {.says = "in pixels, within which is half of it"}),
      astro::field<&T::flags>("flags", {.says = "bits of SourceFlag"}),
  };
};
