// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

namespace telescope_kit {

/// A name of another world as names of points and commands are here: "CCD_TEMPERATURE" is "ccd_temperature", "Power
/// Switch 1" is "power_switch_1".
inline std::string name_of(std::string_view text) {
  std::string made;
  for (const char c : text) {
    const bool is_upper = c >= 'A' && c <= 'Z';
    const bool stays = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    made += is_upper ? static_cast<char>(c - 'A' + 'a') : stays ? c : '_';
  }
  return made;
}

}  // namespace telescope_kit
