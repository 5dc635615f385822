// SPDX-License-Identifier: BSD-3-Clause
#include "observing/safe_route.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace astro::detail {

namespace {

constexpr Angle step = degrees(0.1);
/// What each leg costs beyond its length: to come to rest, to be seen there, and to start again.
constexpr double pause_s = 2.0;
constexpr int most_steps = 3600;  // a whole turn
constexpr int turn_every = 50;
constexpr double hair = 1e-8;  // radians: rounding

struct Way {
  std::vector<Axes> points;
  double takes_s = 0.0;
};

/// Tries ways of one leg, two and three, the fastest first, and then of four. On a leg along one
/// axis the path is known, however fast it turns; where both turn the whole rectangle must be free.
class WayFinder {
 public:
  WayFinder(const SkyRules& rules, const ForbiddenSky& sky, const MountDescription& mount, const WayFrom& from)
      : rules_(rules), sky_(sky), mount_(mount), start_(from) {
    // What they still turn cannot be helped any more; where it is free, it counts with the first leg.
    if (!sky_.is_free(start_.axes, start_.rests)) start_.axes = start_.rests;
  }

  std::optional<std::vector<Axes>> find(const Axes& to) const {
    const Axes from = start_.rests;
    if (is_leg_free(from, to, true)) return std::vector{to};
    if (auto found = first_free(short_ways(from, to))) return found;
    return first_free(long_ways(from, to));
  }

  double seconds_of(const Axes& from, const Axes& to) const {
    const auto takes = [](Angle a, Angle b, Angle rate) { return (b - a).abs() / std::max(rate, arcseconds(1)); };
    return pause_s + std::max(takes(from.first, to.first, mount_.fastest.first),
                              takes(from.second, to.second, mount_.fastest.second));
  }

 private:
  using Ways = std::vector<Way>;

  bool is_leg_free(const Axes& from, const Axes& to, bool is_first) const {
    if (!is_first) return sky_.is_free(from, to);
    const auto [first_low, first_high] = std::minmax({start_.axes.first, from.first, to.first});
    const auto [second_low, second_high] = std::minmax({start_.axes.second, from.second, to.second});
    return sky_.is_free(Axes{first_low, second_low}, Axes{first_high, second_high});
  }

  void add(Ways& ways, const Axes& from, const std::vector<Axes>& points) const {
    Way way;
    Axes last = from;
    for (const Axes& point : points) {
      if (point == last) continue;
      way.takes_s += seconds_of(last, point);
      way.points.push_back(point);
      last = point;
    }
    if (!way.points.empty()) ways.push_back(std::move(way));
  }

  static std::vector<Angle> levels(const AxisRange& range, Angle every) {
    std::vector<Angle> found{range.from, range.to};
    for (Angle at = range.from + every; at < range.to; at += every) found.push_back(at);
    return found;
  }

  Ways short_ways(const Axes& from, const Axes& to) const {
    Ways ways;
    add(ways, from, {{to.first, from.second}, to});
    add(ways, from, {{from.first, to.second}, to});
    for (const Angle level : levels(rules_.limits.second, degrees(2.5))) {
      add(ways, from, {{from.first, level}, {to.first, level}, to});
    }
    for (const Angle level : levels(rules_.limits.first, degrees(7.5))) {
      add(ways, from, {{level, from.second}, {level, to.second}, to});
    }
    return ways;
  }

  Ways long_ways(const Axes& from, const Axes& to) const {
    Ways ways;
    for (const Angle second : levels(rules_.limits.second, degrees(5))) {
      for (const Angle first : levels(rules_.limits.first, degrees(15))) {
        add(ways, from, {{from.first, second}, {first, second}, {first, to.second}, to});
        add(ways, from, {{first, from.second}, {first, second}, {to.first, second}, to});
      }
    }
    return ways;
  }

  std::optional<std::vector<Axes>> first_free(Ways ways) const {
    std::ranges::sort(ways, {}, &Way::takes_s);
    for (Way& way : ways) {
      Axes last = start_.rests;
      const bool is_free = std::ranges::all_of(way.points, [&](const Axes& point) {
        const bool is_first = &point == &way.points.front();
        return is_leg_free(std::exchange(last, point), point, is_first);
      });
      if (is_free) return std::move(way.points);
    }
    return std::nullopt;
  }

  const SkyRules& rules_;
  const ForbiddenSky& sky_;
  const MountDescription& mount_;
  WayFrom start_;
};

bool is_free_of_all(const ForbiddenSky::Clearances& clear) {
  return std::ranges::all_of(clear, [](double one) { return one >= -hair; });
}

bool gets_no_nearer(const ForbiddenSky::Clearances& before, const ForbiddenSky::Clearances& after, double tolerance) {
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (after[i] < std::min(0.0, before[i]) - tolerance) return false;
  }
  return true;
}

