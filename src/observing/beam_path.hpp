// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <variant>

#include "astro/observing/program.hpp"
#include "astro/sky/observer.hpp"

namespace astro::detail {

/// Where the beam is to be during a step, as a function of the time since its integration began.
class BeamPath {
 public:
  /// Throws `invalid_argument` for a target that cannot be read.
  /// A mount that begins to move lags until its motors are up to speed, and brakes before it stands: a moving beam sets
  /// out so long before what counts of its way, and goes straight on so long after it.
  static constexpr Duration run_up = std::chrono::seconds(4);
  static constexpr Duration run_out = std::chrono::seconds(3);

  BeamPath(const Step& step, const Location& site);

  /// Whether the step says where the beam has to be.
  bool is_anywhere() const noexcept { return step_.target.empty(); }
  /// Whether that is a thing in the sky, not an azimuth and altitude.
  bool is_celestial() const noexcept { return !std::holds_alternative<AltAz>(aim_); }
  /// Whether the beam moves against its target.
  bool moves() const noexcept { return step_.x != step_.to_x || step_.y != step_.to_y; }

  /// Place without refraction at a time of a step whose integration begins at `begin`. Before its run-up and after its
  /// run-out a moving beam stays.
  AltAz place(const sky::Observer& observer, Time begin, Time time) const;

  /// The same through the air, where a mount has to look.
  AltAz apparent_place(const sky::Observer& observer, const sky::Observer& through_air, Time begin, Time time) const;

  /// What a mount can be told to follow: the target itself where there are no offsets, a place in the
  /// sky for a drift, else a list of positions from `lead` before the begin to a minute and some after the end.
  Target target(const sky::Observer& observer, Time begin, Duration lead) const;

 private:
  AltAz offset_place(const sky::Observer& observer, Time time, Angle x, Angle y) const;
  bool is_offset() const noexcept;
  Time time_of_place(Time begin, Time time) const noexcept;

  Step step_;
  Target aim_;
  Location site_;
};

}  // namespace astro::detail
