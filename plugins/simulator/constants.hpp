// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace simulator {

inline constexpr double light_km_s = 299792.458;
inline constexpr double boltzmann = 1.380649e-23;  ///< J/K (SI 2019)
inline constexpr double cmb_k = 2.7255;            ///< Fixsen 2009, ApJ 707, 916

}  // namespace simulator
