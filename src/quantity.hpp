// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

namespace astro {

/// A number that was written with its unit, in the unit that was asked for.
struct Quantity {
  double value = 0.0;
  std::string complaint;  ///< empty: it was read
};

/// Reads "1420.4 MHz" for the unit "Hz", "500 ms" or "2 min" for "s", "2390 m" for "m", "40 dB" for
/// "dB". Hz, s and m take the prefixes of the SI; deg takes what `read_angle` takes; other units
/// stand as they are.
Quantity read_quantity(std::string_view text, std::string_view unit);

}  // namespace astro
