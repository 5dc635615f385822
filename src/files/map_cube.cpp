// SPDX-License-Identifier: BSD-3-Clause
#include <string>
#include <utility>

#include "astro/error.hpp"
#include "astro/files/cube.hpp"

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
    wcs.spectral_frame = "LSRK";
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

}  // namespace astro::files
