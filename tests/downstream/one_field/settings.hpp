// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <astro/record.hpp>
#include <string>

// The one struct. The test adds a member and its description where the comments are, and nothing else.
struct LampSettings {
  std::string id = "lamp";
  double power_w = 5.0;
  // member
};

template <>
struct astro::Description<LampSettings> {
  static constexpr const char* name = "lamp_settings";
  using L = LampSettings;
  static constexpr std::array fields{field<&L::id>("id", {.says = "which lamp"}),
                                     // description
                                     field<&L::power_w>("power", {.unit = "W", .min = 0, .says = "of the bulb"})};
};
