// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>

#include "astro/coordinates.hpp"

namespace simulator {

/// Velocities of a profile: VLSR in steps of 1 km/s, centred on zero.
inline constexpr std::size_t velocity_channels = 801;
inline constexpr double first_velocity_km_s = -400.0;
inline constexpr double velocity_step_km_s = 1.0;
using Profile = std::array<float, velocity_channels>;

/// Brightness (K) that neutral hydrogen adds to the continuum in one direction, at each velocity.
///
/// Gas on circular orbits at 220 km/s, with the Sun at 8.5 kpc (IAU 1985: Kerr and Lynden-Bell 1986,
/// MNRAS 221, 1023); thickness and mid-plane density as Dickey and Lockman 1990, ARA&A 28, 215, eq. 6;
/// beyond the Sun the density falls with a scale length of 3.15 kpc and the disc flares with one of
/// 9.8 kpc (Kalberla and Kerp 2009, ARA&A 47, 27); spiral arms where the masers are (Reid et al. 2014,
/// ApJ 783, 130, table 2). One spin temperature, 125 K, and one velocity dispersion, 8 km/s.
void hydrogen(const astro::Galactic& direction, double continuum_k, Profile& brightness_k) noexcept;

/// Brightness (K) of the continuum without the 2.7 K: a smooth fit by eye to the 1420 MHz survey of
/// Reich and Reich 1986, A&AS 63, 205, scaled with the frequency to the power of -2.7.
double continuum(const astro::Galactic& direction, double frequency_hz) noexcept;

}  // namespace simulator
