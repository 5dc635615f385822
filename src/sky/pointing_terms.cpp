// SPDX-License-Identifier: BSD-3-Clause
#include "pointing_terms.hpp"

#include <array>
#include <cmath>

#include "astro/error.hpp"

namespace astro::sky {

namespace {

using Place = TermPlace;
using Effect = TermEffect;

constexpr std::array alt_az = std::to_array<TermDefinition>({
    {"IA",
     [](const Place&) noexcept {
       return Effect{1.0, 0.0};
     }},
    {"IE",
     [](const Place&) noexcept {
       return Effect{0.0, 1.0};
     }},
    {"CA",
     [](const Place& at) noexcept {
       return Effect{1.0 / at.cos_second, 0.0};
     }},
    {"NPAE",
     [](const Place& at) noexcept {
       return Effect{at.sin_second / at.cos_second, 0.0};
     }},
    {"AN",
     [](const Place& at) noexcept {
       return Effect{at.sin_first * at.sin_second / at.cos_second, at.cos_first};
     }},
    {"AW",
     [](const Place& at) noexcept {
       return Effect{at.cos_first * at.sin_second / at.cos_second, -at.sin_first};
     }},
    {"TF",
     [](const Place& at) noexcept {
       return Effect{0.0, at.cos_second};
     }},
    {"TX",
     [](const Place& at) noexcept {
       return Effect{0.0, at.cos_second / at.sin_second};
     }},
    {"HESE",
     [](const Place& at) noexcept {
       return Effect{0.0, at.sin_second};
     }},
    {"HECE",
     [](const Place& at) noexcept {
       return Effect{0.0, at.cos_second};
     }},
    {"HASA",
     [](const Place& at) noexcept {
       return Effect{at.sin_first, 0.0};
     }},
    {"HACA",
     [](const Place& at) noexcept {
       return Effect{at.cos_first, 0.0};
     }},
});

constexpr std::array equatorial = std::to_array<TermDefinition>({
    {"IH",
     [](const Place&) noexcept {
       return Effect{1.0, 0.0};
     }},
    {"ID",
     [](const Place&) noexcept {
       return Effect{0.0, 1.0};
     }},
    {"CH",
     [](const Place& at) noexcept {
       return Effect{1.0 / at.cos_second, 0.0};
     }},
    {"NP",
     [](const Place& at) noexcept {
       return Effect{at.sin_second / at.cos_second, 0.0};
     }},
    {"MA",
     [](const Place& at) noexcept {
       return Effect{-at.cos_first * at.sin_second / at.cos_second, at.sin_first};
     }},
    {"ME",
     [](const Place& at) noexcept {
       return Effect{at.sin_first * at.sin_second / at.cos_second, at.cos_first};
     }},
    {"TF",
     [](const Place& at) noexcept {
       return Effect{at.cos_latitude * at.sin_first / at.cos_second,
                     at.cos_latitude * at.cos_first * at.sin_second - at.sin_latitude * at.cos_second};
     }},
    {"FO",
     [](const Place& at) noexcept {
       return Effect{0.0, at.cos_first};
     }},
    {"DAF",
     [](const Place& at) noexcept {
       return Effect{-(at.cos_latitude * at.cos_first + at.sin_latitude * at.sin_second / at.cos_second), 0.0};
     }},
});

}  // namespace

std::span<const TermDefinition> term_definitions(Geometry kind) noexcept {
  if (kind == Geometry::alt_az) return alt_az;
  return equatorial;
}

TermPlace term_place(const Axes& place, Angle latitude) noexcept {
  return {std::sin(place.first.radians()),  std::cos(place.first.radians()), std::sin(place.second.radians()),
          std::cos(place.second.radians()), std::sin(latitude.radians()),    std::cos(latitude.radians())};
}

void check_geometry(Geometry kind) {
  if (kind != Geometry::ra_dec) return;
  throw Error(ErrorCode::invalid_argument,
              "a pointing model of right ascension: its terms are functions of the hour angle; take hour_angle_dec");
}

std::size_t term_number(Geometry kind, std::string_view name) {
  const auto all = term_definitions(kind);
  std::string known;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].name == name) return i;
    known += (i == 0 ? " " : ", ") + std::string(all[i].name);
  }
  throw Error(ErrorCode::invalid_argument, "a pointing model has no term \"" + std::string(name) +
                                               "\" for this kind of mount; expected one of" + known);
}

}  // namespace astro::sky
