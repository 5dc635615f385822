// SPDX-License-Identifier: BSD-3-Clause
#include "astro/signal/gridding.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <random>
#include <vector>

#include "astro/error.hpp"
#include "astro/sky/frames.hpp"
#include "signal/pointed.hpp"

namespace astro {
namespace {

using namespace astro::literals;
using testing::pointed_spectrum;

constexpr GriddingOptions one_degree{.beam = 1_deg};

Icrs icrs_at(MapFrame frame, double longitude_deg, double latitude_deg) {
  if (frame == MapFrame::icrs) return {degrees(longitude_deg), degrees(latitude_deg)};
  return sky::icrs(Galactic{degrees(longitude_deg), degrees(latitude_deg)});
}

double gaussian(double distance, double width) {
  return std::exp(-4.0 * std::numbers::ln2 * distance * distance / (width * width));
}

/// What a beam of 1 degree sees of a point source of 10 K, sampled each quarter of a beam, askew.
std::vector<MapPoint> scan_of_point_source(MapFrame frame, double longitude_deg, double latitude_deg) {
  std::vector<MapPoint> points;
  const Icrs source = icrs_at(frame, longitude_deg, latitude_deg);
  for (int i = -16; i <= 16; ++i) {
    for (int k = -16; k <= 16; ++k) {
      const double x = 0.25 * i * std::cos(0.3) - 0.25 * k * std::sin(0.3);
      const double y = 0.25 * i * std::sin(0.3) + 0.25 * k * std::cos(0.3);
      const double latitude = latitude_deg + y;
      const Icrs direction = icrs_at(frame, longitude_deg + x / std::cos(degrees(latitude).radians()), latitude);
      points.push_back({direction, {10.0 * gaussian(separation(direction, source).degrees(), 1.0), 0.1}});
    }
  }
  return points;
}

struct Moments {
  double flux = 0.0;  ///< K deg^2
  double x = 0.0;
  double y = 0.0;
  double width_deg = 0.0;  ///< of a round Gaussian with this second moment
};

Moments moments_of(const SkyMap& map) {
  Moments moments;
  double square = 0.0;
  const auto each_pixel = [&](auto add) {
    for (std::uint32_t y = 0; y < map.grid.height; ++y) {
      for (std::uint32_t x = 0; x < map.grid.width; ++x) {
        const auto value = static_cast<double>(map.value[std::size_t{y} * map.grid.width + x]);
        if (std::isfinite(value)) add(value, x, y);
      }
    }
  };
  each_pixel([&](double value, double x, double y) {
    moments.flux += value;
    moments.x += value * x;
    moments.y += value * y;
  });
  moments.x /= moments.flux, moments.y /= moments.flux;
  each_pixel([&](double value, double x, double y) {
    square += value * (std::pow(x - moments.x, 2) + std::pow(y - moments.y, 2)) / moments.flux;
  });
  const double pixel = map.grid.pixel.degrees();
  moments.flux *= pixel * pixel;
  moments.width_deg = pixel * std::sqrt(0.5 * square) * 2.0 * std::sqrt(2.0 * std::log(2.0));
  return moments;
}

class OfAPointSource : public ::testing::TestWithParam<std::tuple<GriddingKernel, MapFrame, MapProjection>> {};

TEST_P(OfAPointSource, FluxPlaceAndWidthAreKept) {
  const auto [kernel, frame, projection] = GetParam();
  // CAR is true to area at the equator of its frame.
  const double latitude = projection == MapProjection::tangent ? 40.0 : 0.0;
  const std::vector<MapPoint> points = scan_of_point_source(frame, 300.0, latitude);
  const MapGrid grid{.frame = frame,
                     .projection = projection,
                     .centre = {300.07_deg, degrees(latitude - 0.03)},
                     .pixel = 0.2_deg,
                     .width = 31,
                     .height = 29};
  const GriddingOptions options{.beam = 1_deg, .kernel = kernel};
  const SkyMap map = grid_map(points, grid, options);
  const Moments moments = moments_of(map);
  // The integral of a Gaussian of this width: pi / (4 ln 2).
  EXPECT_NEAR(moments.flux / (10.0 * std::numbers::pi / (4.0 * std::numbers::ln2)), 1.0, 0.003);
  const MapGrid::Pixel truth = grid.pixel_of(icrs_at(frame, 300.0, latitude));
  EXPECT_NEAR(moments.x, truth.x, 0.02);
  EXPECT_NEAR(moments.y, truth.y, 0.02);
  // The second moment of the Bessel kernel's ring counts against that of its core: its width is that of the middle.
  if (kernel == GriddingKernel::gaussian) {
    EXPECT_NEAR(moments.width_deg, map.beam.degrees(), 0.01);
  }
  const float top =
      *std::ranges::max_element(map.value, [](float a, float b) { return !(a >= b) && std::isfinite(b); });
  EXPECT_NEAR(static_cast<double>(top), kernel == GriddingKernel::gaussian ? 9.0 : 8.98, 0.1);
  EXPECT_EQ(map.unit, "K");
}

INSTANTIATE_TEST_SUITE_P(Gridding, OfAPointSource,
                         ::testing::Combine(::testing::Values(GriddingKernel::gaussian, GriddingKernel::bessel),
                                            ::testing::Values(MapFrame::icrs, MapFrame::galactic),
                                            ::testing::Values(MapProjection::tangent, MapProjection::plate_carree)));

// Two Gaussians folded are as wide as the root of the sum of squares; the cut at 1.5 widths takes off 0.05 %. The
// Bessel's by numpy from its formula, with scipy's J1.
TEST(Gridding, SaysHowWideASourceIsInTheMap) {
  EXPECT_NEAR(map_beam(one_degree).degrees(), std::sqrt(1.0 + 1.0 / 9.0), 0.001);
  EXPECT_NEAR(map_beam({.beam = 5_deg, .width = 1.0}).degrees(), 5.0 * std::numbers::sqrt2, 0.03);
  EXPECT_NEAR(map_beam({.beam = 1_deg, .kernel = GriddingKernel::bessel}).degrees(), 1.09375, 1e-3);
  EXPECT_THROW(map_beam({}), Error);
  EXPECT_THROW(map_beam({.beam = 1_deg, .width = 0.0}), Error);
}

// The formula written out again, with all distances by Vincenty's formula and no short cuts.
TEST(Gridding, IsTheFormulaInEachPixel) {
  std::mt19937 random(3);
  std::uniform_real_distribution<double> uniform(-4.0, 4.0);
  for (const auto projection : {MapProjection::tangent, MapProjection::plate_carree}) {
    std::vector<MapPoint> points(400);
    for (MapPoint& point : points) {
      point.direction = icrs_at(MapFrame::galactic, 2.0 + uniform(random), 60.0 + uniform(random));
      point.value = {uniform(random), 1.0 + 0.2 * uniform(random)};
    }
    const MapGrid grid{.frame = MapFrame::galactic,
                       .projection = projection,
                       .centre = {1_deg, 60_deg},
                       .pixel = 0.4_deg,
                       .width = 24,
                       .height = 20};
    const SkyMap map = grid_map(points, grid, one_degree);
    std::size_t empty = 0;
    for (std::size_t i = 0; i < grid.pixels(); ++i) {
      const Icrs centre = grid.direction(static_cast<double>(i % grid.width), static_cast<double>(i / grid.width));
      std::array<double, 3> sum{};
      for (const MapPoint& point : points) {
        const double distance = separation(centre, point.direction).degrees();
        if (distance > 0.5) continue;
        const double weight = gaussian(distance, 1.0 / 3.0) / (point.value.sigma * point.value.sigma);
        sum[0] += weight;
        sum[1] += weight * point.value.value;
        sum[2] += std::pow(weight * point.value.sigma, 2);
      }
      if (sum[0] == 0.0) {
        EXPECT_TRUE(std::isnan(map.value[i]) && std::isnan(map.sigma[i]));
        EXPECT_EQ(map.weights()[i], 0.0F);
        ++empty;
        continue;
      }
      EXPECT_NEAR(static_cast<double>(map.value[i]), sum[1] / sum[0], 1e-5) << i;
      EXPECT_NEAR(static_cast<double>(map.sigma[i]), std::sqrt(sum[2]) / sum[0], 1e-5) << i;
    }
    EXPECT_GT(empty, 5U);
    EXPECT_LT(empty, 300U);
  }
}

TEST(Gridding, StatesTheErrorsThatPixelsHave) {
  std::mt19937 random(5);
  std::normal_distribution<double> normal;
  const MapGrid grid{.centre = {83_deg, 22_deg}, .pixel = 0.5_deg, .width = 12, .height = 12};
  double square = 0.0;
  double count = 0.0;
  for (int turn = 0; turn < 40; ++turn) {
    std::vector<MapPoint> points(900);
    for (std::size_t i = 0; i < points.size(); ++i) {
      const double sigma = i % 3 == 0 ? 0.5 : 2.0;
      const auto x = static_cast<double>(i % 30);
      const auto y = static_cast<double>(i / 30);
      points[i] = {icrs_at(MapFrame::icrs, 80.0 + 0.2 * x, 19.0 + 0.2 * y), {3.0 + sigma * normal(random), sigma}};
    }
    const SkyMap map = grid_map(points, grid, one_degree);
    for (std::size_t i = 0; i < map.value.size(); ++i) {
      square += std::pow(static_cast<double>((map.value[i] - 3.0F) / map.sigma[i]), 2);
      count += 1.0;
    }
  }
  EXPECT_NEAR(square / count, 1.0, 0.1);
}

TEST(Gridding, GoesOnWhereAMapOfTheWholeSkyBeginsAgain) {
  const MapGrid grid{.frame = MapFrame::galactic,
                     .projection = MapProjection::plate_carree,
                     .pixel = 1_deg,
                     .width = 360,
                     .height = 180};
  const std::vector<MapPoint> point{{icrs_at(MapFrame::galactic, 179.9, 0.5), {5.0, 1.0}},
                                    {icrs_at(MapFrame::galactic, 40.0, 89.4), {2.0, 1.0}}};
  const SkyMap map = grid_map(point, grid, {.beam = 4_deg});
  const std::size_t row = 90 * std::size_t{360};
  EXPECT_EQ(map.value[row], 5.0F);        // l = 179.5
  EXPECT_EQ(map.value[row + 359], 5.0F);  // l = 180.5
  EXPECT_TRUE(std::isnan(map.value[row + 180]));
  for (std::size_t x = 0; x < 360; ++x) EXPECT_EQ(map.value[179 * std::size_t{360} + x], 2.0F) << x;  // the pole's row
}

TEST(Gridding, PlacesAndPixelsAreInverse) {
  for (const MapProjection projection : {MapProjection::tangent, MapProjection::plate_carree}) {
    const MapGrid grid{.frame = MapFrame::galactic,
                       .projection = projection,
                       .centre = {359_deg, 12_deg},
                       .pixel = 0.5_deg,
                       .width = 40,
                       .height = 33};
    EXPECT_NEAR(grid.place(19.5, 16.0).longitude.degrees(), 359.0, 1e-12);
    EXPECT_NEAR(grid.place(19.5, 16.0).latitude.degrees(), 12.0, 1e-12);
    EXPECT_GT(grid.place(10.0, 16.0).longitude.wrapped_signed(), grid.place(11.0, 16.0).longitude.wrapped_signed());
    EXPECT_GT(grid.place(10.0, 17.0).latitude, grid.place(10.0, 16.0).latitude);
    for (const auto& [x, y] : {std::pair{0.0, 0.0}, {39.0, 32.0}, {7.25, 20.5}}) {
      const MapGrid::Pixel pixel = grid.pixel_of(grid.direction(x, y));
      EXPECT_NEAR(pixel.x, x, 1e-9);
      EXPECT_NEAR(pixel.y, y, 1e-9);
    }
  }
}

TEST(Gridding, LaysAGridAroundWhatIsThere) {
  std::vector<Icrs> directions;
  for (int i = 0; i < 50; ++i) directions.push_back(icrs_at(MapFrame::galactic, 350.0 + 0.4 * i, -3.0 + 0.1 * i));
  for (const MapProjection projection : {MapProjection::tangent, MapProjection::plate_carree}) {
    const MapGrid grid = grid_around(directions, 0.9_deg, MapFrame::galactic, projection);
    EXPECT_NEAR(grid.pixel.degrees(), 0.3, 1e-12);
    EXPECT_NEAR(grid.centre.longitude.wrapped_signed().degrees(), -0.2, 0.1);
    EXPECT_NEAR(grid.width, (19.6 + 0.9) / 0.3, 3.0);
    EXPECT_NEAR(grid.height, (4.9 + 0.9) / 0.3, 3.0);
    for (const Icrs& direction : directions) {
      const MapGrid::Pixel pixel = grid.pixel_of(direction);
      EXPECT_TRUE(pixel.x > 0.5 && pixel.x < grid.width - 1.5 && pixel.y > 0.5 && pixel.y < grid.height - 1.5);
    }
  }
  directions.push_back(icrs_at(MapFrame::galactic, 180.0, 0.0));
  EXPECT_THROW(grid_around(directions, 1_deg), Error);
  EXPECT_THROW(grid_around({}, 1_deg), Error);
  EXPECT_THROW(grid_around(directions, 0_deg, MapFrame::galactic, MapProjection::plate_carree), Error);
}

constexpr VelocityAxis velocities{-100.0, 2.0, 101};
const MapGrid small{.frame = MapFrame::galactic, .centre = {120_deg, 0_deg}, .pixel = 0.5_deg, .width = 5, .height = 5};

double line_k(double velocity) { return 40.0 * gaussian(velocity + 12.0, 30.0); }

// Half a year apart the Earth moves by up to 60 km/s more towards it, or away.
TEST(Gridding, BringsSpectraOfAllSeasonsToOneVelocity) {
  std::vector<CalibratedSpectrum> spectra;
  double least = 1e9;
  double most = -1e9;
  for (const char* when : {"2026-01-15T20:00:00", "2026-07-15T02:00:00"}) {
    spectra.push_back(pointed_spectrum(120.0, parse_time(when), line_k));
    least = std::min(least, spectra.back().velocity_lsrk_km_s(0.0));
    most = std::max(most, spectra.back().velocity_lsrk_km_s(0.0));
  }
  ASSERT_GT(most - least, 30.0);
  const SkyMap cube = grid_cube(spectra, small, velocities, one_degree);
  EXPECT_EQ(cube.planes(), 101U);
  double integral = 0.0;
  for (std::uint32_t i = 0; i < velocities.channels; ++i) {
    const auto value = static_cast<double>(cube.value[i * small.pixels() + 12]);
    EXPECT_NEAR(value, line_k(velocities.at(i)), 0.15) << velocities.at(i);
    integral += 2.0 * value;
  }
  EXPECT_NEAR(integral, 40.0 * 30.0 * std::sqrt(std::numbers::pi / (4.0 * std::numbers::ln2)), 1.0);
  EXPECT_TRUE(std::isnan(cube.value[0]));  // the corner is 1.4 degrees away
}

TEST(Gridding, DoesNotWeighAPlaceLessBecauseItIsBright) {
  CalibratedSpectrum bright = pointed_spectrum(120.0, testing::pointed_time, line_k);
  CalibratedSpectrum dark = pointed_spectrum(120.0, testing::pointed_time, [](double) { return 0.0; });
  for (std::size_t i = 0; i < bright.sigma_k.size(); ++i) bright.sigma_k[i] += 0.02F * bright.temperature_k[i];
  const SkyMap cube = grid_cube(std::vector{bright, dark}, small, velocities, one_degree);
  EXPECT_NEAR(static_cast<double>(cube.value[44 * small.pixels() + 12]), 0.5 * line_k(-12.0), 0.1);
  dark.weight.assign(dark.weight.size(), 0.0F);
  const SkyMap alone = grid_cube(std::vector{bright, dark}, small, velocities, one_degree);
  EXPECT_NEAR(static_cast<double>(alone.value[44 * small.pixels() + 12]), line_k(-12.0), 0.1);
}

TEST(Gridding, StatesTheErrorOfAPlane) {
  std::vector<CalibratedSpectrum> spectra(3, pointed_spectrum(120.0, testing::pointed_time, line_k));
  const SkyMap cube = grid_cube(spectra, small, velocities, one_degree);
  // 2 km/s hold about 2 / width independent channels of 0.1 K each.
  const double width = std::abs(spectra[0].velocity_lsrk_km_s(1.0) - spectra[0].velocity_lsrk_km_s(0.0));
  const double expected = 0.1 / std::sqrt(3.0 * velocities.step_km_s / width);
  EXPECT_NEAR(static_cast<double>(cube.sigma[40 * small.pixels() + 12]), expected, 0.15 * expected);
}

TEST(Gridding, RefusesWhatMakesNoMap) {
  const std::vector<MapPoint> points{{icrs_at(MapFrame::icrs, 10.0, 10.0), {1.0, 0.1}}};
  const MapGrid grid{.centre = {10_deg, 10_deg}, .pixel = 1_deg, .width = 4, .height = 4};
  MapGrid none = grid;
  none.width = 0;
  MapGrid huge = grid;
  huge.width = huge.height = 100000;
  EXPECT_THROW(grid_map({}, grid, one_degree), Error);
  EXPECT_THROW(grid_map(points, none, one_degree), Error);
  EXPECT_THROW(grid_map(points, huge, one_degree), Error);
  EXPECT_THROW(grid_map(points, grid, {}), Error);
  EXPECT_THROW(grid_map(std::vector<MapPoint>{{points[0].direction, {1.0, 0.0}}}, grid, one_degree), Error);
  std::vector<CalibratedSpectrum> spectra{pointed_spectrum(120.0, testing::pointed_time, line_k)};
  EXPECT_THROW(grid_cube(spectra, grid, {0.0, 0.0, 10}, one_degree), Error);
  EXPECT_THROW(grid_cube(spectra, grid, {0.0, 1.0, 0}, one_degree), Error);
  spectra[0].pointing.known = false;
  EXPECT_THROW(grid_cube(spectra, grid, velocities, one_degree), Error);
}

}  // namespace
}  // namespace astro
