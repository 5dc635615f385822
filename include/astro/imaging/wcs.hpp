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
  /// From the cards of a FITS header, 80 characters each: its first two axes. Directions of the FK5 (of J2000.0 as an
  /// epoch), the FK4 (of B1950.0), of the galaxy and the mean ecliptic are turned into the ICRS; a header with EQUINOX
  /// and without RADESYS is of the FK5, as the standard has it. Throws `invalid_file` when the cards say nothing about
  /// the sky, or what is not understood: a projection, a frame, a number, a distortion by tables; the message names the
  /// card.
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

  /// The same as cards of a FITS header, 80 characters each, without END.
  std::string header() const;
  /// That of a part of the image whose first pixel is at (column, row) of this one.
  Wcs shifted(double column, double row) const;
  /// CRPIX: the pixel about which projection and distortions are written.
  PixelPosition reference() const noexcept;
  /// Side of a pixel at the reference: the square root of its area; NaN when the reference is no place of
  /// the sky.
  Angle scale() const;

 private:
  struct State;
  explicit Wcs(std::shared_ptr<const State> state) noexcept;
  std::shared_ptr<const State> state_;
};

}  // namespace astro::imaging
