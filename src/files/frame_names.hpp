// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "astro/sky/velocity.hpp"

/// What files call the frames of velocities.
namespace astro::files {

struct FrameNames {
  const char* specsys;  ///< Greisen et al. 2006, A&A 446, 747, table 12
  const char* sdfits;   ///< behind the dash of VELDEF
};

inline constexpr std::array frame_names{FrameNames{"TOPOCENT", "OBS"}, FrameNames{"GEOCENTR", "GEO"},
                                        FrameNames{"HELIOCEN", "HEL"}, FrameNames{"BARYCENT", "BAR"},
                                        FrameNames{"LSRK", "LSR"},     FrameNames{"LSRD", "LSD"},
                                        FrameNames{"GALACTOC", "GAL"}};
static_assert(frame_names.size() == Description<sky::VelocityFrame>::choices.size());

inline std::string_view specsys_of(sky::VelocityFrame frame) {
  return frame_names.at(static_cast<std::size_t>(frame)).specsys;
}
inline std::string_view sdfits_frame_of(sky::VelocityFrame frame) {
  return frame_names.at(static_cast<std::size_t>(frame)).sdfits;
}
inline std::optional<sky::VelocityFrame> frame_of_specsys(std::string_view name) noexcept {
  for (std::size_t i = 0; i < frame_names.size(); ++i) {
    if (name == frame_names[i].specsys) return static_cast<sky::VelocityFrame>(i);
  }
  return std::nullopt;
}

/// The columns of a calibrated spectrum as CSV.
inline std::string headline_of(sky::VelocityFrame frame) {
  return std::string("frequency_hz,velocity_") +
         Description<sky::VelocityFrame>::choices.at(static_cast<std::size_t>(frame)) +
         "_km_s,temperature_k,sigma_k,weight";
}
inline bool is_headline(std::string_view line) {
  for (std::size_t i = 0; i < frame_names.size(); ++i) {
    if (line == headline_of(static_cast<sky::VelocityFrame>(i))) return true;
  }
  return false;
}

}  // namespace astro::files
