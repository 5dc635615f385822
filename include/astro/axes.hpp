// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>

#include "astro/angle.hpp"
#include "astro/record.hpp"

namespace astro {

/// Which sky angles a mount's two axes follow. First and second axis are: azimuth and altitude;
/// hour angle and declination; right ascension and declination (a mount that turns with the sky
/// by itself).
enum class Geometry : std::uint8_t { alt_az, hour_angle_dec, ra_dec };

template <>
struct Description<Geometry> {
  static constexpr std::array choices{"alt_az", "hour_angle_dec", "ra_dec"};
};

/// Positions of the two mechanical axes, unwrapped: 450 degrees is not 90. They are where the
/// encoders say the axes are; the pointing model and refraction are above them, in the host.
struct Axes {
  Angle first{};
  Angle second{};

  bool operator==(const Axes&) const = default;
};

template <>
struct Description<Axes> {
  static constexpr std::array fields{field<&Axes::first>("first", {.says = "first axis"}),
                                     field<&Axes::second>("second", {.says = "second axis"})};
};

/// Angular speeds of the two axes, per second.
struct AxisRates {
  Angle first{};
  Angle second{};

  bool operator==(const AxisRates&) const = default;
};

/// What an axis can reach, both ends included.
struct AxisRange {
  Angle from{};
  Angle to{};

  bool operator==(const AxisRange&) const = default;
};

}  // namespace astro
