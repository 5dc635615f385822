// SPDX-License-Identifier: BSD-3-Clause
#include "astro/sky/track.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "astro/error.hpp"
#include "axis_turns.hpp"

namespace astro::sky {

namespace {

using detail::clamped;
using detail::full_turn;
using detail::half_turn;

/// One way of reaching all points: a number of turns of the first axis, over the zenith or not. The
/// last way of a plan is none: out of reach.
struct Way {
  int turn = 0;
  bool flipped = false;
};

[[noreturn]] void refuse_track(const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "planning a track: " + why);
}

void check(std::span<const Time> times, std::span<const Axes> wanted, const AxisReach& reach) {
  if (times.size() != wanted.size() || times.empty()) {
    refuse_track(std::to_string(times.size()) + " times and " + std::to_string(wanted.size()) +
                 " places: expected as many of both, and one or more");
  }
  for (std::size_t i = 1; i < times.size(); ++i) {
    if (times[i] <= times[i - 1]) refuse_track("its times must grow");
  }
  const bool possible = reach.first.to >= reach.first.from && reach.second.to >= reach.second.from &&
                        reach.fastest.first > Angle() && reach.fastest.second > Angle() &&
                        reach.first.to - reach.first.from < degrees(36000);
  if (!possible) refuse_track("the reach of the axes is empty or has no speed");
}

/// The first axis without jumps at north.
std::vector<Axes> unwound(std::span<const Axes> wanted) {
  std::vector<Axes> made(wanted.begin(), wanted.end());
  for (std::size_t i = 1; i < made.size(); ++i) {
    made[i].first = made[i - 1].first + (wanted[i].first - made[i - 1].first).wrapped_signed();
  }
  return made;
}

/// A point of the track as it is reached straight, and over the zenith.
struct Poses {
  Axes straight;
  Axes flipped;
};

std::vector<Poses> poses_of(std::span<const Axes> wanted, const PointingModel* model) {
  std::vector<Poses> made;
  for (const Axes& each : unwound(wanted)) made.push_back({each, detail::flipped(each, model)});
  return made;
}

Axes on(const Way& way, const Poses& wanted) {
  const Axes& axes = way.flipped ? wanted.flipped : wanted.straight;
  return {axes.first + full_turn * way.turn, axes.second};
}

bool is_within(const Axes& axes, const AxisReach& reach) {
  return detail::is_within(axes.first, reach.first) && detail::is_within(axes.second, reach.second);
}

std::vector<Way> ways_of(std::span<const Poses> wanted, const AxisReach& reach) {
  const auto [least, most] =
      std::ranges::minmax_element(wanted, {}, [](const Poses& each) { return each.straight.first; });
  const int lowest = static_cast<int>(std::floor((reach.first.from - most->straight.first) / full_turn)) - 1;
  const int highest = static_cast<int>(std::ceil((reach.first.to - least->straight.first) / full_turn)) + 1;
  std::vector<Way> ways;
  for (int turn = lowest; turn <= highest; ++turn) {
    for (const bool flipped : {false, true}) {
      const Way way{turn, flipped};
      const bool helps =
          std::any_of(wanted.begin(), wanted.end(), [&](const Poses& each) { return is_within(on(way, each), reach); });
      if (helps) ways.push_back(way);
    }
  }
  return ways;
}

double slew_s(const Axes& from, const Axes& to, const AxisReach& reach) {
  return std::max((to.first - from.first).abs() / reach.fastest.first,
                  (to.second - from.second).abs() / reach.fastest.second);
}

/// Bellman's recursion over the points: the least time lost until a point is reached by each way, and
/// by which way one came.
class Search {
 public:
  Search(std::span<const Time> times, std::vector<Poses> wanted, const AxisReach& reach, const Axes& now)
      : times_(times), wanted_(std::move(wanted)), reach_(reach), now_(now), ways_(ways_of(wanted_, reach)) {}

  TrackPlan plan() {
    const std::size_t none = ways_.size();
    std::vector<double> lost(none + 1);
    for (std::size_t way = 0; way <= none; ++way) {
      lost[way] = way == none       ? (reached_at_all(0) ? impossible : 0.0)
                  : reaches(0, way) ? slew_s(now_, axes(0, way), reach_)
                                    : impossible;
    }
    came_from_.assign(times_.size(), std::vector<std::size_t>(none + 1));
    for (std::size_t i = 1; i < times_.size(); ++i) lost = step(i, lost);
    return traced(static_cast<std::size_t>(std::min_element(lost.begin(), lost.end()) - lost.begin()));
  }

