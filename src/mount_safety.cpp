// SPDX-License-Identifier: BSD-3-Clause
// What keeps a mount from harm, whoever commands it: its guard is asked before and while it moves.
#include <algorithm>
#include <cmath>
#include <utility>

#include "astro/error.hpp"
#include "axis_turns.hpp"
#include "braking.hpp"
#include "mount_host.hpp"

namespace astro {

using detail::is_near;

namespace {

using Errand = GuardedReading::Errand;

/// A mount that moves and cannot be read for so long is stopped.
constexpr Duration longest_silence = std::chrono::seconds(5);
/// What does not come to rest in this time after a stop is parked all the same.
constexpr Duration longest_rest = std::chrono::seconds(30);

}  // namespace

void MountHost::measure_rates(const Axes& position, Time time) {
  const double dt = seconds(time - report_.time);
  if (!(dt > 0.0)) return;
  const AxisRates fastest = description().fastest;
  const auto rate = [dt](Angle now, Angle before, Angle top) {
    const Angle found = (now - before) / dt;
    // Encoders that were set anew have not turned.
    return found.abs() > top * 3.0 ? Angle() : found;
  };
  const bool is_fresh = dt < 10.0;
  rates_.first = is_fresh ? rate(position.first, report_.axes.first, fastest.first) : Angle();
  rates_.second = is_fresh ? rate(position.second, report_.axes.second, fastest.second) : Angle();
}

GuardedReading MountHost::guarded() const {
  const Angle accuracy = description().accuracy;
  const bool knows_park = guard_ && guard_->parks_at(reach());
  const std::lock_guard lock(motion_mutex_);
  GuardedReading made;
  made.time = report_.time;
  made.axes = report_.axes;
  made.rates = rates_;
  made.state = report_.state;
  made.command = motions_;
  const bool is_led = !motion_.way.empty();  // on its way to a place from where something else begins
  switch (motion_.kind) {
    case Kind::none:
      return made;
    case Kind::rate:
      made.errand = Errand::rate;  // which it may not have reached yet
      if (motion_.rates.first.abs() > made.rates.first.abs()) made.rates.first = motion_.rates.first;
      if (motion_.rates.second.abs() > made.rates.second.abs()) made.rates.second = motion_.rates.second;
      return made;
    case Kind::home:
      made.errand = Errand::own;
      made.under_way = report_.state == MountState::moving;
      return made;
    case Kind::park:
      made.parking = true;
      made.errand = is_led ? Errand::position : Errand::own;
      if (is_led || knows_park) made.goal = motion_.commanded;
      made.under_way = report_.state != MountState::parked;
      return made;
    case Kind::axes:
    case Kind::slew:
      made.errand = Errand::position;
      break;
    case Kind::track:
    case Kind::follow:
      made.errand = is_led || motion_.kind == Kind::track ? Errand::tracking : Errand::own;
      if (!is_led && (motion_.kind == Kind::follow || motion_.turns_by_itself)) return made;
      break;
  }
  made.goal = motion_.commanded;
  made.under_way = !is_near(report_.axes, motion_.commanded, accuracy);
  return made;
}

GuardedReading MountHost::guarded_now() const {
  GuardedReading made = guarded();
  made.time = clock().now();
  return made;
}

void MountHost::check_allowed() const {
  if (!guard_) return;
  if (const auto objection = guard_->forbids(clock().now())) throw Error(objection->code, objection->reason);
}

MountReach MountHost::reach() const {
  const std::lock_guard lock(description_mutex_);
  return {description_, limits_, model_};
}

void MountHost::check_rate_limits(const AxisRates& rates, Duration lifetime) const {
  // Inwards everything is allowed: somebody may have to come back from outside the limits.
  const MountLimits limits = this->limits();
  const MountDescription described = description();
  const GuardedReading now = guarded_now();
  const Axes rests = detail::latest_rest(now, described, described.braking);
  const auto names = detail::Pointing::axis_names(described.geometry);
  const auto check = [&](const char* axis, Angle at, Angle rest, Angle rate, Angle fastest, const AxisRange& range) {
    const Angle way = detail::way_of_rate(rate, fastest, described.braking, lifetime);
    const bool over = rate > Angle() && std::max(at, rest) + way > range.to;
    const bool under = rate < Angle() && std::min(at, rest) + way < range.from;
    if (!over && !under) return;
    throw Error(ErrorCode::out_of_limits, std::string(axis) + " would leave its limits, " +
                                              std::to_string(range.from.degrees()) + " to " +
                                              std::to_string(range.to.degrees()) + " deg, at this rate");
  };
  check(names[0], now.axes.first, rests.first, rates.first, described.fastest.first, limits.first);
  check(names[1], now.axes.second, rests.second, rates.second, described.fastest.second, limits.second);
}

void MountHost::check_steering(const AxisRates& rates, Duration lifetime) const {
  if (!guard_) return;
  if (const auto objection = guard_->steer(reach(), guarded_now(), rates, lifetime)) {
    throw Error(objection->code, objection->reason);
  }
}

std::vector<Axes> MountHost::way_to(const Axes& goal, bool parking) const {
  if (!guard_) return {goal};
  return guard_->route(reach(), guarded_now(), goal, parking);
}

std::vector<Axes> MountHost::way_to_target(const Target& target) const {
  const Time time = clock().now();
  const Axes near = status().axes;
  if (!guard_) return {axes_near(target, time, near)};
  const Axes wanted = axes_towards(target, time);
  std::optional<Error> first;
  for (const Axes& goal : detail::all_allowed(wanted, limits(), near, pointing())) {
    try {
      return way_to(goal);
    } catch (const Error& error) {  // perhaps the other way round
      if (!first) first = error;
    }
  }
  throw Error(*first);
}

std::vector<Axes> MountHost::way_to_park() const {
  const std::optional<Axes> goal = guard_ ? guard_->parks_at(reach()) : std::nullopt;
  return goal ? way_to(*goal, true) : std::vector{description().parks_at.value_or(status().axes)};
}

void MountHost::go_on(const Axes& position) {
  const Angle accuracy = description().accuracy;
  std::unique_lock lock(motion_mutex_);
  if (!is_near(position, motion_.commanded, accuracy)) return;
  const double until_next = seconds(poll_interval());
  if (std::max(rates_.first.abs(), rates_.second.abs()) * until_next > accuracy) return;  // it passes by
  Motion next = motion_;
  const std::uint64_t mine = motions_;
  lock.unlock();
  send_leg(next);
  lock.lock();
  if (motions_ != mine || worker().was_stopped()) return;
  motion_.commanded = next.commanded;
  motion_.way = std::move(next.way);
  motion_.polls = polls_;
}

void MountHost::ask_guard() {
  if (!guard_) return;
  if (const auto objection = guard_->judge(reach(), guarded())) obey(*objection);
}

void MountHost::obey(const Objection& objection) {
  bool parks = objection.parks && description().parks;
  {
    const std::lock_guard lock(motion_mutex_);
    const bool is_parking = motion_.kind == Kind::park || report_.state == MountState::parked;
    if (objection.parks && is_parking) {  // it is there, or on the way
      parks = false;
    } else if (parks) {
      park_wanted_since_ = report_.time;
    }
  }
  const bool is_obeyed = objection.parks && !parks && description().parks;
  if (objection.stops && !is_obeyed) {
    end_motion(Error(objection.code, place() + ": " + objection.reason));
    worker().hook("stop", hook_bound(), [this] { mount().stop(); });
  }
  const char* does = parks ? "; it is stopped and parked" : objection.stops && !is_obeyed ? "; it is stopped" : "";
  notice("safety", LogLevel::warning, objection.reason + does);
}

void MountHost::park_if_wanted(const MountStatus& status, Time time) {
  {
    const std::lock_guard lock(motion_mutex_);
    if (!park_wanted_since_) return;
    const bool waits = status.state == MountState::moving && time - *park_wanted_since_ < longest_rest;
    if (waits && time >= *park_wanted_since_) return;
  }
  try {
    Motion motion;
    motion.kind = Kind::park;
    motion.is_guards = true;
    motion.way = way_to_park();
    send_first(motion);
    install(std::move(motion));
  } catch (const Error& error) {
    {
      const std::lock_guard lock(motion_mutex_);
      park_wanted_since_.reset();
    }
    if (error.code() == ErrorCode::interrupted || error.code() == ErrorCode::device_lost) throw;
    notice("safety", LogLevel::error, std::string("it cannot be parked and stays where it is: ") + error.what());
  }
}

void MountHost::end_in_silence() {
  const Time now = clock().now();
  {
    const std::lock_guard lock(motion_mutex_);
    const bool moves = motion_.kind == Kind::track || motion_.kind == Kind::follow || !motion_.arrived;
    if (motion_.kind == Kind::none || !moves) return;
    if (now - report_.time < std::max(longest_silence, poll_interval() * 10)) return;
  }
  const std::string message = "the mount has stopped answering while it moved; it was told to stop";
  end_motion(Error(ErrorCode::device_fault, place() + ": " + message));
  notice("safety", LogLevel::error, message);
  try {
    worker().hook("stop", hook_bound(), [this] { mount().stop(); });
  } catch (const Error&) {  // it is lost: the watchdog says so
  }
}

}  // namespace astro
