// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <chrono>
#include <limits>

#include "astro/clock.hpp"

// Real time, for what a step of the wall clock must not disturb.
namespace astro::detail {

using Steady = std::chrono::steady_clock;

/// Now plus a wait that may be absurdly long.
inline Steady::time_point after(Duration wait) {
  return Steady::now() + std::clamp(wait, Duration::zero(), Duration(std::chrono::hours(24 * 365)));
}

/// About the real time that an interval of the observatory's clock takes. Never nothing, so that who
/// waits for a simulated clock that is held does not spin.
inline Duration real_time(const Clock& clock, Duration interval) {
  const double real = static_cast<double>(interval.count()) / clock.speed();
  constexpr double shortest = 5e5;  // ns
  constexpr double longest = 3e16;
  return Duration(static_cast<Duration::rep>(std::clamp(real, shortest, longest)));
}

/// An end of waiting, in observatory's time. A step of the wall clock does not move it.
class Deadline {
 public:
  Deadline(const Clock& clock, Duration wait)
      : clock_(&clock), steady_(after(clock.is_simulated() ? real_time(clock, wait) : wait)) {
    if (clock.is_simulated()) simulated_ = clock.now() + std::min(wait, Duration(std::chrono::hours(24 * 365)));
  }

  bool has_come() const { return clock_->is_simulated() ? clock_->now() >= simulated_ : Steady::now() >= steady_; }
  /// When to look again: the deadline itself, or our best guess of it.
  Steady::time_point look_again() const {
    return clock_->is_simulated() ? Steady::now() + real_time(*clock_, simulated_ - clock_->now()) : steady_;
  }

 private:
  const Clock* clock_;
  Steady::time_point steady_;
  Time simulated_{};
};

}  // namespace astro::detail
