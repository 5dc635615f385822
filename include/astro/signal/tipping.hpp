// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>

#include "astro/export.hpp"
#include "astro/signal/measured.hpp"

/// The air, from the sky's temperature at several altitudes.
namespace astro {

struct TippingOptions {
  double air_k = 270.0;        ///< mean temperature of the air that radiates: some 15 K below that on the ground
  double background_k = 2.73;  ///< what lies behind it: the microwave background, more with the Galaxy's continuum
};

/// T(A) = receiver + air (1 - exp(-tau A)) + background exp(-tau A).
struct ASTRO_API TippingFit {
  Measured zenith_opacity{};  ///< tau, nepers
  Measured receiver_k{};      ///< of the receiver, with all that does not change with the altitude: spill-over, losses
  double correlation = 0.0;   ///< of the two errors
  double reduced_chi_square = 0.0;
  TippingOptions options{};

  double temperature_k(double airmass) const;  ///< the system's, as fitted
};

/// Opacity from a tipping curve (Dicke, Beringer, Kyhl and Vane 1946, Phys. Rev. 70, 340): system
/// temperatures at air masses (sky::airmass), weighed by `sigma` (empty: all alike, their error taken from the
/// scatter). The errors are multiplied by the root of reduced chi-square where that is more than 1; that of
/// air_k is not in them: the opacity is wrong by the same fraction as air_k - background_k. Throws `invalid_argument`
/// for fewer than 3 points, for air masses that reach over less than 0.5, below 1 or are not finite.
ASTRO_API TippingFit fit_tipping(std::span<const double> airmass, std::span<const double> temperature_k,
                                 std::span<const double> sigma_k = {}, const TippingOptions& options = {});

/// The power of a load that fills the beam.
struct TippingLoad {
  double power = 0.0;
  double temperature_k = 295.0;
};

/// The same from powers, whose scale the hot load gives: power = load.power (T(A)) / (receiver + load.temperature_k).
/// Throws also where a power is not below the load's.
ASTRO_API TippingFit fit_tipping(std::span<const double> airmass, std::span<const double> power,
                                 std::span<const double> sigma, const TippingLoad& load,
                                 const TippingOptions& options = {});

}  // namespace astro