 private:
  static constexpr double impossible = std::numeric_limits<double>::infinity();

  Axes axes(std::size_t point, std::size_t way) const { return on(ways_[way], wanted_[point]); }
  bool reaches(std::size_t point, std::size_t way) const { return is_within(axes(point, way), reach_); }
  bool reached_at_all(std::size_t point) const {
    for (std::size_t way = 0; way < ways_.size(); ++way) {
      if (reaches(point, way)) return true;
    }
    return false;
  }
  double between_s(std::size_t point) const { return seconds(times_[point] - times_[point - 1]); }

  /// How late the axes come to a point that they go to from the one before.
  double late_s(std::size_t point, std::size_t from, std::size_t to) const {
    const std::size_t none = ways_.size();
    if (to == none || from == none) return 0.0;  // while out of reach there is time to turn
    return std::max(0.0, slew_s(axes(point - 1, from), axes(point, to), reach_) - between_s(point));
  }

  std::vector<double> step(std::size_t point, const std::vector<double>& before) {
    const std::size_t none = ways_.size();
    std::vector<double> lost(before.size(), impossible);
    for (std::size_t to = 0; to <= none; ++to) {
      if (to == none ? reached_at_all(point) : !reaches(point, to)) continue;
      for (std::size_t from = 0; from <= none; ++from) {
        const double more = to == none ? between_s(point) : late_s(point, from, to);
        const double sum = before[from] + more;
        // Of two ways that lose nothing the one that changes nothing.
        if (sum < lost[to] || (sum == lost[to] && from == to)) {
          lost[to] = sum;
          came_from_[point][to] = from;
        }
      }
    }
    return lost;
  }

  TrackPlan traced(std::size_t way) const {
    const std::size_t none = ways_.size();
    TrackPlan plan;
    plan.points.resize(times_.size());
    double lost_s = 0.0;
    for (std::size_t i = times_.size(); i-- > 0;) {
      TrackPoint& point = plan.points[i];
      point.time = times_[i];
      point.reached = way != none;
      if (point.reached) {
        const Axes wanted = axes(i, way);
        point.axes = {clamped(wanted.first, reach_.first), clamped(wanted.second, reach_.second)};
        point.flipped = ways_[way].flipped;
      }
      const std::size_t from = i == 0 ? way : came_from_[i][way];
      double late = 0.0;
      if (i > 0) late = way == none ? between_s(i) : late_s(i, from, way);
      else if (way != none) late = slew_s(now_, axes(0, way), reach_);
      if (way != none) point.late = from_seconds(late);
      lost_s += late;
      plan.changes += i > 0 && from != way && from != none && way != none ? 1 : 0;
      way = from;
    }
    plan.lost = from_seconds(lost_s);
    return plan;
  }

  std::span<const Time> times_;
  std::vector<Poses> wanted_;
  AxisReach reach_;
  Axes now_;
  std::vector<Way> ways_;
  std::vector<std::vector<std::size_t>> came_from_;
};

}  // namespace

TrackPlan plan_track(std::span<const Time> times, std::span<const Axes> wanted, const AxisReach& reach, const Axes& now,
                     const PointingModel* model) {
  check(times, wanted, reach);
  return Search(times, poses_of(wanted, model), reach, now).plan();
}

TrackPlan plan_track(const Observer& observer, const Target& target, Time from, Time to, Duration every,
                     const AxisReach& reach, const Axes& now, const PointingModel* model) {
  if (every <= Duration::zero() || to < from || (to - from) / every > 1'000'000) {
    refuse_track("expected a step above zero, an end after the start and at most a million points");
  }
  std::vector<Time> times;
  for (Time time = from; time <= to; time += every) times.push_back(time);
  std::vector<AltAz> places(times.size());
  observer.altaz(target, times, places);
  std::vector<Axes> wanted;
  for (const AltAz& place : places) {
    const Axes axes{place.azimuth, place.altitude};
    wanted.push_back(model == nullptr ? axes : model->axes_of(axes));
  }
  AxisReach above = reach;
  above.second.from = std::max(above.second.from, Angle());
  above.second.to = std::min(above.second.to, half_turn);
  return plan_track(times, wanted, above, now, model);
}

}  // namespace astro::sky
