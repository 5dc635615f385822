// SPDX-License-Identifier: BSD-3-Clause
#include "astro/signal/gridding.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>

#include "astro/error.hpp"
#include "signal/gridding_kernel.hpp"
#include "signal/map_frame.hpp"
#include "signal/rebinned.hpp"

namespace astro {
namespace {

using signal::Kernel;
using signal::Rebinned;
using signal::Vector;

constexpr std::size_t most_pixels = std::size_t{1} << 26;
constexpr std::size_t most_values = std::size_t{1} << 31;
constexpr float unknown = std::numeric_limits<float>::quiet_NaN();

[[noreturn]] void refuse_gridding(const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "a map cannot be made: " + why);
}

void check(std::size_t measurements, const MapGrid& grid) {
  if (measurements == 0) refuse_gridding("there is nothing to make it of");
  if (!(grid.pixel.radians() > 0.0)) refuse_gridding("its pixels must be larger than 0");
  if (grid.pixels() == 0 || grid.pixels() > most_pixels) {
    refuse_gridding("a grid of " + std::to_string(grid.width) + " x " + std::to_string(grid.height) +
                    " pixels was asked for; expected 1 to 2^26 of them");
  }
}

/// Which pixels may lie within reach of a direction: a box, both ends in it.
struct CellBox {
  std::int64_t left, right, low, high;
};

constexpr std::int64_t everywhere = std::int64_t{1} << 40;

CellBox box_around(const MapGrid& grid, const Icrs& direction, double reach) noexcept {
  const MapGrid::Pixel at = grid.pixel_of(direction);
  if (!std::isfinite(at.x) || !std::isfinite(at.y)) return {0, -1, 0, -1};  // on the other side of the sky
  const double pixel = grid.pixel.radians();
  double across = reach / pixel;
  double along = across;
  if (grid.projection == MapProjection::tangent) {
    // A gnomonic plane stretches by the square of the secant, outwards.
    const double off = std::atan(std::hypot(at.x - 0.5 * (grid.width - 1.0), at.y - 0.5 * (grid.height - 1.0)) * pixel);
    const double far = std::cos(std::min(off + reach, degrees(80.0).radians()));
    across = along = reach / pixel / (far * far);
  } else {
    const double latitude = std::abs(signal::place_in(grid.frame, direction).latitude.radians()) + reach;
    across = latitude < degrees(89.0).radians() ? reach / pixel / std::cos(latitude) : static_cast<double>(everywhere);
    const double seam = std::abs(at.x - 0.5 * (grid.width - 1.0)) + across;  // the map may begin again there
    if (seam * grid.pixel.degrees() > 180.0) across = static_cast<double>(everywhere);
  }
  const auto clamped = [](double pixels, std::uint32_t count) {
    return static_cast<std::int64_t>(std::clamp(pixels, -1.0, static_cast<double>(count)));
  };
  return {std::max<std::int64_t>(0, clamped(std::floor(at.x - across), grid.width)),
          std::min<std::int64_t>(std::int64_t{grid.width} - 1, clamped(std::ceil(at.x + across), grid.width)),
          std::max<std::int64_t>(0, clamped(std::floor(at.y - along), grid.height)),
          std::min<std::int64_t>(std::int64_t{grid.height} - 1, clamped(std::ceil(at.y + along), grid.height))};
}

/// A measurement within reach of a pixel.
struct Neighbour {
  std::size_t pixel;
  std::size_t measurement;
  double kernel;
  bool is_near;
};

std::vector<Vector> centres_of(const MapGrid& grid) {
  std::vector<Vector> centres;
  centres.reserve(grid.pixels());
  for (std::uint32_t y = 0; y < grid.height; ++y) {
    for (std::uint32_t x = 0; x < grid.width; ++x) centres.push_back(signal::vector_of(grid.place(x, y)));
  }
  return centres;
}

/// All pairs, by pixel, and within one by measurement.
std::vector<Neighbour> neighbours_of(const std::vector<Icrs>& directions, const MapGrid& grid, const Kernel& kernel) {
  const std::vector<Vector> centres = centres_of(grid);
  std::vector<Neighbour> neighbours;
  for (std::size_t i = 0; i < directions.size(); ++i) {
    const Vector direction = signal::vector_of(signal::place_in(grid.frame, directions[i]));
    const CellBox box = box_around(grid, directions[i], kernel.reach());
    for (std::int64_t y = box.low; y <= box.high; ++y) {
      for (std::int64_t x = box.left; x <= box.right; ++x) {
        const std::size_t pixel = static_cast<std::size_t>(y) * grid.width + static_cast<std::size_t>(x);
        const double distance = signal::angle_between(direction, centres[pixel]);
        if (!(distance <= kernel.reach())) continue;  // nor where the plane has no sky
        neighbours.push_back({pixel, i, kernel.at(distance), distance <= kernel.nearest()});
      }
    }
  }
  std::ranges::stable_sort(neighbours, {}, &Neighbour::pixel);
  return neighbours;
}

/// The mean of one pixel's neighbours in one plane.
struct Mean {
  double weights = 0.0;
  double values = 0.0;
  double variance = 0.0;
  bool is_near = false;

