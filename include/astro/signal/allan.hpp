// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <vector>

#include "astro/export.hpp"

namespace astro {

/// How much means over `time_s` differ from one to the next.
struct AllanPoint {
  double time_s = 0.0;
  double variance = 0.0;  ///< relative to the square of the mean
  double sigma = 0.0;     ///< its standard error, about: by the independent pairs there are
};

/// Allan variance of a series of total power, one value each `interval_s`, over 1, 2, 4, ... values up
/// to a third of the series; all pairs overlap (Allan 1966, Proc. IEEE 54, 221; overlapping: Howe,
/// Allan and Barnes 1981). Noise alone falls as 1 / time; where it rises again, the receiver drifts.
/// Throws `invalid_argument` for fewer than 6 values, a mean of 0 or what is not finite.
ASTRO_API std::vector<AllanPoint> allan_variance(std::span<const double> power, double interval_s);

/// The Allan time: that of the smallest variance, beyond which integrating on or going without a new
/// reference gains nothing. (Schieder and Kramer 2001, A&A 373, 746.) The longest, when it falls on.
ASTRO_API double allan_time_s(std::span<const AllanPoint> points);

}  // namespace astro
