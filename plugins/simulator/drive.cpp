// SPDX-License-Identifier: BSD-3-Clause
#include "drive.hpp"

namespace simulator {
namespace {

constexpr double wander_period_s = 3.0;

}  // namespace

Drive::Drive(astro::Geometry geometry, const AxisLimits& first, const AxisLimits& second, astro::Axes start,
             const PointingError& error, std::shared_ptr<const astro::Clock> clock, const std::filesystem::path& file)
    : geometry_(geometry),
      error_(error),
      clock_(std::move(clock)),
      opened_(clock_->now()),
      wander_first_(mix(error.seed, "first axis"), wander_period_s),
      wander_second_(mix(error.seed, "second axis"), wander_period_s),
      first_(first, start.first.radians()),
      second_(second, start.second.radians()),
      kept_(file, true) {
  if (const auto before = kept_.get()) {
    opened_ = before->since;
    first_ = Axis(before->first);
    second_ = Axis(before->second);
  }
  keep();
}

void Drive::keep() noexcept {
  if (!kept_.is_there()) return;
  kept_.put({geometry_, error_, opened_, first_.state(), second_.state()});
}

void Drive::move_to(astro::Axes target) {
  const std::lock_guard lock(mutex_);
  const double t = now();
  first_.move_to(target.first.radians(), t);
  second_.move_to(target.second.radians(), t);
  keep();
}

void Drive::move_rate(astro::AxisRates rates, astro::Duration lifetime) {
  const std::lock_guard lock(mutex_);
  const double t = now();
  first_.move_rate(rates.first.radians(), astro::seconds(lifetime), t);
  second_.move_rate(rates.second.radians(), astro::seconds(lifetime), t);
  keep();
}

void Drive::stop() noexcept {
  const std::lock_guard lock(mutex_);
  const double t = now();
  first_.stop(t);
  second_.stop(t);
  keep();
}

void Drive::freeze() {
  const std::lock_guard lock(mutex_);
  const double t = now();
  first_.freeze(t);
  second_.freeze(t);
  keep();
}

astro::Axes Drive::encoders(astro::Time time) const {
  const std::lock_guard lock(mutex_);
  const double t = since_open(time);
  return {astro::radians(first_.motor(t)), astro::radians(second_.motor(t))};
}

bool Drive::is_moving(astro::Time time) const {
  const std::lock_guard lock(mutex_);
  return first_.is_moving(since_open(time)) || second_.is_moving(since_open(time));
}

astro::Axes Drive::axes(astro::Time time) const {
  const std::lock_guard lock(mutex_);
  const double t = since_open(time);
  return {astro::radians(first_.dish(t)) + error_.offset.first + error_.noise * wander_first_.at(time),
          astro::radians(second_.dish(t)) + error_.offset.second + error_.noise * wander_second_.at(time)};
}

astro::Axes with_error(astro::Axes axes, const PointingError& error, astro::Time time) {
  const Drift first(mix(error.seed, "first axis"), wander_period_s);
  const Drift second(mix(error.seed, "second axis"), wander_period_s);
  return {axes.first + error.offset.first + error.noise * first.at(time),
          axes.second + error.offset.second + error.noise * second.at(time)};
}

void DistantDish::read() const {
  const std::uint32_t now = kept_.version();
  if (now == version_) return;
  state_ = kept_.get().value_or(state_);
  first_ = Axis(state_.first);
  second_ = Axis(state_.second);
  version_ = now;
}

astro::Geometry DistantDish::geometry() const {
  const std::lock_guard lock(mutex_);
  read();
  return state_.geometry;
}

astro::Axes DistantDish::axes(astro::Time time) const {
  const std::lock_guard lock(mutex_);
  read();
  const double t = astro::seconds(time - state_.since);
  return with_error({astro::radians(first_.dish(t)), astro::radians(second_.dish(t))}, state_.error, time);
}

}  // namespace simulator
