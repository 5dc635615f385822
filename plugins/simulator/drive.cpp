// SPDX-License-Identifier: BSD-3-Clause
#include "drive.hpp"

namespace simulator {
namespace {

constexpr double wander_period_s = 3.0;

}  // namespace

Drive::Drive(astro::Geometry geometry, const AxisLimits& first, const AxisLimits& second, astro::Axes start,
             const PointingError& error, std::shared_ptr<const astro::Clock> clock)
    : geometry_(geometry),
      error_(error),
      clock_(std::move(clock)),
      opened_(clock_->now()),
      wander_first_(mix(error.seed, "first axis"), wander_period_s),
      wander_second_(mix(error.seed, "second axis"), wander_period_s),
      first_(first, start.first.radians()),
      second_(second, start.second.radians()) {}

void Drive::move_to(astro::Axes target) {
  const std::lock_guard lock(mutex_);
  const double t = now();
  first_.move_to(target.first.radians(), t);
  second_.move_to(target.second.radians(), t);
}

void Drive::move_rate(astro::AxisRates rates, astro::Duration lifetime) {
  const std::lock_guard lock(mutex_);
  const double t = now();
  first_.move_rate(rates.first.radians(), astro::seconds(lifetime), t);
  second_.move_rate(rates.second.radians(), astro::seconds(lifetime), t);
}

void Drive::stop() noexcept {
  const std::lock_guard lock(mutex_);
  const double t = now();
  first_.stop(t);
  second_.stop(t);
}

void Drive::freeze() {
  const std::lock_guard lock(mutex_);
  const double t = now();
  first_.freeze(t);
  second_.freeze(t);
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

}  // namespace simulator
