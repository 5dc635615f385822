// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "astro/error.hpp"
#include "astro/files/cube.hpp"
#include "sky/projection.hpp"
#include "text.hpp"

namespace astro::files {
namespace {

using sky::Degrees;
using sky::deproject;
using sky::project;
using sky::Projection;

/// The projection in a CTYPE like "RA---TAN"; nothing where it is a plain axis. Throws `unsupported`
/// for another one.
std::optional<Projection> projection_of(std::string_view type) {
  const std::string_view start = type.substr(0, 4);
  const bool is_direction =
      start == "RA--" || start == "DEC-" || start == "GLON" || start == "GLAT" || start == "ELON" || start == "ELAT";
  if (!is_direction || type.size() < 8 || type[4] != '-') return std::nullopt;
  const std::string_view code = type.substr(5);
  if (code == "TAN") return Projection::tan;
  if (code == "SIN") return Projection::sin;
  if (code == "CAR") return Projection::car;
  throw Error(ErrorCode::unsupported, "world coordinates: the axis " + text::quoted(type) +
                                          " has a projection that is not known here; expected TAN, SIN or CAR");
}

/// Whether the axis is the longitude of a pair.
bool is_longitude(std::string_view type) noexcept {
  return type.starts_with("RA") || type.starts_with("GLON") || type.starts_with("ELON");
}

/// The two axes of directions.
struct Pair {
  std::size_t longitude;
  std::size_t latitude;
  Projection projection;
};

std::optional<Pair> pair_of(const std::vector<WcsAxis>& axes) {
  std::optional<std::size_t> longitude;
  std::optional<std::size_t> latitude;
  std::optional<Projection> projection;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto found = projection_of(axes[i].type);
    if (!found) continue;
    projection = found;
    (is_longitude(axes[i].type) ? longitude : latitude) = i;
  }
  if (!longitude || !latitude) return std::nullopt;
  if (*projection == Projection::car && axes[*latitude].reference_value != 0.0) {
    throw Error(ErrorCode::unsupported,
                "world coordinates: a CAR projection is read about the equator only (CRVAL of its latitude 0)");
  }
  return Pair{*longitude, *latitude, *projection};
}

void check(const Wcs& wcs, std::size_t given) {
  const std::size_t axes = wcs.axes.size();
  if (given == axes && (wcs.matrix.empty() || wcs.matrix.size() == axes * axes)) return;
  throw Error(ErrorCode::invalid_argument, "world coordinates: " + std::to_string(given) +
                                               " coordinates and a matrix of " + std::to_string(wcs.matrix.size()) +
                                               " numbers do not fit " + std::to_string(axes) + " axes");
}

double element(const Wcs& wcs, std::size_t row, std::size_t column) {
  if (wcs.matrix.empty()) return row == column ? 1.0 : 0.0;
  return wcs.matrix[row * wcs.axes.size() + column];
}

/// Solves matrix * x = y by elimination with the largest pivot.
std::vector<double> solved(const Wcs& wcs, std::vector<double> y) {
  const std::size_t n = y.size();
  std::vector<std::vector<double>> rows(n, std::vector<double>(n));
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < n; ++k) rows[i][k] = element(wcs, i, k);
  }
  for (std::size_t step = 0; step < n; ++step) {
    std::size_t best = step;
    for (std::size_t i = step; i < n; ++i) {
      if (std::abs(rows[i][step]) > std::abs(rows[best][step])) best = i;
    }
    if (rows[best][step] == 0.0) {
      throw Error(ErrorCode::invalid_argument, "world coordinates: the matrix PCi_j has no inverse");
    }
    std::swap(rows[step], rows[best]);
    std::swap(y[step], y[best]);
    for (std::size_t i = 0; i < n; ++i) {
      if (i == step) continue;
      const double factor = rows[i][step] / rows[step][step];
      for (std::size_t k = step; k < n; ++k) rows[i][k] -= factor * rows[step][k];
      y[i] -= factor * y[step];
    }
  }
  for (std::size_t i = 0; i < n; ++i) y[i] /= rows[i][i];
  return y;
}

}  // namespace

std::vector<double> Wcs::world(std::span<const double> pixel) const {
  check(*this, pixel.size());
  std::vector<double> plane(axes.size());
  for (std::size_t i = 0; i < axes.size(); ++i) {
    for (std::size_t k = 0; k < axes.size(); ++k) {
      plane[i] += element(*this, i, k) * (pixel[k] + 1.0 - axes[k].reference_pixel);
    }
    plane[i] *= axes[i].step;
  }
  std::vector<double> result(axes.size());
  for (std::size_t i = 0; i < axes.size(); ++i) result[i] = axes[i].reference_value + plane[i];
  if (const auto pair = pair_of(axes)) {
    const Degrees sky = deproject(pair->projection, {plane[pair->longitude], plane[pair->latitude]},
                                  {axes[pair->longitude].reference_value, axes[pair->latitude].reference_value});
    result[pair->longitude] = sky.x;
    result[pair->latitude] = sky.y;
  }
  return result;
}

std::vector<double> Wcs::pixel(std::span<const double> world) const {
  check(*this, world.size());
  std::vector<double> plane(axes.size());
  for (std::size_t i = 0; i < axes.size(); ++i) plane[i] = world[i] - axes[i].reference_value;
  if (const auto pair = pair_of(axes)) {
    const Degrees flat = project(pair->projection, {world[pair->longitude], world[pair->latitude]},
                                 {axes[pair->longitude].reference_value, axes[pair->latitude].reference_value});
    plane[pair->longitude] = flat.x;
    plane[pair->latitude] = flat.y;
  }
  for (std::size_t i = 0; i < axes.size(); ++i) plane[i] /= axes[i].step;
  std::vector<double> result = solved(*this, std::move(plane));
  for (std::size_t i = 0; i < axes.size(); ++i) result[i] += axes[i].reference_pixel - 1.0;
  return result;
}

}  // namespace astro::files
