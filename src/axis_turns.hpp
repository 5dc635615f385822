// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "astro/axes.hpp"
#include "astro/sky/pointing_model.hpp"

/// What an axis can reach whose cable has room for more than a turn: for a single move and for a whole track.
namespace astro::detail {

inline constexpr Angle half_turn = degrees(180);
inline constexpr Angle full_turn = degrees(360);
/// Rounding in the last digits is no reason to lose the end of a range.
inline constexpr Angle hair = arcseconds(0.001);

inline bool is_within(Angle value, const AxisRange& range) {
  return value >= range.from - hair && value <= range.to + hair;
}

inline Angle clamped(Angle value, const AxisRange& range) { return std::clamp(value, range.from, range.to); }

/// Whether both axes are within so much of others.
inline bool is_near(const Axes& a, const Axes& b, Angle distance) {
  return (a.first - b.first).abs() <= distance && (a.second - b.second).abs() <= distance;
}

/// The other axes that look at the same place: over the zenith, or the pole.
inline Axes flipped(const Axes& axes) { return {axes.first + half_turn, half_turn - axes.second}; }
/// The same of readings by a model; null: the axes read where the beam is.
inline Axes flipped(const Axes& axes, const sky::PointingModel* model) {
  return model == nullptr ? flipped(axes) : model->axes_of(flipped(model->place_of(axes)));
}

/// `value` in each turn that is within the range, the lowest first.
inline std::vector<Angle> turns_within(Angle value, const AxisRange& range) {
  std::vector<Angle> found;
  const double lowest = std::ceil((range.from - hair - value) / full_turn);
  for (double turn = lowest; is_within(value + full_turn * turn, range); ++turn) {
    found.push_back(clamped(value + full_turn * turn, range));
  }
  return found;
}

}  // namespace astro::detail