double beyond(Angle value, const AxisRange& range) {
  return std::max({(range.from - value).radians(), (value - range.to).radians(), 0.0});
}

/// Out of forbidden sky by one axis, or by one and then the other, without getting deeper in.
class WayOut {
 public:
  WayOut(const SkyRules& rules, const ForbiddenSky& sky, const WayFinder& finder)
      : rules_(rules), sky_(sky), finder_(finder) {}

  std::optional<std::vector<Axes>> find(const Axes& from) {
    for (const Axes& along : directions()) {
      walk(from, along, {});
      Axes at = from;
      for (int n = 1; n <= most_steps && may_step(at, along); ++n) {
        at = {at.first + along.first, at.second + along.second};
        if (n % turn_every != 0) continue;
        for (const Axes& aside : directions()) {
          const bool is_across = (aside.first == Angle()) != (along.first == Angle());
          if (is_across) walk(at, aside, {{at}, finder_.seconds_of(from, at)});
        }
      }
    }
    if (best_.points.empty()) return std::nullopt;
    return best_.points;
  }

 private:
  static std::array<Axes, 4> directions() {
    return {Axes{step, Angle()}, Axes{-step, Angle()}, Axes{Angle(), step}, Axes{Angle(), -step}};
  }

  bool may_step(const Axes& at, const Axes& along) const {
    const Axes next{at.first + along.first, at.second + along.second};
    const bool stays = beyond(next.first, rules_.limits.first) <= beyond(at.first, rules_.limits.first) &&
                       beyond(next.second, rules_.limits.second) <= beyond(at.second, rules_.limits.second);
    return stays && gets_no_nearer(sky_.clearances(at), sky_.clearances(next), 1e-9);
  }

  /// `before`: the way to where this begins.
  void walk(const Axes& from, const Axes& along, Way before) {
    Axes at = from;
    for (int n = 0; n < most_steps; ++n) {
      if (n > 0 && is_free_of_all(sky_.clearances(at))) {
        before.takes_s += finder_.seconds_of(from, at);
        before.points.push_back(at);
        if (best_.points.empty() || before.takes_s < best_.takes_s) best_ = std::move(before);
        return;
      }
      if (!may_step(at, along)) return;
      at = {at.first + along.first, at.second + along.second};
    }
  }

  const SkyRules& rules_;
  const ForbiddenSky& sky_;
  const WayFinder& finder_;
  Way best_{};
};

/// About how long the slowest of the ways that are worth while takes.
Duration longest_way(const MountDescription& mount, const Axes& from, const Axes& to) {
  const auto takes = [](Angle a, Angle b, Angle rate) { return (b - a).abs() / std::max(rate, arcseconds(1)); };
  const double direct =
      takes(from.first, to.first, mount.fastest.first) + takes(from.second, to.second, mount.fastest.second);
  return from_seconds(std::min(3600.0, pause_s + 1.5 * direct));
}

}  // namespace

bool keeps_clear(const ForbiddenSky& sky, const Axes& from, const Axes& to, double tolerance) {
  const auto at_first = sky.clearances(from);
  const double length = std::hypot((to.first - from.first).radians(), (to.second - from.second).radians());
  const int steps = std::clamp(static_cast<int>(std::ceil(length / step.radians())), 1, 2000);
  for (int n = 1; n <= steps; ++n) {
    const double part = static_cast<double>(n) / steps;
    const Axes at{from.first + (to.first - from.first) * part, from.second + (to.second - from.second) * part};
    if (!gets_no_nearer(at_first, sky.clearances(at), tolerance)) return false;
  }
  return true;
}

std::optional<std::vector<Axes>> safe_way(const SkyRules& rules, const MountDescription& mount, const WayFrom& from,
                                          const Axes& to, Time time, const WayOptions& options) {
  ForbiddenSky sky(rules, time, longest_way(mount, from.rests, to));
  if (options.parking) sky.forget_horizon();
  const WayFinder finder(rules, sky, mount, from);
  if (is_free_of_all(sky.clearances(from.rests))) return finder.find(to);
  auto out = WayOut(rules, sky, finder).find(from.rests);
  if (!out) return std::nullopt;
  const WayFinder further(rules, sky, mount, {out->back(), out->back()});
  const auto rest = further.find(to);
  if (!rest) return std::nullopt;
  out->insert(out->end(), rest->begin(), rest->end());
  return out;
}

}  // namespace astro::detail
