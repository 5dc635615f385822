// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "astro/observing/request.hpp"

/// \file
/// What the planner, the run and the files must agree on: which modes are of what kind.
namespace astro::detail {

/// Its continuum is a table of places.
constexpr bool visits_places(Mode mode) noexcept {
  return mode == Mode::raster || mode == Mode::map || mode == Mode::points || mode == Mode::horizon ||
         mode == Mode::cross || mode == Mode::tipping || mode == Mode::drift;
}

/// It can be gridded to an image.
constexpr bool covers_an_area(Mode mode) noexcept {
  return mode == Mode::raster || mode == Mode::map || mode == Mode::points;
}

/// It integrates along a line, and not at points.
constexpr bool scans(Mode mode) noexcept { return mode == Mode::map || mode == Mode::cross || mode == Mode::horizon; }

}  // namespace astro::detail
