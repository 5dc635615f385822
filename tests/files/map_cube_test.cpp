// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <numeric>

#include "astro/error.hpp"
#include "astro/files/cube.hpp"

namespace astro {
namespace {

using namespace astro::literals;

SkyMap map_of(MapFrame frame, MapProjection projection, std::uint32_t channels) {
  SkyMap map;
  map.grid = {.frame = frame,
              .projection = projection,
              .centre = {83.5_deg, 22_deg},
              .pixel = 0.4_deg,
              .width = 14,
              .height = 9};
  map.velocity = {-30.0, 1.5, channels};
  map.value.resize(map.grid.pixels() * map.planes());
  std::iota(map.value.begin(), map.value.end(), 0.0F);
  map.sigma.assign(map.value.size(), 0.5F);
  map.value[3] = map.sigma[3] = std::nanf("");
  map.beam = 1.2_deg;
  return map;
}

// The file's coordinates are computed by other code than the map's own: one for the projections of each.
TEST(MapCube, HasItsPixelsWhereTheMapHasThem) {
  for (const MapFrame frame : {MapFrame::icrs, MapFrame::galactic}) {
    for (const MapProjection projection : {MapProjection::tangent, MapProjection::plate_carree}) {
      const SkyMap map = map_of(frame, projection, 20);
      const files::Cube cube = files::cube_of(map);
      EXPECT_THAT(cube.shape, ::testing::ElementsAre(20, 9, 14));
      for (const auto& [x, y] : {std::pair{0.0, 0.0}, {13.0, 8.0}, {6.5, 4.0}}) {
        const std::vector<double> world = cube.wcs.world(std::array{x, y, 4.0});
        const MapPlace place = map.grid.place(x, y);
        EXPECT_NEAR(world[0], place.longitude.wrapped().degrees(), 1e-9);
        EXPECT_NEAR(world[1], place.latitude.degrees(), 1e-9);
        EXPECT_NEAR(world[2], -24000.0, 1e-9);
      }
    }
  }
}

TEST(MapCube, NamesWhatFitsNames) {
  const files::Cube cube = files::cube_of(map_of(MapFrame::galactic, MapProjection::plate_carree, 20));
  EXPECT_EQ(cube.wcs.axes[0].type, "GLON-CAR");
  EXPECT_EQ(cube.wcs.axes[1].type, "GLAT-CAR");
  EXPECT_EQ(cube.wcs.axes[1].reference_value, 0.0);
  EXPECT_EQ(cube.wcs.axes[2].type, "VRAD");
  EXPECT_EQ(cube.wcs.spectral_frame, "LSRK");
  EXPECT_EQ(cube.unit, "K");
  const files::Cube image = files::cube_of(map_of(MapFrame::icrs, MapProjection::tangent, 0));
  EXPECT_EQ(image.wcs.axes.size(), 2U);
  EXPECT_EQ(image.wcs.axes[1].type, "DEC--TAN");
  EXPECT_EQ(image.wcs.frame, "ICRS");
  EXPECT_NEAR(*image.more.find("BMAJ")->get_if<double>(), 1.2, 1e-12);
}

TEST(MapCube, HasErrorsAndWeightsAsLayers) {
  const SkyMap map = map_of(MapFrame::icrs, MapProjection::tangent, 0);
  EXPECT_EQ(files::cube_of(map, files::MapLayer::sigma).pixels[0], 0.5F);
  const files::Cube weight = files::cube_of(map, files::MapLayer::weight);
  EXPECT_EQ(weight.pixels[0], 4.0F);
  EXPECT_EQ(weight.pixels[3], 0.0F);
  EXPECT_EQ(weight.unit, "1/(K)**2");
}

TEST(MapCube, IsWrittenAndReadAgain) {
  const std::filesystem::path path = std::filesystem::path(::testing::TempDir()) / "map_cube_test.fits";
  const SkyMap map = map_of(MapFrame::galactic, MapProjection::tangent, 6);
  files::write_cube(path, files::cube_of(map));
  const files::Cube read = files::read_cube(path);
  EXPECT_EQ(read.wcs.axes, files::cube_of(map).wcs.axes);
  EXPECT_NEAR(read.wcs.rest_hz, hydrogen_line.hertz(), 1e-3);
  EXPECT_TRUE(std::isnan(read.pixels[3]));
  EXPECT_EQ(read.pixels.back(), map.value.back());
  std::filesystem::remove(path);
}

TEST(MapCube, BecomesTheMapAgain) {
  for (const MapFrame frame : {MapFrame::icrs, MapFrame::galactic}) {
    for (const MapProjection projection : {MapProjection::tangent, MapProjection::plate_carree}) {
      const SkyMap map = map_of(frame, projection, 6);
      const SkyMap again = files::map_of(files::cube_of(map));
      const Icrs there = map.grid.direction(2.0, 1.0);
      const Icrs same = again.grid.direction(2.0, 1.0);
      EXPECT_LT(separation(there, same).degrees(), 1e-9);
      EXPECT_EQ(again.value.back(), map.value.back());
      EXPECT_NEAR(again.velocity.at(5), map.velocity.at(5), 1e-9);
      EXPECT_EQ(again.velocity.frame, map.velocity.frame);
      EXPECT_EQ(again.beam, map.beam);
    }
  }
  files::Cube turned = files::cube_of(map_of(MapFrame::icrs, MapProjection::tangent, 0));
  turned.wcs.axes[0].type = "FREQ";
  EXPECT_THROW(files::map_of(turned), Error);
}

TEST(MapCube, IsRefusedWhereArraysDoNotFit) {
  SkyMap map = map_of(MapFrame::icrs, MapProjection::tangent, 0);
  map.sigma.pop_back();
  EXPECT_THROW(files::cube_of(map), Error);
  EXPECT_THROW(files::cube_of(SkyMap{}), Error);
}

}  // namespace
}  // namespace astro