  void add(const Neighbour& neighbour, const Rebinned& rows, std::size_t plane) noexcept {
    const std::size_t at = neighbour.measurement * rows.planes + plane;
    const auto share = static_cast<double>(rows.weight[at]);
    if (!(share > 0.0)) return;
    const double weight = neighbour.kernel * share;
    weights += weight;
    values += weight * static_cast<double>(rows.value[at]);
    variance += weight * weight * static_cast<double>(rows.variance[at]);
    is_near = is_near || neighbour.is_near;
  }
};

void fill(SkyMap& map, const std::vector<Icrs>& directions, const Rebinned& rows, const GriddingOptions& options) {
  const std::size_t pixels = map.grid.pixels();
  map.value.assign(pixels * rows.planes, unknown);
  map.sigma.assign(pixels * rows.planes, unknown);
  const Kernel kernel(options.kernel, options.beam.radians() * options.width);
  const std::vector<Neighbour> neighbours = neighbours_of(directions, map.grid, kernel);
  for (auto first = neighbours.begin(); first != neighbours.end();) {
    const auto last =
        std::find_if(first, neighbours.end(), [&](const Neighbour& each) { return each.pixel != first->pixel; });
    for (std::size_t plane = 0; plane < rows.planes; ++plane) {
      Mean mean;
      for (auto each = first; each != last; ++each) mean.add(*each, rows, plane);
      if (!mean.is_near || !(mean.weights > 0.0)) continue;
      map.value[plane * pixels + first->pixel] = static_cast<float>(mean.values / mean.weights);
      map.sigma[plane * pixels + first->pixel] = static_cast<float>(std::sqrt(mean.variance) / mean.weights);
    }
    first = last;
  }
}

}  // namespace

SkyMap grid_map(std::span<const MapPoint> points, const MapGrid& grid, const GriddingOptions& options,
                const std::string& unit) {
  check(points.size(), grid);
  SkyMap map{.grid = grid, .unit = unit, .beam = map_beam(options)};
  std::vector<Icrs> directions;
  Rebinned rows{1, {}, {}, {}};
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Measured value = points[i].value;
    if (!std::isfinite(value.value)) continue;
    if (!(value.sigma > 0.0) || !std::isfinite(value.sigma)) {
      refuse_gridding("point " + std::to_string(i) + " has no error above 0, which would weigh it");
    }
    directions.push_back(points[i].direction);
    rows.value.push_back(value.value);
    rows.variance.push_back(value.sigma * value.sigma);
    rows.weight.push_back(1.0 / (value.sigma * value.sigma));
  }
  fill(map, directions, rows, options);
  return map;
}

SkyMap grid_cube(std::span<const CalibratedSpectrum> spectra, const MapGrid& grid, const VelocityAxis& velocity,
                 const GriddingOptions& options, std::optional<Frequency> line) {
  check(spectra.size(), grid);
  const Frequency rest = line.value_or(spectra.front().rest);
  if (velocity.channels == 0 || !(velocity.step_km_s > 0.0)) {
    refuse_gridding("its velocity axis needs channels and a step above 0 km/s");
  }
  if (grid.pixels() * velocity.channels > most_values) refuse_gridding("a cube of more than 2^31 values was asked for");
  SkyMap map{.grid = grid, .velocity = velocity, .beam = map_beam(options), .rest = rest};
  std::vector<Icrs> directions;
  Rebinned rows{velocity.channels, {}, {}, {}};
  for (std::size_t i = 0; i < spectra.size(); ++i) {
    if (!spectra[i].pointing.known) {
      refuse_gridding("nobody said where the telescope pointed for spectrum " + std::to_string(i) + " of " +
                      std::to_string(spectra.size()));
    }
    directions.push_back(spectra[i].pointing.direction);
    signal::rebin(spectra[i], velocity, rest, rows);
  }
  fill(map, directions, rows, options);
  return map;
}

}  // namespace astro
