// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "astro/observing/program.hpp"
#include "astro/observing/safety.hpp"
#include "astro/observing/schedule.hpp"
#include "astro/sky/observer.hpp"
#include "observing/devices.hpp"
#include "pointing.hpp"

namespace astro::detail {

/// What keeps a request from being observed at an instant.
enum class Bar : std::uint8_t { none, below, reach, sun, moon };

struct Sight {
  Bar bar = Bar::none;
  Axes axes{};
};

/// Instants that are evenly apart, and where Sun and Moon are at each.
class SkyTimes {
 public:
  SkyTimes(const Location& site, Time from, Duration every, std::size_t count);
  /// With the cells of another one, which cost most.
  SkyTimes(const sky::Observer& observer, Time from, Duration every, std::size_t count);

  const sky::Observer& observer() const noexcept { return observer_; }
  const std::vector<Time>& times() const noexcept { return times_; }
  Duration every() const noexcept { return every_; }
  const std::vector<AltAz>& sun() const noexcept { return sun_; }
  const std::vector<AltAz>& moon() const noexcept { return moon_; }

 private:
  sky::Observer observer_;
  Duration every_;
  std::vector<Time> times_;
  std::vector<AltAz> sun_;
  std::vector<AltAz> moon_;
};

/// What has to be free for a request: a few places that stand for all that it visits, and how far
/// from what.
class Wanted {
 public:
  Wanted(const Location& site, const QueuedRequest& queued, const std::vector<Step>& steps);

  /// At each of the times; the axes are those of the first place, without jumps. Without a mount
  /// only the request's own wishes count.
  std::vector<Sight> at(const SkyTimes& sky, const PlanningMount* mount, const SafeSky* rules) const;
  /// Whether it has a place in the sky at all.
  bool has_place() const noexcept { return !places_.empty(); }
  /// Whether the sky brings the same again each day, near enough: not so of Sun, Moon and planets.
  bool repeats_daily() const noexcept { return repeats_daily_; }

 private:
  std::vector<AltAz> place(const Step& step, const SkyTimes& sky) const;
  Bar bar(const AltAz& place, std::size_t at, const SkyTimes& sky) const;

  Location site_;
  std::vector<Step> places_;
  Angle min_altitude_;
  Angle min_sun_distance_;
  Angle min_moon_distance_;
  bool repeats_daily_ = true;
};

}  // namespace astro::detail
