// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <vector>

#include "astro/export.hpp"
#include "astro/imaging/image.hpp"

/// \file
/// A second opinion on what has changed, that asks for no PSF: the kernel with which the reference looks like the
/// science image, found by least squares (Alard and Lupton 1998, ApJ 503, 325; Alard 2000, A&AS 144, 363 for its change
/// over the field).
namespace astro::imaging {

struct KernelOptions {
  std::size_t reach = 10;                     ///< the kernel has 2 reach + 1 pixels a side
  std::vector<double> widths{0.7, 1.5, 3.0};  ///< standard deviations of its Gaussians, pixels
  std::vector<int> orders{4, 3, 2};           ///< of the polynomials in the place that multiply each
  int field_order = 1;                        ///< of its change over the field, 0 to 3
  int background_order = 1;                   ///< of what is added, 0 to 3
  std::size_t stamps = 100;                   ///< bright stars that it is fitted to, at most
  std::size_t stamp_reach = 12;               ///< each has 2 stamp_reach + 1 pixels a side
  int threads = 1;
};

struct KernelMatch {
  /// Science less the reference through the kernel, in the science image's unit; variance: that of both. Where the
  /// kernel meets what is not usable there is `no_data`.
  Image difference{};
  double flux_ratio = 0.0;  ///< sum of the kernel, the same everywhere
  double chi_square = 0.0;  ///< a pixel, of the stamps that were used
  std::size_t stamps = 0;   ///< that were used
  std::size_t clipped = 0;  ///< that were not, since they do not fit: what changed itself, or is no star
};

/// Fits and subtracts. The reference should be the sharper one. Throws `invalid_argument` for shapes and options that
/// cannot be, and where fewer stars are found than the kernel needs.
ASTRO_API KernelMatch match_kernel(const Image& science, const Image& reference, const KernelOptions& options = {});

}  // namespace astro::imaging
