// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <string_view>

#include "astro/coordinates.hpp"
#include "astro/export.hpp"

namespace astro {

/// A source that is known by its name: the regions that calibrate hydrogen spectra (S6 to S9), the
/// brightest radio sources (their flux density is in sky/flux.hpp) and the Messier objects.
struct CatalogueEntry {
  std::string_view name;         ///< "S8", "Cas A", "M31"
  std::string_view other_names;  ///< separated by commas; may be empty
  std::string_view kind;         ///< "galaxy", "hydrogen calibration region"
  bool is_galactic = false;      ///< whether its coordinates are galactic; else ICRS
  double longitude_deg = 0.0;
  double latitude_deg = 0.0;

  ASTRO_API Target target() const noexcept;
};

ASTRO_API std::span<const CatalogueEntry> catalogue() noexcept;
/// By any of its names, whatever its capitals and blanks ("Cas A", "casa", "3C461"), or null.
ASTRO_API const CatalogueEntry* find_in_catalogue(std::string_view name);

}  // namespace astro
