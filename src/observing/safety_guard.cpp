// SPDX-License-Identifier: BSD-3-Clause
#include "observing/safety_guard.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "astro/error.hpp"
#include "braking.hpp"
#include "text.hpp"

namespace astro::detail {

namespace {

using Errand = GuardedReading::Errand;

ErrorCode code_of(Obstacle obstacle) {
  return obstacle == Obstacle::horizon ? ErrorCode::out_of_limits : ErrorCode::unsafe;
}

Duration braking_of(const MountDescription& mount, const SafetySection& section) {
  return mount.braking > Duration::zero() ? mount.braking : section.braking;
}

/// An axis that is on its way to its goal brakes there by itself.
Angle no_further_than(Angle at, Angle ahead, std::optional<Angle> goal) {
  if (!goal) return ahead;
  if (ahead > at && *goal >= at) return std::min(ahead, *goal);
  if (ahead < at && *goal <= at) return std::max(ahead, *goal);
  return ahead;
}

}  // namespace

void check_free(const SkyRules& rules, const Axes& axes, Time time, const WayOptions& options) {
  ForbiddenSky sky(rules, time);
  if (options.parking) sky.forget_horizon();
  if (const auto found = sky.objection(sky.look(axes))) throw Error(code_of(found->obstacle), found->reason);
}

void refuse_way(const SkyRules& rules, const Axes& from, const Axes& to, Time time) {
  const auto names = Pointing::axis_names(rules.geometry);
  const auto shown = [&](const Axes& axes) {
    const auto rounded = [](Angle angle) { return text::of(std::round(angle.degrees() * 100.0) / 100.0); };
    return std::string(names[0]) + " " + rounded(axes.first) + " deg, " + names[1] + " " + rounded(axes.second) +
           " deg";
  };
  const ForbiddenSky sky(rules, time);
  const auto found = sky.objection(sky.look(from));
  throw Error(ErrorCode::unsafe, "there is no safe way from " + shown(from) + " to " + shown(to) +
                                     (found ? ": " + found->reason : std::string()) +
                                     "; what is forbidden lies between them (Sun, Moon, horizon's line or limits); "
                                     "try again later, or go by other places");
}

SafetyGuard::SafetyGuard(GuardedMount mount, SafetySection section)
    : mount_(std::move(mount)),
      section_(std::move(section)),
      conditions_(section_.conditions, mount_.latest, mount_.clock->now()),
      duty_(section_.starts_per_minute, section_.least_pause) {}

std::shared_ptr<const SkyRules> SafetyGuard::rules(const MountReach& reach) {
  const std::lock_guard lock(mutex_);
  const bool fits = rules_ && rules_->geometry == reach.description.geometry &&
                    rules_->limits.first == reach.limits.first && rules_->limits.second == reach.limits.second &&
                    rules_->pointing.model() == reach.model;
  if (!fits) {
    rules_ = std::make_shared<const SkyRules>(mount_.location, reach.description.geometry, reach.limits, section_,
                                              reach.model);
  }
  return rules_;
}

Objection SafetyGuard::objection_to(const ForbiddenSky::Found& found) const {
  return {.code = code_of(found.obstacle),
          .reason = found.reason,
          .parks = found.obstacle == Obstacle::sun && section_.sun_action == SafetyAction::park};
}

std::optional<Objection> SafetyGuard::forbids(Time now) {
  for (const SafetyConditions::Active& active : conditions_.active(now)) {
    if (active.action == SafetyAction::warn) continue;
    return Objection{.code = ErrorCode::unsafe,
                     .reason = active.reason + "; only stop and park are taken until this is over",
                     .parks = active.action == SafetyAction::park};
  }
  return std::nullopt;
}

std::optional<Objection> SafetyGuard::place(const MountReach& reach, const Axes& axes, Time now) {
  const auto rules = this->rules(reach);
  const ForbiddenSky sky(*rules, now);
  if (const auto found = sky.objection(sky.look(axes))) return objection_to(*found);
  return std::nullopt;
}

std::vector<Axes> SafetyGuard::route(const MountReach& reach, const GuardedReading& from, const Axes& to,
                                     bool parking) {
  const auto rules = this->rules(reach);
  const WayOptions options{.parking = parking};
  check_free(*rules, to, from.time, options);
  const MountDescription& mount = reach.description;
  const Axes rests = latest_rest(from, mount, braking_of(mount, section_));
  if (auto way = safe_way(*rules, mount, {from.axes, rests}, to, from.time, options)) return std::move(*way);
  refuse_way(*rules, from.axes, to, from.time);
}

std::optional<Objection> SafetyGuard::steer(const MountReach& reach, const GuardedReading& from, const AxisRates& rates,
                                            Duration lifetime) {
  const Angle limit = section_.slew_limit;
  if (limit > Angle() && std::max(rates.first.abs(), rates.second.abs()) > limit) {
    return Objection{.code = ErrorCode::out_of_limits,
                     .reason = "the rules of this mount allow " + text::of(limit.degrees()) + " deg a second at most"};
  }
  const auto rules = this->rules(reach);
  const ForbiddenSky sky(*rules, from.time);
  const MountDescription& mount = reach.description;
  const Duration braking = braking_of(mount, section_);
  const Axes rests = latest_rest(from, mount, braking);
  // It may be steered out of forbidden sky, but nowhere into it: neither while the rate lives nor
  // while it brakes after that, from where it is or from where it comes to rest of what it does now.
  for (const Axes& begin : {from.axes, rests}) {
    const Axes ends{begin.first + way_of_rate(rates.first, mount.fastest.first, braking, lifetime),
                    begin.second + way_of_rate(rates.second, mount.fastest.second, braking, lifetime)};
    if (keeps_clear(sky, begin, ends, 1e-9)) continue;
    const auto found = sky.objection(sky.look(ends));
    return Objection{.code = found ? code_of(found->obstacle) : ErrorCode::unsafe,
                     .reason = "steering there: " + (found ? found->reason : "forbidden sky lies on the way")};
  }
  return std::nullopt;
}

std::optional<Objection> SafetyGuard::judge(const MountReach& reach, const GuardedReading& reading) {
  if (const auto begun = conditions_.begun(reading.time); !begun.empty()) {
    std::string reason;
    auto action = SafetyAction::warn;
    for (const SafetyConditions::Active& one : begun) {
      reason += (reason.empty() ? "" : "; ") + one.reason;
      action = std::max(action, one.action);
    }
    return Objection{.reason = reason, .stops = action >= SafetyAction::stop, .parks = action == SafetyAction::park};
  }
  if (auto moved = watch_.look(reach.description, reading)) return moved;
  return judge_place(reach, reading);
}

std::optional<Objection> SafetyGuard::judge_place(const MountReach& reach, const GuardedReading& reading) {
  const auto rules = this->rules(reach);
  ForbiddenSky sky(*rules, reading.time);
  if (reading.parking || reading.errand == Errand::none) sky.forget_horizon();
  const MountDescription& mount = reach.description;
  const auto ends_at = [&](Angle Axes::*axis, Angle rate, Angle fastest) {
    const Angle at = reading.axes.*axis;
    const std::optional<Angle> goal = reading.goal ? std::optional((*reading.goal).*axis) : std::nullopt;
    // What is commanded after the next reading acts one reading later; but an axis that turns back
    // to its goal brakes already.
    const bool turns_back = goal && (*goal - at).radians() * rate.radians() < 0.0;
    const Duration before = turns_back ? Duration::zero() : mount.poll_every * 2;
    return no_further_than(at, at + way_to_rest(rate, fastest, braking_of(mount, section_), before), goal);
  };
  const Axes ends{ends_at(&Axes::first, reading.rates.first, mount.fastest.first),
                  ends_at(&Axes::second, reading.rates.second, mount.fastest.second)};
  if (keeps_clear(sky, reading.axes, ends, mount.accuracy.radians() / 2)) return judge_standing(sky, reading);
  if (quiet_until_ && reading.time < *quiet_until_ && reading.time > *quiet_until_ - std::chrono::minutes(5)) {
    return std::nullopt;  // it brakes already
  }
  quiet_until_ = reading.time + braking_of(mount, section_) + mount.poll_every * 2;
  auto found = sky.objection(sky.look(ends));
  if (!found) found = sky.objection(sky.look(reading.axes));
  Objection made = found ? objection_to(*found) : Objection{};
  if (reading.parking) made.parks = false;  // the way there is what is objected to
  made.reason = "the mount turns towards forbidden sky" + (found ? ": " + found->reason : std::string());
  return made;
}

std::optional<Objection> SafetyGuard::judge_standing(const ForbiddenSky& sky, const GuardedReading& reading) {
  const auto found = sky.objection(sky.look(reading.axes));
  const bool in_sun = found && found->obstacle != Obstacle::horizon;
  if (!in_sun || reading.parking) {
    if (!in_sun) sun_told_ = false;
    return std::nullopt;
  }
  if (reading.errand == Errand::tracking) return std::nullopt;  // it ends with its next step
  const bool follows = reading.errand == Errand::own;
  if (std::exchange(sun_told_, true) && !follows) return std::nullopt;
  Objection made = objection_to(*found);
  made.stops = follows || section_.sun_action >= SafetyAction::stop;
  made.reason += made.parks ? "" : "; it has come to the beam: move the mount away, or cover what is in the focus";
  return made;
}

bool MotorDuty::may_start(Time now) {
  const std::lock_guard lock(mutex_);
  forget(now);
  if (starts_.empty()) return true;
  if (now - starts_.back() < pause_) return false;
  return per_minute_ == 0 || static_cast<std::int64_t>(starts_.size()) < per_minute_;
}

void MotorDuty::started(Time now) {
  const std::lock_guard lock(mutex_);
  forget(now);
  starts_.push_back(now);
}

void MotorDuty::forget(Time now) {
  // What lies in the future was written before the clock was set back.
  std::erase_if(starts_, [now](Time one) { return one <= now - std::chrono::minutes(1) || one > now; });
}

}  // namespace astro::detail
