// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>

#include "site_cell.hpp"

// The way of a star's light to the horizon, the formulas of eraLdsun, eraAb and eraAtioq, written so
// that they are compiled into the loops over many targets and times.
namespace astro::sky {

[[gnu::always_inline]] inline double dot(const Vector& a, const Vector& b) noexcept {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

[[gnu::always_inline]] inline Vector unit_vector(Angle longitude, Angle latitude) noexcept {
  const double cosine = std::cos(latitude.radians());
  return {std::cos(longitude.radians()) * cosine, std::sin(longitude.radians()) * cosine, std::sin(latitude.radians())};
}

/// Schwarzschild's radius of the Sun, au (ERFA_SRS).
inline constexpr double sun_radius_au = 1.97412574336e-8;

/// Bent by the Sun; within 9 arcmin or so of its centre less and less (eraLdsun's limit).
[[gnu::always_inline]] inline Vector bent(const Vector& p, const Instant& at) noexcept {
  const double along = dot(p, at.from_sun);
  const double limit = 1e-6 / std::max(at.sun_au * at.sun_au, 1.0);
  const double weight = sun_radius_au / at.sun_au / std::max(1.0 + along, limit);
  Vector made;
  for (std::size_t i = 0; i < 3; ++i) made[i] = p[i] + weight * (at.from_sun[i] - along * p[i]);
  return made;
}

/// Aberrated by the observer's velocity; its length is 1 within 1e-8, which no angle sees.
[[gnu::always_inline]] inline Vector aberrated(const Vector& p, const Instant& at) noexcept {
  const double along = dot(p, at.velocity);
  const double w1 = 1.0 + along / (1.0 + at.inverse_lorentz);
  const double w2 = sun_radius_au / at.sun_au;
  Vector made;
  for (std::size_t i = 0; i < 3; ++i) {
    made[i] = p[i] * at.inverse_lorentz + w1 * at.velocity[i] + w2 * (at.velocity[i] - along * p[i]);
  }
  return made;
}

[[gnu::always_inline]] inline Vector to_horizon(const Vector& p, const Instant& at) noexcept {
  return {dot(at.to_horizon[0], p), dot(at.to_horizon[1], p), dot(at.to_horizon[2], p)};
}

/// Raised by the air: A tan z + B tan^3 z with one step of Newton's, as eraAtioq.
[[gnu::always_inline]] inline Vector raised(const Vector& p, const Refraction& air) noexcept {
  const double length = std::sqrt(dot(p, p));
  const Vector unit{p[0] / length, p[1] / length, p[2] / length};
  const double flat = std::max(std::sqrt(unit[0] * unit[0] + unit[1] * unit[1]), 1e-6);
  const double up = std::max(unit[2], 0.05);
  const double tangent = flat / up;
  const double w = air.b * tangent * tangent;
  const double shift = (air.a + w) * tangent / (1.0 + (air.a + 3.0 * w) / (up * up));
  const double cosine = 1.0 - shift * shift / 2.0;
  const double f = cosine - shift * up / flat;
  return {unit[0] * f, unit[1] * f, cosine * unit[2] + shift * flat};
}

[[gnu::always_inline]] inline AltAz altaz_of(const Vector& horizon) noexcept {
  const double azimuth = std::atan2(horizon[1], horizon[0]);
  return {radians(azimuth < 0.0 ? azimuth + 2.0 * std::numbers::pi : azimuth),
          radians(std::atan2(horizon[2], std::sqrt(horizon[0] * horizon[0] + horizon[1] * horizon[1])))};
}

[[gnu::always_inline]] inline AltAz seen(const Vector& horizon, const Refraction& air) noexcept {
  return altaz_of(air.a == 0.0 ? horizon : raised(horizon, air));
}

}  // namespace astro::sky
