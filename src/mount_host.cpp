// SPDX-License-Identifier: BSD-3-Clause
#include "mount_host.hpp"

#include <array>
#include <cmath>
#include <utility>

#include "astro/error.hpp"
#include "axis_turns.hpp"
#include "braking.hpp"
#include "text.hpp"

namespace astro {

using detail::is_near;

namespace {

constexpr std::array<const char*, 5> state_names{"stopped", "moving", "tracking", "parked", "fault"};
constexpr Duration show_every = std::chrono::seconds(1);
// A mount that stands still, but not where it was sent, will not get there any more.
constexpr Duration patience = std::chrono::seconds(10);
constexpr Duration longest_lead = std::chrono::seconds(60);

Field point_field(const char* name, FieldType type, const char* unit, const char* says) {
  Field field;
  field.name = name;
  field.type = type;
  field.unit = unit;
  field.says = says;
  return field;
}

}  // namespace

MountHost::MountHost(detail::HostSetup setup, std::shared_ptr<MountGuard> guard)
    : DeviceHost(std::move(setup)), guard_(std::move(guard)) {}

std::vector<Field> MountHost::points() const {
  const auto names = detail::Pointing::axis_names(description().geometry);
  Field state = point_field("state", FieldType::choice, "", "what the mount does");
  state.choices.assign(state_names.begin(), state_names.end());
  return {point_field(names[0], FieldType::angle, "deg", "position of the first axis, unwrapped"),
          point_field(names[1], FieldType::angle, "deg", "position of the second axis"),
          point_field("target", FieldType::text, "", "what it is pointed at, or empty"),
          std::move(state),
          point_field("on_target", FieldType::boolean, "", "within its accuracy of the target"),
          point_field("tracking", FieldType::boolean, "", "follows the target across the sky")};
}

void MountHost::describe(const MountDescription& description) {
  auto model = detail::pointing_model_of(entry(), description.geometry, context().location);
  {
    const std::lock_guard lock(description_mutex_);
    model_ = std::move(model);
    description_ = description;
    limits_ = {description.first, description.second};
    if (entry().limits) limits_ = detail::intersection(limits_, *entry().limits);
  }
  set_poll_interval(description.poll_every);
  set_points(points());
}

MountDescription MountHost::description() const {
  const std::lock_guard lock(description_mutex_);
  return description_;
}

MountLimits MountHost::limits() const {
  const std::lock_guard lock(description_mutex_);
  return limits_;
}

Duration MountHost::hook_bound() const {
  const std::lock_guard lock(description_mutex_);
  return description_.hook_bound;
}

Duration MountHost::open_bound() const {
  const std::lock_guard lock(description_mutex_);
  return description_.open_bound;
}

std::optional<Target> MountHost::target() const {
  const std::lock_guard lock(motion_mutex_);
  return motion_.target;
}

detail::Pointing MountHost::pointing() const {
  const std::lock_guard lock(description_mutex_);
  return {description_.geometry, context().location, model_};
}

/// It keeps what changes slowly, which a mount that tracks asks for many times a second.
sky::Observer MountHost::observer() const {
  auto table = sky::earth_orientation();
  const std::lock_guard lock(observer_mutex_);
  if (!observer_ || orientation_ != table) {
    const Location& site = context().location;
    observer_.emplace(site, sky::standard_weather(site), table);
    orientation_ = std::move(table);
  }
  return *observer_;
}

Axes MountHost::axes_towards(const Target& target, Time time) const {
  return pointing().axes_of(detail::visible_place(observer(), target, time), time);
}

Axes MountHost::axes_near(const Target& target, Time time, const Axes& near) const {
  return detail::nearest_allowed(axes_towards(target, time), limits(), near, pointing());
}

Axes MountHost::axes_of(const Target& target, Time time) const {
  try {
    return axes_near(target, time, status().axes);
  } catch (const Error& error) {
    throw error.at(place());
  }
}

// What another machine serves may be away now, and come later.
void MountHost::opened() {
  if (entry().node.empty()) poll();
}

void MountHost::poll() {
  const Time asked = clock().now();
  const MountStatus status = worker().hook("status", hook_bound(), [this] { return mount().status(); });
  const Time time = status.time.value_or(asked);
  take_reading(status, time);
  ask_guard();
  follow_up(status, time);
  park_if_wanted(status, time);
  show(true);
}

void MountHost::take_reading(const MountStatus& status, Time time) {
  const AltAz place = pointing().place_of(status.position, time);
  const bool on_target = is_on_target(status.position, time);
  history_.add(time, place);
  const std::lock_guard lock(motion_mutex_);
  ++polls_;
  measure_rates(status.position, time);
  change_report([&](MountReport& report) {
    report.time = time;
    report.axes = status.position;
    if (motion_.kind == Kind::none || motion_.kind == Kind::rate) report.commanded = status.position;
    report.place = place;
    report.state = status.state;
    report.on_target = on_target;
  });
  if (waiting_ != 0) moved_.notify_all();
}

bool MountHost::is_on_target(const Axes& position, Time time) {
  std::unique_lock lock(motion_mutex_);
  const Motion motion = motion_;
  lock.unlock();
  const Angle accuracy = description().accuracy;
  if (!motion.way.empty()) return false;
  if (motion.kind == Kind::axes || motion.kind == Kind::slew) return is_near(position, motion.commanded, accuracy);
  if (motion.kind != Kind::track && motion.kind != Kind::follow) return false;
  try {
    return is_near(position, axes_near(*motion.target, time, position), accuracy);
  } catch (const Error&) {  // out of sight: what follows says so
    return false;
  }
}

void MountHost::follow_up(const MountStatus& status, Time time) {
  std::unique_lock lock(motion_mutex_);
  const Motion motion = motion_;
  lock.unlock();
  if (status.state == MountState::fault && motion.kind != Kind::none) {
    end_motion(Error(ErrorCode::device_fault, place() + ": the mount reports a fault: " + status.detail));
    return;
  }
  if (!motion.way.empty()) go_on(status.position);
  else if (motion.kind == Kind::track) keep_tracking(motion, time);
  if (motion.kind == Kind::rate) watch_rate(motion, status.position, time);
  judge_arrival(status, time);
}

void MountHost::judge_arrival(const MountStatus& status, Time time) {
  std::shared_ptr<Execution::State> arrived;
  std::optional<Error> failed;
  {
    const std::lock_guard lock(motion_mutex_);
    const bool rests = status.state != MountState::moving;
    const bool goes_somewhere = motion_.kind == Kind::axes || motion_.kind == Kind::slew;
    const bool is_there = !motion_.way.empty()         ? false
                          : motion_.kind == Kind::park ? status.state == MountState::parked
                          : motion_.kind == Kind::home ? rests && polls_ > motion_.polls
                                                       : report_.on_target;
    if (is_there) {
      arrived = motion_.execution;
      motion_.arrived = true;
      motion_.short_since.reset();
    } else if (goes_somewhere && rests && motion_.execution && !motion_.execution->has_ended()) {
      if (!motion_.short_since) motion_.short_since = time;
      if (time - *motion_.short_since > patience) {
        failed = Error(ErrorCode::device_fault, place() + ": the mount stands still, but not where it was sent");
      }
    } else {
      motion_.short_since.reset();
    }
  }
  if (arrived && !arrived->has_ended()) arrived->succeed();
  if (failed) end_motion(failed);
}

void MountHost::keep_tracking(const Motion& motion, Time time) {
  bool parks = false;
  try {
    if (guard_) {
      const Axes now = axes_near(*motion.target, time, motion.commanded);
      if (const auto objection = guard_->place(reach(), now, time)) {
        parks = objection->parks;
        throw Error(objection->code, objection->reason);
      }
    }
    follow_target(motion, time);
  } catch (const Error& error) {
    const ErrorCode code = error.code();
    if (code != ErrorCode::not_visible && code != ErrorCode::out_of_limits && code != ErrorCode::unsafe) throw;
    end_tracking(error, parks);
  }
}

void MountHost::end_tracking(const Error& why, bool parks) {
  end_motion(why.at(place() + ": tracking ends"));
  worker().hook("stop", hook_bound(), [this] { mount().stop(); });
  notice("state", LogLevel::warning, std::string("tracking ends: ") + why.what());
  if (!parks) return;
  const std::lock_guard lock(motion_mutex_);
  park_wanted_since_ = clock().now();
}

void MountHost::follow_target(const Motion& motion, Time time) {
  const Angle dead_band = description().accuracy / 2;
  const Target& target = *motion.target;
  const Axes now = axes_near(target, time, motion.commanded);
  if (motion.turns_by_itself) {
    if (status().on_target) return;
  } else if (is_near(now, motion.commanded, dead_band)) {
    return;
  }
  if (guard_ && !guard_->may_start(time)) return;  // the motors rest: the dead-band grows meanwhile
  // The next command comes when the target is a dead-band past what is commanded: aim so far ahead
  // that it lies in the middle between the two.
  constexpr Duration step = std::chrono::seconds(1);
  const Axes soon = axes_near(target, time + step, now);
  const double rate =
      std::max({(soon.first - now.first).abs().degrees(), (soon.second - now.second).abs().degrees(), 1e-9});
  const double lead = motion.turns_by_itself ? 0.0 : std::min(dead_band.degrees() / rate, seconds(longest_lead));
  Axes ahead = now;
  try {
    ahead = axes_near(target, time + from_seconds(lead), now);
    if (guard_ && guard_->place(reach(), ahead, time)) ahead = now;
  } catch (const Error&) {  // it sets, or leaves the limits, until then: stay with it as long as it can be seen
  }
  Motion next = motion;
  next.way = way_to(ahead);
  const bool turns_far = next.way.size() > 1;
  if (turns_far && next.turns_by_itself) {
    worker().moving_hook("self_track", hook_bound(), [this] { mount().self_track(false); });
  }
  send_leg(next);
  const std::lock_guard lock(motion_mutex_);
  if (motion_.kind != Kind::track || worker().was_stopped()) return;
  motion_.commanded = next.commanded;
  motion_.way = next.way;
  change_report([&](MountReport& report) { report.commanded = ahead; });
}

void MountHost::watch_rate(const Motion& motion, const Axes& position, Time time) {
  if (time >= motion.rate_ends) {
    end_motion(std::nullopt);
    return;
  }
  const MountLimits limits = this->limits();
  const MountDescription described = description();
  // What is commanded after the next reading must still bring it to rest within them.
  const Axes ends = detail::rest_of(position, motion.rates, described.fastest, described.braking, poll_interval());
  const auto leaves = [&](Angle end, Angle rate, const AxisRange& range) {
    return (rate > Angle() && end >= range.to) || (rate < Angle() && end <= range.from);
  };
  const bool first = leaves(ends.first, motion.rates.first, limits.first);
  if (!first && !leaves(ends.second, motion.rates.second, limits.second)) return;
  worker().hook("stop", hook_bound(), [this] { mount().stop(); });
  const auto names = detail::Pointing::axis_names(described.geometry);
  const std::string message = std::string(names[first ? 0 : 1]) + " has come to its limit and was stopped";
  end_motion(Error(ErrorCode::out_of_limits, place() + ": " + message));
  notice("state", LogLevel::warning, message);
}

void MountHost::show(bool is_good) {
  const auto names = detail::Pointing::axis_names(description().geometry);
  std::unique_lock lock(motion_mutex_);
  const MountReport report = report_;
  const std::string target = motion_.target ? to_string(*motion_.target) : std::string();
  lock.unlock();
  const Quality quality = is_good ? Quality::good : Quality::bad;
  const Time now = is_good ? report.time : clock().now();
  const bool all = now - shown_.time >= show_every || now < shown_.time || !is_good;
  const MountReport& before = shown_.report;
  if (all || report.axes.first != before.axes.first) emit(names[0], report.axes.first.degrees(), quality, now);
  if (all || report.axes.second != before.axes.second) emit(names[1], report.axes.second.degrees(), quality, now);
  if (all || target != shown_.target) emit("target", target, quality, now);
  if (all || report.state != before.state) {
    emit("state", state_names[static_cast<std::size_t>(report.state)], quality, now);
  }
  if (all || report.on_target != before.on_target) emit("on_target", report.on_target, quality, now);
  if (all || report.tracking != before.tracking) emit("tracking", report.tracking, quality, now);
  shown_.report = report;
  shown_.target = target;
  if (all) shown_.time = now;
}

void MountHost::on_failure() {
  {
    const std::lock_guard lock(motion_mutex_);
    change_report([](MountReport& report) { report.state = MountState::fault, report.on_target = false; });
  }
  if (shown_.report.state != MountState::fault) show(false);
  end_in_silence();
}

void MountHost::end_locked(const std::optional<Error>& why) {
  ++motions_;
  motion_ = {};
  ended_by_ = why;
  change_report([](MountReport& report) { report.on_target = false, report.tracking = false; });
  moved_.notify_all();
}

void MountHost::end_motion(const std::optional<Error>& why) {
  std::shared_ptr<Execution::State> execution;
  {
    const std::lock_guard lock(motion_mutex_);
    execution = motion_.execution;
    end_locked(why);
  }
  if (execution && why) execution->fail(*why);
}

void MountHost::on_stop() {
  {
    const std::lock_guard lock(motion_mutex_);
    park_wanted_since_.reset();
  }
  end_motion(Error(ErrorCode::interrupted,
                   place() + ": the mount was stopped; command it again when what stopped it is over"));
}

/// An observation that gives up when the guard has stopped its mount would take back that it is parked. People may.
bool MountHost::is_kept_from(const Issuer& issuer) const noexcept {
  if (issuer.rank != Rank::observation) return false;
  const std::lock_guard lock(motion_mutex_);
  return park_wanted_since_ || motion_.is_guards;
}

void MountHost::on_lost() {
  {
    const std::lock_guard lock(motion_mutex_);
    change_report([](MountReport& report) { report.lost = true; });
  }
  end_motion(Error(ErrorCode::device_lost,
                   place() + ": the driver no longer answers; look at its device, and open the site again"));
}

void MountHost::on_close() {
  end_motion(Error(ErrorCode::interrupted, place() + ": the observatory was closed; open the site again"));
}

void MountHost::wait_until_on_target(Duration at_most) {
  const detail::Deadline deadline(clock(), at_most);
  std::unique_lock lock(motion_mutex_);
  const std::uint64_t mine = motions_;
  if (motion_.kind == Kind::none) {
    if (ended_by_) throw Error(*ended_by_);
    throw Error(ErrorCode::invalid_argument, place() + ": waiting for a target, but none was commanded");
  }
  ++waiting_;
  const auto done = std::shared_ptr<void>(nullptr, [this](void*) { --waiting_; });
  for (;;) {
    if (motions_ != mine) {
      if (ended_by_) throw Error(*ended_by_);
      throw Error(ErrorCode::interrupted,
                  place() + ": another command came before the mount was on target; wait for one before the next");
    }
    const bool is_fresh = polls_ > motion_.polls;
    const bool parked = motion_.kind == Kind::park && report_.state == MountState::parked;
    const bool at_home = motion_.kind == Kind::home && report_.state != MountState::moving;
    if (is_fresh && (report_.on_target || parked || at_home)) return;
    if (deadline.has_come()) {
      throw Error(ErrorCode::timeout, place() + ": not on target after " + text::of(seconds(at_most)) + " s");
    }
    moved_.wait_until(lock, deadline.look_again());
  }
}

void MountHost::wait_until_stopped(Duration at_most) {
  const detail::Deadline deadline(clock(), at_most);
  std::unique_lock lock(motion_mutex_);
  const std::uint64_t polls = polls_;
  ++waiting_;
  const auto done = std::shared_ptr<void>(nullptr, [this](void*) { --waiting_; });
  for (;;) {
    if (report_.lost)
      throw Error(ErrorCode::device_lost,
                  place() + ": the driver no longer answers; look at its device, and open the site again");
    const bool rests = report_.state == MountState::stopped || report_.state == MountState::parked;
    if (polls_ > polls && rests && motion_.kind != Kind::track && motion_.kind != Kind::follow) return;
    if (deadline.has_come()) {
      throw Error(ErrorCode::timeout, place() + ": still moving after " + std::to_string(seconds(at_most)) + " s");
    }
    moved_.wait_until(lock, deadline.look_again());
  }
}

}  // namespace astro
