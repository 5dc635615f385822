// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <vector>

#include "astro/sky/observer.hpp"
#include "astro/sky/pointing_model.hpp"

/// How a mount's axes follow a target without a cable that winds up at the wrong moment.
namespace astro::sky {

/// What the two axes can do: from where to where (a first axis of 0 to 450 degrees has some places
/// twice; a second one of 0 to 180 degrees reaches over the zenith) and how fast, per second.
struct AxisReach {
  AxisRange first{degrees(0), degrees(360)};
  AxisRange second{degrees(0), degrees(90)};
  AxisRates fastest{degrees(5), degrees(5)};
};

/// Where the axes are to be at a time of the track.
struct TrackPoint {
  Time time{};
  Axes axes{};           ///< unwrapped; without meaning where `reached` is false
  bool reached = true;   ///< whether the axes can look there at all
  bool flipped = false;  ///< over the zenith (or the pole)
  Duration late{};       ///< how long after this time the axes arrive, from the point before
};

struct TrackPlan {
  std::vector<TrackPoint> points;
  Duration lost{};  ///< off target: unwinding, turning through the zenith, out of reach
  int changes = 0;  ///< of turn or flip within the track
};

/// Chooses for a whole track in which turn of the first axis, and whether over the zenith, each
/// point is reached, so that the time off target is least, the slew from `now` included. A
/// single move takes the nearest allowed turn; a track asks which one still has room at its end, and
/// whether a target that passes the zenith is better followed over it. `wanted` are axes that
/// look at the target, in any turn, not flipped; readings by the model (`PointingModel::axes_of`) where there is one,
/// which also says how they read over the zenith. Throws `invalid_argument` for spans that do not fit,
/// times that do not grow and a reach that is empty or without speed.
ASTRO_API TrackPlan plan_track(std::span<const Time> times, std::span<const Axes> wanted, const AxisReach& reach,
                               const Axes& now, const PointingModel* model = nullptr);

/// The same for an alt-az mount that follows a target, with a point each `every`, as the observer
/// sees it; where the target is below the horizon it is out of reach.
ASTRO_API TrackPlan plan_track(const Observer& observer, const Target& target, Time from, Time to, Duration every,
                               const AxisReach& reach, const Axes& now, const PointingModel* model = nullptr);

}  // namespace astro::sky
