// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <utility>

#include "astro/error.hpp"
#include "astro/signal/gridding.hpp"
#include "astro/sky/frames.hpp"
#include "signal/map_frame.hpp"
#include "sky/projection.hpp"

namespace astro {
namespace {

using sky::Degrees;

constexpr double widest_deg = 60.0;
constexpr double degrees_per_radian = 180.0 / std::numbers::pi;

sky::Projection projection_of(const MapGrid& grid) noexcept {
  return grid.projection == MapProjection::tangent ? sky::Projection::tan : sky::Projection::car;
}

Degrees reference_of(const MapGrid& grid) noexcept {
  return {grid.centre.longitude.degrees(), grid.centre.latitude.degrees()};
}

/// Of the middle of the map in the plane: CAR counts latitudes from the equator.
double plane_middle_deg(const MapGrid& grid) noexcept {
  return grid.projection == MapProjection::tangent ? 0.0 : grid.centre.latitude.degrees();
}

Icrs icrs_of(MapFrame frame, const MapPlace& place) noexcept {
  return frame == MapFrame::icrs ? Icrs{place.longitude, place.latitude}
                                 : sky::icrs(Galactic{place.longitude, place.latitude});
}

/// The middle of directions, as the sum of their vectors.
MapPlace middle_of(std::span<const Icrs> directions, MapFrame frame) {
  signal::Vector sum{};
  for (const Icrs& direction : directions) {
    const signal::Vector vector = signal::vector_of(signal::place_in(frame, direction));
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += vector[i];
  }
  return {radians(std::atan2(sum[1], sum[0])).wrapped(), radians(std::atan2(sum[2], std::hypot(sum[0], sum[1])))};
}

[[noreturn]] void refuse_grid(const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "no grid can be laid around the directions: " + why);
}

/// The smallest box in the plane of a projection that holds all directions.
struct Box {
  double left = std::numeric_limits<double>::infinity();
  double right = -std::numeric_limits<double>::infinity();
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  Degrees middle() const noexcept { return {0.5 * (left + right), 0.5 * (low + high)}; }
};

Box box_of(std::span<const Icrs> directions, const MapGrid& grid) {
  Box box;
  for (const Icrs& direction : directions) {
    const MapPlace place = signal::place_in(grid.frame, direction);
    const Degrees plane =
        sky::project(projection_of(grid), {place.longitude.degrees(), place.latitude.degrees()}, reference_of(grid));
    const bool near = grid.projection == MapProjection::plate_carree ||
                      std::hypot(plane.x, plane.y) < degrees_per_radian * std::tan(degrees(widest_deg).radians());
    if (!near) refuse_grid("they reach further than 60 degrees from their middle; choose the projection plate_carree");
    box.left = std::min(box.left, plane.x), box.right = std::max(box.right, plane.x);
    box.low = std::min(box.low, plane.y), box.high = std::max(box.high, plane.y);
  }
  return box;
}

std::uint32_t pixels_over(double span_deg, Angle beam, Angle pixel) {
  return static_cast<std::uint32_t>(std::ceil((span_deg + beam.degrees()) / pixel.degrees() - 1e-9));
}

}  // namespace

MapPlace MapGrid::place(double x, double y) const noexcept {
  const Degrees plane{-(x - 0.5 * (width - 1.0)) * pixel.degrees(),
                      plane_middle_deg(*this) + (y - 0.5 * (height - 1.0)) * pixel.degrees()};
  const bool twice = projection == MapProjection::plate_carree && std::abs(plane.x) > 180.0;
  const Degrees sky =
      twice ? Degrees{std::nan(""), std::nan("")} : sky::deproject(projection_of(*this), plane, reference_of(*this));
  return {degrees(sky.x), degrees(sky.y)};
}

Icrs MapGrid::direction(double x, double y) const noexcept { return icrs_of(frame, place(x, y)); }

MapGrid::Pixel MapGrid::pixel_of(const Icrs& direction) const noexcept {
  const MapPlace place = signal::place_in(frame, direction);
  const Degrees plane =
      sky::project(projection_of(*this), {place.longitude.degrees(), place.latitude.degrees()}, reference_of(*this));
  return {0.5 * (width - 1.0) - plane.x / pixel.degrees(),
          0.5 * (height - 1.0) + (plane.y - plane_middle_deg(*this)) / pixel.degrees()};
}

MapGrid grid_around(std::span<const Icrs> directions, Angle beam, MapFrame frame, MapProjection projection) {
  if (directions.empty()) refuse_grid("there are none");
  if (!(beam.radians() > 0.0)) refuse_grid("the beam must be wider than 0");
  MapGrid grid{.frame = frame, .projection = projection, .centre = middle_of(directions, frame), .pixel = beam / 3.0};
  const Degrees middle = box_of(directions, grid).middle();
  const Degrees sky = sky::deproject(projection_of(grid), middle, reference_of(grid));
  grid.centre = {degrees(sky.x), degrees(sky.y)};
  const Box box = box_of(directions, grid);
  grid.width = pixels_over(2.0 * std::max(-box.left, box.right), beam, grid.pixel);
  const double above = plane_middle_deg(grid);
  grid.height = pixels_over(2.0 * std::max(above - box.low, box.high - above), beam, grid.pixel);
  return grid;
}

std::vector<float> SkyMap::weights() const {
  std::vector<float> weight(sigma.size());
  std::ranges::transform(sigma, weight.begin(), [](float each) { return each > 0.0F ? 1.0F / (each * each) : 0.0F; });
  return weight;
}

}  // namespace astro
