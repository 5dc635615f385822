// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>

#include "astro/sky/pointing_model.hpp"

namespace astro::sky {

/// Everything that the terms are made of, once for a place.
struct TermPlace {
  double sin_first, cos_first, sin_second, cos_second, sin_latitude, cos_latitude;
};

/// What one radian of a term adds to the two axes.
struct TermEffect {
  double first = 0.0;
  double second = 0.0;
};

struct TermDefinition {
  std::string_view name;
  TermEffect (*effect)(const TermPlace&) noexcept;
};

std::span<const TermDefinition> term_definitions(Geometry kind) noexcept;
TermPlace term_place(const Axes& place, Angle latitude) noexcept;
/// Throws `invalid_argument` for right ascension, of which no term is a function.
void check_geometry(Geometry kind);
/// Its number in `term_definitions`; throws `invalid_argument` with all names.
std::size_t term_number(Geometry kind, std::string_view name);

}  // namespace astro::sky
