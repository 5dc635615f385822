// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "astro/angle.hpp"
#include "astro/coordinates.hpp"
#include "astro/export.hpp"
#include "astro/frequency.hpp"
#include "astro/signal/measured.hpp"
#include "astro/signal/spectrum.hpp"
#include "astro/sky/velocity.hpp"

/// From spectra that were taken here and there to a regular map.
namespace astro {

enum class MapFrame : unsigned char { icrs, galactic };

/// How the sky is laid on a plane (Calabretta and Greisen 2002, A&A 395, 1077): TAN, for a field of up to
/// some 30 degrees anywhere; CAR about the equator of the frame, for the Galactic plane or the whole sky.
enum class MapProjection : unsigned char { tangent, plate_carree };

/// A place in the frame of a map: right ascension and declination, or galactic l and b.
struct MapPlace {
  Angle longitude{};
  Angle latitude{};
};

/// The pixels of a map: squares around a centre, longitude growing to the left, latitude upwards.
struct ASTRO_API MapGrid {
  MapFrame frame = MapFrame::icrs;
  MapProjection projection = MapProjection::tangent;
  MapPlace centre{};           ///< lies between the middle pixels where their number is even
  Angle pixel = degrees(1.0);  ///< side of a pixel; at most a third of the beam keeps what the beam sees
  std::uint32_t width = 0;     ///< pixels along the longitude
  std::uint32_t height = 0;    ///< pixels along the latitude

  std::size_t pixels() const noexcept { return std::size_t{width} * height; }
  /// The place of a pixel, counted from 0 at the lower left (whole numbers are centres); NaN where
  /// the projection has no such place.
  MapPlace place(double x, double y) const noexcept;
  /// The same in the ICRS.
  Icrs direction(double x, double y) const noexcept;
  /// Which pixel shows a direction: `place`'s inverse. Both NaN where the map's plane has no such place.
  struct Pixel {
    double x = 0.0;
    double y = 0.0;
  };
  Pixel pixel_of(const Icrs& direction) const noexcept;
};

/// Radial velocities of the planes of a cube, radio definition.
struct VelocityAxis {
  double first_km_s = 0.0;  ///< middle of plane 0
  double step_km_s = 1.0;   ///< positive
  std::uint32_t channels = 0;
  sky::VelocityFrame frame = sky::VelocityFrame::lsrk;

  double at(double channel) const noexcept { return first_km_s + step_km_s * channel; }
  bool operator==(const VelocityAxis&) const = default;
};

/// An image (`velocity.channels` 0) or a cube on a grid.
struct ASTRO_API SkyMap {
  MapGrid grid{};
  VelocityAxis velocity{};
  std::vector<float> value{};  ///< plane after plane, rows from the south, in a row from the east; NaN: no data
  std::vector<float> sigma{};  ///< standard error of each value; NaN where there is none
  std::string unit = "K";
  Angle beam{};  ///< full width at half maximum of what a point source looks like: the telescope's and the kernel's
  Frequency rest = hydrogen_line;

  std::size_t planes() const noexcept { return velocity.channels == 0 ? 1 : velocity.channels; }
  /// The map of weights, 1 / sigma^2, 0 where there is no data.
  std::vector<float> weights() const;
};

/// With what a pixel weighs the spectra around it, at a distance r. Both keep the flux of sources (Mangum, Emerson
/// and Greisen 2007, A&A 474, 679); c is `width` times the beam.
enum class GriddingKernel : unsigned char {
  /// Gaussian, c wide at half maximum, cut off at 1.5 c. Positive everywhere, and it looks no further
  /// than half a beam, so that interference stays where it is and a gap in the map stays a gap. A map is
  /// 5 % less sharp than the telescope.
  gaussian,
  /// J1(pi r / 1.55 c) / (pi r / 1.55 c) times exp(-(r / 2.52 c)^2), cut off at 3 c. It passes the scales that a
  /// dish sees more evenly, and more of the others' noise is kept out; its negative ring draws the error
  /// of one spectrum around it, and it wants the sky sampled without gaps. 9 % less sharp.
  bessel
};

struct GriddingOptions {
  Angle beam{};  ///< full width at half maximum of the telescope's; no standard value
  GriddingKernel kernel = GriddingKernel::gaussian;
  double width = 1.0 / 3.0;  ///< of the kernel, in beams; more where the sky was sampled at less than each half beam
};

/// A measurement of one number, the continuum for example, in a direction.
struct MapPoint {
  Icrs direction{};
  Measured value{};  ///< with an error above 0
};

/// An image of points. Each pixel is their mean, weighed by the kernel and by 1 / sigma^2. A pixel from
/// which the next point is further than 1.5 c (half a beam) is NaN: nothing is made up beside the data. Points
/// whose value is not finite are left out. Throws `invalid_argument` without points, for a point without
/// error, for a grid without pixels or with more than 2^26 and for a beam or width that is not positive.
ASTRO_API SkyMap grid_map(std::span<const MapPoint> points, const MapGrid& grid, const GriddingOptions& options,
                          const std::string& unit = "K");

/// A cube of spectra, whose pointings must be known. Each is brought onto the velocity axis, by the
/// overlap of its channels, in the axis' frame of its own time and place. All channels of a spectrum are weighed
/// alike, by its median error and the channel's own weight: the brightness of a line raises the noise of
/// its channels, and weights by that would make bright places faint. The errors of the pixels follow from
/// those of the channels, taken as independent. The velocities are of `rest`; without it, of the first spectrum's
/// line. Throws as `grid_map`, and for a cube of more than 2^31 values.
ASTRO_API SkyMap grid_cube(std::span<const CalibratedSpectrum> spectra, const MapGrid& grid,
                           const VelocityAxis& velocity, const GriddingOptions& options,
                           std::optional<Frequency> rest = std::nullopt);

/// The grid on which all of the spectra have their place: around their middle, in pixels of a third of the
/// beam, half a beam wider than they reach. Throws `invalid_argument` without directions, for a beam that
/// is not positive, and where they reach further than 60 degrees around their middle for `tangent`.
ASTRO_API MapGrid grid_around(std::span<const Icrs> directions, Angle beam, MapFrame frame = MapFrame::icrs,
                              MapProjection projection = MapProjection::tangent);

/// What a point source looks like in a map: full width at half maximum of the telescope's Gaussian beam
/// folded with the kernel.
ASTRO_API Angle map_beam(const GriddingOptions& options);

}  // namespace astro
