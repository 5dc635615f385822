// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "astro/coordinates.hpp"
#include "astro/export.hpp"

namespace astro::imaging {

struct PixelPosition;

/// Where each pixel of an image lies on the sky: celestial coordinates of FITS (Greisen and Calabretta 2002, A&A 395,
/// 1061; Calabretta and Greisen 2002, A&A 395, 1077) in every projection that WCSLIB knows, with the distortions SIP
/// (Shupe et al. 2005, ASPC 347, 491) and TPV. A cheap copy of something constant: any thread may use it.
class ASTRO_API Wcs {
 public:
  /// From the cards of a FITS header, 80 characters each. Throws `invalid_file` when they say nothing about the sky, or
  /// what WCSLIB does not understand; the message names the card.
  static Wcs from_header(std::string_view cards);

  /// A tangential projection about a direction: `scale` an angle for each pixel, `rotation` that of north from up
  /// (+y) through east (-x, unless `flipped`).
  static Wcs tangential(Icrs centre, PixelPosition at, Angle scale, Angle rotation = Angle(), bool flipped = false);

  /// ICRS of a pixel, in the convention of `PixelPosition`; nothing where the projection has no such place.
  std::optional<Icrs> sky(PixelPosition pixel) const;
  /// The pixel of a direction; nothing on the far side of the projection.
  std::optional<PixelPosition> pixel(Icrs direction) const;
  /// Many at once; NaN where there is nothing.
  std::vector<Icrs> sky(std::span<const PixelPosition> pixels) const;
  std::vector<PixelPosition> pixel(std::span<const Icrs> directions) const;

  /// The same as cards of a FITS header, 80 characters each.
  std::string header() const;
  /// That of a part of the image whose first pixel is at (column, row) of this one.
  Wcs shifted(double column, double row) const;
  /// Side of a pixel in the middle of the image: the square root of its area.
  Angle scale() const;

 private:
  struct State;
  explicit Wcs(std::shared_ptr<const State> state) noexcept;
  std::shared_ptr<const State> state_;
};

}  // namespace astro::imaging
