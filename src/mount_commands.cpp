// SPDX-License-Identifier: BSD-3-Clause
// What a mount is told to do: checks, the driver's hooks, and what is under way then.
#include <cmath>
#include <utility>

#include "astro/error.hpp"
#include "mount_host.hpp"

namespace astro {

namespace {

constexpr Duration longest_rate = std::chrono::seconds(2);

struct PointAt {
  std::string target{};
};

struct MoveTo {
  Angle first{};
  Angle second{};
};

struct MoveRate {
  Angle first{};
  Angle second{};
  Duration lifetime = std::chrono::milliseconds(500);
};

}  // namespace

template <>
struct Description<PointAt> {
  static constexpr std::array fields{field<&PointAt::target>(
      "target", {.unit = "target",
                 .says = "\"icrs 10.684 41.269\", \"galactic 120 0\", \"altaz 180 45\", \"sun\"",
                 .required = true})};
};

template <>
struct Description<MoveTo> {
  static constexpr std::array fields{
      field<&MoveTo::first>("first", {.says = "where the first axis goes, unwrapped", .required = true}),
      field<&MoveTo::second>("second", {.says = "where the second axis goes", .required = true})};
};

template <>
struct Description<MoveRate> {
  static constexpr std::array fields{
      field<&MoveRate::first>("first", {.says = "of the first axis, per second", .required = true}),
      field<&MoveRate::second>("second", {.says = "of the second axis, per second", .required = true}),
      field<&MoveRate::lifetime>("lifetime", {.min = 0.01, .max = 2, .says = "then the rate dies"})};
};

std::vector<CommandDescription> MountHost::commands() const {
  const MountDescription mount = description();
  std::vector<CommandDescription> all{
      command<PointAt>("slew_to", "points at a place that stays where it is", std::chrono::seconds(60)),
      command<PointAt>("track", "points at a target and follows it across the sky", std::chrono::seconds(60)),
      command<MoveTo>("move_to", "moves the axes", std::chrono::seconds(60))};
  if (mount.rates) all.push_back(command<MoveRate>("move_rate", "moves at a rate that dies by itself"));
  if (mount.parks) all.push_back({"park", "goes to the park position", {}, std::chrono::seconds(60)});
  if (mount.homes) all.push_back({"home", "finds the reference of its axes", {}, std::chrono::seconds(60)});
  return all;
}

DeviceHost::Action MountHost::prepare(const std::string& command, const Value& parameters) {
  if (command == "slew_to" || command == "track") {
    return point_action(parse_target(from_value<PointAt>(parameters).target), command == "track");
  }
  if (command == "move_to") {
    const auto wanted = from_value<MoveTo>(parameters);
    return move_action({wanted.first, wanted.second});
  }
  if (command == "move_rate") {
    const auto wanted = from_value<MoveRate>(parameters);
    return rate_action({wanted.first, wanted.second}, wanted.lifetime);
  }
  return command == "park" ? park_action() : home_action();
}

void MountHost::point_at(const Issuer& issuer, const Target& target, bool track) {
  call(issuer, track ? "track" : "slew_to", to_value(PointAt{to_string(target)}),
       refusing([&] { return point_action(target, track); }));
}

void MountHost::move_to(const Issuer& issuer, const Axes& axes) {
  call(issuer, "move_to", to_value(MoveTo{axes.first, axes.second}), refusing([&] { return move_action(axes); }));
}

void MountHost::move_rate(const Issuer& issuer, const AxisRates& rates, Duration lifetime) {
  call(issuer, "move_rate", to_value(MoveRate{rates.first, rates.second, lifetime}),
       refusing([&] { return rate_action(rates, lifetime); }));
}

void MountHost::park(const Issuer& issuer) {
  call(issuer, "park", {}, refusing([&] { return park_action(); }));
}
void MountHost::home(const Issuer& issuer) {
  call(issuer, "home", {}, refusing([&] { return home_action(); }));
}

void MountHost::refuse_unsupported(const char* what) const {
  throw Error(ErrorCode::unsupported, std::string("this mount does not offer ") + what);
}

void MountHost::end_self_tracking() {
  {
    const std::lock_guard lock(motion_mutex_);
    if (!motion_.turns_by_itself) return;
    motion_.turns_by_itself = false;
  }
  worker().moving_hook("self_track", hook_bound(), [this] { mount().self_track(false); });
}

void MountHost::send_leg(Motion& motion) {
  motion.commanded = motion.way.front();
  motion.way.erase(motion.way.begin());
  const bool is_last = motion.way.empty();
  const Axes next = motion.commanded;
  if (is_last && motion.kind == Kind::park) {
    worker().moving_hook("park", hook_bound(), [this] { mount().park(); });
  } else if (is_last && motion.kind == Kind::follow) {
    worker().moving_hook("follow", hook_bound(), [&] { mount().follow(*motion.target); });
  } else {
    worker().moving_hook("move_to", hook_bound(), [&] { mount().move_to(next); });
  }
  if (is_last && motion.turns_by_itself) {
    worker().moving_hook("self_track", hook_bound(), [this] { mount().self_track(true); });
  }
  if (guard_) guard_->started(clock().now());
}

void MountHost::send_first(Motion& motion) {
  end_self_tracking();
  send_leg(motion);
}

void MountHost::install(Motion motion) {
  std::shared_ptr<Execution::State> before;
  {
    const std::lock_guard lock(motion_mutex_);
    worker().check_not_stopped();
    before = std::move(motion_.execution);
    park_wanted_since_.reset();
    motion.polls = polls_;
    ++motions_;
    ended_by_.reset();
    motion_ = std::move(motion);
    change_report([&](MountReport& report) {
      report.commanded = motion_.way.empty() ? motion_.commanded : motion_.way.back();
      report.on_target = false;
      report.tracking = motion_.kind == Kind::track || motion_.kind == Kind::follow;
    });
    moved_.notify_all();
  }
  if (before)
    before->fail(
        Error(ErrorCode::interrupted, place() + ": another command took its place; wait for one before the next"));
}

DeviceHost::Action MountHost::point_action(const Target& target, bool track) {
  check_allowed();
  (void)way_to_target(target);  // refused before anything moves
  return {.run = [this, target, track](const auto& execution) {
    check_allowed();
    const MountDescription described = description();
    Motion motion;
    motion.kind = track ? (described.follows ? Kind::follow : Kind::track) : Kind::slew;
    motion.target = target;
    motion.way = way_to_target(target);
    motion.execution = execution;
    motion.turns_by_itself = track && !described.follows && described.self_tracking;
    send_first(motion);
    install(std::move(motion));
    return moving();
  }};
}

DeviceHost::Action MountHost::move_action(const Axes& axes) {
  check_allowed();
  detail::check_limits(axes, limits(), description().geometry);
  (void)way_to(axes);
  return {.run = [this, axes](const auto& execution) {
    check_allowed();
    Motion motion;
    motion.kind = Kind::axes;
    motion.way = way_to(axes);
    motion.execution = execution;
    send_first(motion);
    install(std::move(motion));
    return moving();
  }};
}

void MountHost::check_rates(const AxisRates& rates, Duration lifetime) const {
  if (!description().rates) refuse_unsupported("rates; move its axes to a position instead");
  if (!std::isfinite(rates.first.radians()) || !std::isfinite(rates.second.radians())) {
    throw Error(ErrorCode::invalid_argument, "an axis was given a rate that is not finite");
  }
  if (lifetime <= Duration::zero() || lifetime > longest_rate) {
    throw Error(ErrorCode::out_of_limits, "a rate lives longer than 0 and at most " +
                                              std::to_string(seconds(longest_rate)) + " s; repeat it to go on");
  }
  check_rate_limits(rates, lifetime);
  check_steering(rates, lifetime);
}

DeviceHost::Action MountHost::rate_action(const AxisRates& rates, Duration lifetime) {
  check_allowed();
  check_rates(rates, lifetime);
  return {.run = [this, rates, lifetime](const auto&) {
    check_allowed();
    check_rates(rates, lifetime);
    end_self_tracking();
    worker().moving_hook("move_rate", hook_bound(), [&] { mount().move_rate(rates, lifetime); });
    if (guard_) guard_->started(clock().now());
    Motion motion;
    motion.kind = Kind::rate;
    motion.rates = rates;
    motion.rate_ends = clock().now() + lifetime;
    install(std::move(motion));
    return Performed{};
  }};
}

DeviceHost::Action MountHost::park_action() {
  if (!description().parks) refuse_unsupported("a park position");
  (void)way_to_park();
  return {.run = [this](const auto& execution) {
    Motion motion;
    motion.kind = Kind::park;
    motion.way = way_to_park();
    motion.execution = execution;
    send_first(motion);
    install(std::move(motion));
    return moving();
  }};
}

DeviceHost::Action MountHost::home_action() {
  if (!description().homes) refuse_unsupported("finding its reference");
  check_allowed();
  return {.run = [this](const auto& execution) {
    check_allowed();
    end_self_tracking();
    worker().moving_hook("home", hook_bound(), [this] { mount().home(); });
    if (guard_) guard_->started(clock().now());
    Motion motion;
    motion.kind = Kind::home;
    motion.commanded = status().axes;
    motion.execution = execution;
    install(std::move(motion));
    return moving();
  }};
}

}  // namespace astro
