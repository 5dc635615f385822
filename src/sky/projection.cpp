// SPDX-License-Identifier: BSD-3-Clause
#include "sky/projection.hpp"

#include <cmath>
#include <limits>
#include <numbers>

namespace astro::sky {
namespace {

constexpr double degree = std::numbers::pi / 180.0;
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

double wrapped(double degrees) noexcept { return degrees - 360.0 * std::floor(degrees / 360.0); }

/// TAN and SIN have their native pole at the reference, and the celestial pole at native longitude
/// 180 degrees. Native longitude and latitude in radians.
struct Native {
  double longitude;
  double latitude;
};

/// Calabretta and Greisen 2002, equations 2, with LONPOLE 180 degrees.
Degrees to_sky(Native native, Degrees reference) noexcept {
  const double latitude = reference.y * degree;
  const double cosine = std::cos(native.latitude);
  const double turned = native.longitude - std::numbers::pi;
  const double sine = std::sin(native.latitude) * std::sin(latitude) + cosine * std::cos(latitude) * std::cos(turned);
  const double across = -cosine * std::sin(turned);
  const double along = std::sin(native.latitude) * std::cos(latitude) - cosine * std::sin(latitude) * std::cos(turned);
  return {wrapped(reference.x + std::atan2(across, along) / degree),
          std::atan2(sine, std::hypot(across, along)) / degree};
}

/// Equations 5.
Native to_native(Degrees sky, Degrees reference) noexcept {
  const double latitude = reference.y * degree;
  const double turned = (sky.x - reference.x) * degree;
  const double cosine = std::cos(sky.y * degree);
  const double sine = std::sin(sky.y * degree) * std::sin(latitude) + cosine * std::cos(latitude) * std::cos(turned);
  const double across = -cosine * std::sin(turned);
  const double along = std::sin(sky.y * degree) * std::cos(latitude) - cosine * std::sin(latitude) * std::cos(turned);
  return {std::numbers::pi + std::atan2(across, along), std::atan2(sine, std::hypot(across, along))};
}

}  // namespace

Degrees deproject(Projection projection, Degrees plane, Degrees reference) noexcept {
  if (projection == Projection::car) {
    if (std::abs(plane.y) > 90.0) return {unknown, unknown};
    return {wrapped(reference.x + plane.x), plane.y};
  }
  const double radius = std::hypot(plane.x, plane.y) * degree;
  if (projection == Projection::sin && radius > 1.0) return {unknown, unknown};
  const double latitude = projection == Projection::tan ? std::atan2(1.0, radius) : std::acos(radius);
  return to_sky({std::atan2(plane.x, -plane.y), latitude}, reference);
}

Degrees project(Projection projection, Degrees sky, Degrees reference) noexcept {
  if (projection == Projection::car) {
    const double across = wrapped(sky.x - reference.x + 180.0) - 180.0;
    return {across, sky.y};
  }
  const Native native = to_native(sky, reference);
  if (!(native.latitude > 0.0) && (projection == Projection::tan || native.latitude < 0.0)) return {unknown, unknown};
  const double radius =
      (projection == Projection::tan ? 1.0 / std::tan(native.latitude) : std::cos(native.latitude)) / degree;
  return {radius * std::sin(native.longitude), -radius * std::cos(native.longitude)};
}

}  // namespace astro::sky
