// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

#include "astro/angle.hpp"

namespace astro {

/// An angle as it was written. It keeps degrees as degrees, so that "10 deg" is exactly 10 in a
/// field whose unit is deg.
struct AngleText {
  double value = 0.0;
  bool in_radians = false;
  std::string complaint;  ///< empty: it was read

  Angle angle() const noexcept { return in_radians ? radians(value) : degrees(value); }
  double degrees_value() const noexcept { return in_radians ? radians(value).degrees() : value; }
};

/// Reads "10.5 deg", "0.3 rad", "12 arcmin", "1h30m", "41d16m09s".
AngleText read_angle(std::string_view text);

}  // namespace astro
