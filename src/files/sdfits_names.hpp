// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>

namespace astro::files {

/// Numbers of the axis STOKES (Greisen and Calabretta 2002, A&A 395, 1061, table 7).
inline constexpr std::array<std::pair<int, std::string_view>, 12> stokes_codes{{{1, "I"},
                                                                                {2, "Q"},
                                                                                {3, "U"},
                                                                                {4, "V"},
                                                                                {-1, "RR"},
                                                                                {-2, "LL"},
                                                                                {-3, "RL"},
                                                                                {-4, "LR"},
                                                                                {-5, "XX"},
                                                                                {-6, "YY"},
                                                                                {-7, "XY"},
                                                                                {-8, "YX"}}};

inline std::string stokes_of(int code) {
  for (const auto& [number, name] : stokes_codes) {
    if (number == code) return std::string(name);
  }
  return {};
}

/// 0: none of them.
inline int stokes_code(std::string_view name) noexcept {
  for (const auto& [number, text] : stokes_codes) {
    if (text == name) return number;
  }
  return 0;
}

/// What a frequency at rest in a frame is at the telescope, whose frame recedes at this velocity.
inline double observed_over_rest(double frame_velocity_km_s) noexcept {
  constexpr double light_km_s = 299792.458;
  return std::sqrt((light_km_s - frame_velocity_km_s) / (light_km_s + frame_velocity_km_s));
}

/// What stands in members of `SdfitsRow`, and so not in `more`. The axes' columns are CTYPEn,
/// CRVALn, CRPIXn, CDELTn for n up to 9.
inline bool is_sdfits_member(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 40> names{
      "OBJECT",  "OBSERVER", "TELESCOP", "FRONTEND", "DATE-OBS", "TIME",    "DURATION", "EXPOSURE",
      "TSYS",    "TCAL",     "DATA",     "SPECTRUM", "BANDWID",  "SCAN",    "INT",      "IFNUM",
      "PLNUM",   "FDNUM",    "SIG",      "CAL",      "RESTFREQ", "VELDEF",  "VFRAME",   "VELOCITY",
      "AZIMUTH", "ELEVATIO", "SITELONG", "SITELAT",  "SITEELEV", "FREQRES", "RADESYS",  "EQUINOX",
      "FLAGS",   "FLAGGED",  "WEIGHT",   "SIGMA",    "NMATRIX",  "OBSFREQ", "SPECSYS",  "COMMENT"};
  for (const std::string_view each : names) {
    if (each == name) return true;
  }
  const std::string_view start = name.substr(0, 5);
  const bool is_axis = start == "CTYPE" || start == "CRVAL" || start == "CRPIX" || start == "CDELT" || start == "CUNIT";
  return is_axis || name.substr(0, 4) == "TDIM" || start == "TUNIT";
}

}  // namespace astro::files
