// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "astro/handles.hpp"
#include "astro/site.hpp"
#include "astro/sky/observer.hpp"
#include "astro/sky/pointing_model.hpp"

namespace astro::detail {

/// Apparent place; throws `not_visible` for what is in the sky and below the horizon.
AltAz visible_place(const sky::Observer& observer, const Target& target, Time time);

using PointingModelPtr = std::shared_ptr<const sky::PointingModel>;

/// Of a mount's terms in the site file; null: it has none, or a node serves it and has not said yet what axes it has.
/// Throws `invalid_argument` as the model does.
PointingModelPtr pointing_model_of(const DeviceEntry& mount, Geometry geometry, const Location& site);

/// Between the sky and the readings of a mount's axes: pure functions of geometry, model, site and time.
class Pointing {
 public:
  Pointing(Geometry geometry, const Location& site, PointingModelPtr model = nullptr)
      : geometry_(geometry), site_(site), model_(std::move(model)) {}

  Geometry geometry() const noexcept { return geometry_; }
  const PointingModelPtr& model() const noexcept { return model_; }

  /// "azimuth", "altitude"; "hour_angle", "declination"; "right_ascension", "declination".
  static std::array<const char*, 2> axis_names(Geometry geometry) noexcept;

  /// Axes that look there, not flipped, in the first turn.
  Axes axes_of(const AltAz& place, Time time) const;
  AltAz place_of(const Axes& axes, Time time) const;
  /// The other axes that look at the same place: over the zenith, or the pole.
  Axes flipped(const Axes& axes) const;

 private:
  Geometry geometry_;
  Location site_;
  PointingModelPtr model_;
};

/// The turn of the first axis that is nearest to `near` and allowed; over the zenith (or the pole)
/// where it cannot be reached otherwise. Throws `out_of_limits` naming axis, value and limits.
Axes nearest_allowed(const Axes& wanted, const MountLimits& limits, const Axes& near, const Pointing& pointing);
/// All turns that are allowed, over the zenith too; first the one of `nearest_allowed`.
std::vector<Axes> all_allowed(const Axes& wanted, const MountLimits& limits, const Axes& near,
                              const Pointing& pointing);
void check_limits(const Axes& axes, const MountLimits& limits, Geometry geometry);
MountLimits intersection(const MountLimits& a, const MountLimits& b);

/// Where a beam pointed, for a quarter of an hour and some more.
class PointingHistory {
 public:
  void add(Time time, const AltAz& place);
  std::optional<AltAz> at(Time time) const;

 private:
  struct Reading {
    Time time;
    AltAz place;
  };
  mutable std::mutex mutex_;
  std::deque<Reading> readings_;
};

}  // namespace astro::detail
