// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "astro/coordinates.hpp"

namespace sensors {

enum class Axis : std::uint8_t { x, minus_x, y, minus_y, z, minus_z };

/// How a body lies: turns its own axes into east, north, up.
struct Quaternion {
  double w = 1.0;
  double x = 0.0;
  double y = 0.0;
  double z = 0.0;

  double norm() const;
};

/// Where an axis of the body looks; nothing where the quaternion is none that turns (its norm is not 1).
std::optional<astro::AltAz> direction_of(Axis axis, const Quaternion& attitude);

}  // namespace sensors
