// SPDX-License-Identifier: BSD-3-Clause
#include "axis.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace stepper {

namespace {
constexpr double taken_for_granted = 0.25;  // of the time between two steps
}

Axis::Axis(const Settings& settings, std::int64_t dish, std::int64_t play)
    : settings_(settings), dish_(dish), play_(std::clamp<std::int64_t>(play, 0, settings.backlash)) {}

void Axis::aim(std::int64_t motor, double speed, double now) {
  Ramps ramps = settings_.ramps;
  ramps.speed = std::min(speed, ramps.speed);
  if (!(ramps.speed > 0.0)) return stop(now);
  profile_ = Profile::to(static_cast<double>(motor), profile_.at(now), ramps, now);
  last_ = now;
}

void Axis::go(std::int64_t dish, double speed, double now) {
  const std::int64_t target = std::clamp(dish, settings_.from, settings_.to);
  const std::int64_t away = target - dish_;
  // Up: the gears' play is behind the motor at the end; down: before it.
  const std::int64_t up = away > 0 ? settings_.backlash - play_ : 0;
  const std::int64_t down = away < 0 ? play_ : 0;
  goal_ = Goal{target, speed};
  aim(motor_ + away + up - down, speed, now);
}

void Axis::go_free(std::int64_t steps, double speed, double now) {
  goal_.reset();
  aim(motor_ + steps, speed, now);
}

void Axis::stop(double now) {
  goal_.reset();
  profile_ = Profile::stop(profile_.at(now), settings_.ramps, now);
  last_ = now;
}

void Axis::halt() noexcept {
  goal_.reset();
  profile_ = Profile(static_cast<double>(motor_));
}

void Axis::set(std::int64_t dish) noexcept {
  halt();
  dish_ = dish;
}

std::optional<Axis::Step> Axis::next() const noexcept {
  const auto crossing = profile_.next_step(static_cast<double>(motor_), last_);
  if (!crossing) return std::nullopt;
  return Step{crossing->time, crossing->direction};
}

void Axis::made(const Step& step) noexcept {
  motor_ += step.direction;
  last_ = step.time;
  const bool engaged = step.direction > 0 ? play_ == settings_.backlash : play_ == 0;
  (engaged ? dish_ : play_) += step.direction;
  // One that came too fast to a goal close ahead went past it and back: into the play, and not all the way.
  if (goal_ && dish_ != goal_->dish && !next()) go(goal_->dish, goal_->speed, last_);
}

bool Axis::was_late(double by) noexcept {
  const double speed = std::abs(profile_.at(last_).speed);
  if (by * speed <= taken_for_granted) return false;
  profile_.delay(by);
  last_ += by;
  return true;
}

Homing::Want Homing::next(bool pressed, bool stands) noexcept {
  switch (phase_) {
    case Phase::begin:
      phase_ = pressed ? Phase::backing_off : Phase::seeking;
      return pressed ? Want::back_off : Want::seek;
    case Phase::seeking:
      if (pressed) {
        phase_ = Phase::stopping;
        return Want::stop;
      }
      break;
    case Phase::stopping:
      if (!stands) return Want::nothing;
      phase_ = Phase::backing_off;
      return Want::back_off;
    case Phase::backing_off:
      if (!pressed) {
        phase_ = Phase::creeping;
        return Want::creep;
      }
      break;
    case Phase::creeping:
      if (pressed) {
        phase_ = Phase::ended;
        return Want::done;
      }
      break;
    case Phase::ended:
      return Want::nothing;
  }
  if (!stands) return Want::nothing;
  phase_ = Phase::ended;
  return Want::lost;
}

}  // namespace stepper
