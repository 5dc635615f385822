// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <string>
#include <utility>

#include "astro/error.hpp"
#include "astro/files/cube.hpp"
#include "files/frame_names.hpp"

namespace astro::files {
namespace {

/// CTYPE is eight characters: the name, filled up with dashes, and the projection.
std::string type_of(const MapGrid& grid, bool longitude) {
  const std::string name = grid.frame == MapFrame::icrs ? (longitude ? "RA--" : "DEC-") : (longitude ? "GLON" : "GLAT");
  return name + "-" + (grid.projection == MapProjection::tangent ? "TAN" : "CAR");
}

/// CAR about the equator: the reference is where the centre's meridian crosses it, maybe far outside the map.
Wcs wcs_of(const SkyMap& map) {
  const MapGrid& grid = map.grid;
  const double pixel = grid.pixel.degrees();
  const double latitude = grid.centre.latitude.degrees();
  const bool on_equator = grid.projection == MapProjection::plate_carree;
  const double middle = 0.5 * (grid.height + 1.0);
  Wcs wcs;
  wcs.axes.push_back({.type = type_of(grid, true),
                      .unit = "deg",
                      .reference_pixel = 0.5 * (grid.width + 1.0),
                      .reference_value = grid.centre.longitude.wrapped().degrees(),
                      .step = -pixel});
  wcs.axes.push_back({.type = type_of(grid, false),
                      .unit = "deg",
                      .reference_pixel = on_equator ? middle - latitude / pixel : middle,
                      .reference_value = on_equator ? 0.0 : latitude,
                      .step = pixel});
  if (grid.frame == MapFrame::icrs) wcs.frame = "ICRS";
  if (map.velocity.channels > 0) {
    wcs.axes.push_back({.type = "VRAD",
                        .unit = "m/s",
                        .reference_pixel = 1.0,
                        .reference_value = 1000.0 * map.velocity.first_km_s,
                        .step = 1000.0 * map.velocity.step_km_s});
    wcs.spectral_frame = specsys_of(map.velocity.frame);
  }
  wcs.rest_hz = map.rest.hertz();
  return wcs;
}

std::string unit_of(const std::string& unit, MapLayer layer) {
  return layer == MapLayer::weight && !unit.empty() ? "1/(" + unit + ")**2" : unit;
}

}  // namespace

Cube cube_of(const SkyMap& map, MapLayer layer) {
  const std::size_t values = map.grid.pixels() * map.planes();
  if (values == 0 || map.value.size() != values || map.sigma.size() != values) {
    throw Error(ErrorCode::invalid_argument, "making an image of a map: it has " + std::to_string(map.value.size()) +
                                                 " values and " + std::to_string(map.sigma.size()) +
                                                 " errors for a grid of " + std::to_string(values));
  }
  Cube cube;
  if (map.velocity.channels > 0) cube.shape.push_back(map.velocity.channels);
  cube.shape.insert(cube.shape.end(), {map.grid.height, map.grid.width});
  cube.pixels = layer == MapLayer::value ? map.value : layer == MapLayer::sigma ? map.sigma : map.weights();
  cube.wcs = wcs_of(map);
  cube.unit = unit_of(map.unit, layer);
  Map more;
  more.emplace_back("BMAJ", map.beam.degrees());
  more.emplace_back("BMIN", map.beam.degrees());
  more.emplace_back("BPA", 0.0);
  cube.more = std::move(more);
  return cube;
}

namespace {

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ErrorCode::unsupported, "reading an image as a map: " + why);
}

MapGrid grid_of(const Cube& cube) {
  const std::vector<WcsAxis>& axes = cube.wcs.axes;
  if (axes.size() < 2 || axes.size() > 3 || cube.shape.size() != axes.size() || !cube.wcs.matrix.empty()) {
    refuse("expected two axes on the sky, or those and velocities, without rotation");
  }
  MapGrid grid;
  bool known = false;
  for (const MapFrame frame : {MapFrame::icrs, MapFrame::galactic}) {
    for (const MapProjection projection : {MapProjection::tangent, MapProjection::plate_carree}) {
      grid.frame = frame;
      grid.projection = projection;
      known = axes[0].type == type_of(grid, true) && axes[1].type == type_of(grid, false);
      if (known) break;
    }
    if (known) break;
  }
  if (!known)
    refuse("its axes are " + axes[0].type + " and " + axes[1].type +
           "; expected RA and DEC or GLON and GLAT, TAN or CAR");
  const double pixel = axes[1].step;
  if (pixel <= 0.0 || std::abs(axes[0].step + pixel) > 1e-9 * pixel)
    refuse("its pixels are no squares with east to the left");
  grid.pixel = degrees(pixel);
  grid.width = static_cast<std::uint32_t>(cube.shape.back());
  grid.height = static_cast<std::uint32_t>(cube.shape[cube.shape.size() - 2]);
  const double across = 0.5 * (grid.width + 1.0) - axes[0].reference_pixel;
  const double up = 0.5 * (grid.height + 1.0) - axes[1].reference_pixel;
  const bool on_equator = grid.projection == MapProjection::plate_carree;
  if (std::abs(across) > 1e-6 || (!on_equator && std::abs(up) > 1e-6) ||
      (on_equator && axes[1].reference_value != 0.0)) {
    refuse("its reference is not in its middle");
  }
  grid.centre = {degrees(axes[0].reference_value), degrees(axes[1].reference_value + (on_equator ? up * pixel : 0.0))};
  return grid;
}

}  // namespace

SkyMap map_of(const Cube& cube) {
  SkyMap map;
  map.grid = grid_of(cube);
  if (cube.wcs.axes.size() == 3) {
    const WcsAxis& axis = cube.wcs.axes[2];
    if (axis.type != "VRAD" || axis.unit != "m/s" || axis.step <= 0.0)
      refuse("its third axis is " + axis.type + "; expected VRAD in m/s");
    map.velocity = {.first_km_s = (axis.reference_value + (1.0 - axis.reference_pixel) * axis.step) / 1000.0,
                    .step_km_s = axis.step / 1000.0,
                    .channels = static_cast<std::uint32_t>(cube.shape.front()),
                    .frame = frame_of_specsys(cube.wcs.spectral_frame).value_or(sky::VelocityFrame::lsrk)};
  }
  map.value = cube.pixels;
  map.sigma.assign(map.value.size(), std::nanf(""));
  map.unit = cube.unit;
  if (const Value* beam = cube.more.find("BMAJ")) map.beam = degrees(beam->as_number());
  if (cube.wcs.rest_hz > 0.0) map.rest = hertz(cube.wcs.rest_hz);
  return map;
}

}  // namespace astro::files
