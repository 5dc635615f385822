// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "astro/coordinates.hpp"
#include "astro/imaging/image.hpp"

namespace astro::imaging {

/// A star on an image, as whoever found it says.
struct Star {
  PixelPosition place{};
  double flux = 0.0;  ///< in the unit of the pixels, without the background

  bool operator==(const Star&) const = default;
};

/// A star of a catalogue, at the epoch of the image.
struct CatalogueStar {
  Icrs direction{};
  double magnitude = 0.0;  ///< NaN: not known

  bool operator==(const CatalogueStar&) const = default;
};

}  // namespace astro::imaging
