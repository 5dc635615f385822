// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>

#include "astro/guard.hpp"
#include "astro/mount.hpp"

namespace astro::detail {

/// How far an axis still goes that turns at a rate: for so long, and then until it rests. With the
/// same deceleration at every rate the way of braking is v^2 / (2 a), a = fastest / braking.
inline Angle way_to_rest(Angle rate, Angle fastest, Duration braking, Duration before) noexcept {
  const double v = rate.radians();
  const double top = std::max(fastest.radians(), std::abs(v));
  const double brakes = top > 0.0 ? 0.5 * v * std::abs(v) / top * seconds(braking) : 0.0;
  return radians(v * seconds(before) + brakes);
}

/// Where the axes come to rest when they are stopped after so long.
inline Axes rest_of(const Axes& axes, const AxisRates& rates, const AxisRates& fastest, Duration braking,
                    Duration before = {}) noexcept {
  return {axes.first + way_to_rest(rates.first, fastest.first, braking, before),
          axes.second + way_to_rest(rates.second, fastest.second, braking, before)};
}

/// Where an axis rests at the latest that is told to now: it may still be speeding up, so that the
/// last two readings say less than its rate. One that is on its way to a goal brakes there by itself.
inline Angle latest_rest(Angle at, Angle rate, std::optional<Angle> goal, Angle fastest, Duration braking,
                         Duration poll) noexcept {
  const double towards = rate != Angle() ? rate.radians() : goal ? (*goal - at).radians() : 0.0;
  if (towards == 0.0) return at;
  const bool turns_back = goal && (*goal - at).radians() * towards < 0.0;  // then it brakes already
  const double speeding_up = braking > Duration::zero() ? 1.5 * seconds(poll) / seconds(braking) : 1.0;
  const double gains = turns_back ? 0.0 : speeding_up;
  const double top = std::max(fastest.radians(), rate.abs().radians());
  const double v = std::copysign(std::min(top, rate.abs().radians() + fastest.radians() * gains), towards);
  const Angle rests = at + way_to_rest(radians(v), fastest, braking, poll);
  if (!goal) return rests;
  if (v > 0.0 && *goal >= at) return std::min(rests, *goal);
  if (v < 0.0 && *goal <= at) return std::max(rests, *goal);
  return rests;
}

inline Axes latest_rest(const GuardedReading& now, const MountDescription& mount, Duration braking) noexcept {
  const auto goal = [&](Angle Axes::*axis) { return now.goal ? std::optional((*now.goal).*axis) : std::nullopt; };
  return {
      latest_rest(now.axes.first, now.rates.first, goal(&Axes::first), mount.fastest.first, braking, mount.poll_every),
      latest_rest(now.axes.second, now.rates.second, goal(&Axes::second), mount.fastest.second, braking,
                  mount.poll_every)};
}

/// How far an axis turns at most that is given a rate for so long: a driver may first speed it up to
/// that rate, however short it lives.
inline Angle way_of_rate(Angle rate, Angle fastest, Duration braking, Duration lifetime) noexcept {
  return way_to_rest(rate, fastest, braking, std::max(lifetime, braking / 2));
}

}  // namespace astro::detail
