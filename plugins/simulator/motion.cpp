// SPDX-License-Identifier: BSD-3-Clause
#include "motion.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace simulator {
namespace {

/// How far back a receiver may ask where the dish was.
constexpr double kept_s = 600.0;

}  // namespace

Axis::Axis(const AxisLimits& limits, double position)
    : limits_(limits), end_(-std::numeric_limits<double>::infinity()) {
  pieces_.push_back({.start = end_, .position = position, .dish = position});
}

Axis::Axis(const AxisState& state)
    : limits_(state.limits), pieces_(state.pieces.begin(), state.pieces.begin() + state.count), end_(state.end) {}

AxisState Axis::state() const noexcept {
  AxisState made{.limits = limits_, .end = end_};
  const std::size_t count = std::min(pieces_.size(), made.pieces.size());
  std::copy(pieces_.end() - static_cast<std::ptrdiff_t>(count), pieces_.end(), made.pieces.begin());
  made.count = static_cast<std::uint32_t>(count);
  return made;
}

const Axis::Piece& Axis::piece(double time) const noexcept {
  const auto after = std::upper_bound(pieces_.begin(), pieces_.end(), time,
                                      [](double t, const Piece& other) { return t < other.start; });
  return after == pieces_.begin() ? *after : *std::prev(after);
}

Axis::Now Axis::at(double time) const noexcept {
  const Piece& p = piece(time);
  if (p.speed == 0.0 && p.acceleration == 0.0) return {p.position, 0.0};
  const double t = std::max(0.0, time - p.start);
  return {p.position + (p.speed + 0.5 * p.acceleration * t) * t, p.speed + p.acceleration * t};
}

double Axis::lag(double dish, double motor) const noexcept {
  return std::clamp(dish, motor - 0.5 * limits_.backlash, motor + 0.5 * limits_.backlash);
}

double Axis::dish(double time) const noexcept { return lag(piece(time).dish, at(time).position); }

void Axis::cut(double now) {
  const Now here = at(now);
  const double behind = dish(now);
  while (pieces_.size() > 1 && pieces_.back().start >= now) pieces_.pop_back();
  while (pieces_.size() > 1 && pieces_[1].start < now - kept_s) pieces_.pop_front();
  pieces_.push_back({.start = now, .position = here.position, .speed = here.speed, .dish = behind});
  end_ = now;
}

/// Ends the last piece after so long and begins the next. A piece in which the speed changes its
/// sign is made two, so that in each the dish follows one way.
void Axis::append(double acceleration, double duration) {
  if (duration <= 0.0) return;
  Piece& last = pieces_.back();
  const double turn = acceleration == 0.0 ? 0.0 : -last.speed / acceleration;
  const double first = turn > 0.0 && turn < duration ? turn : duration;
  last.acceleration = acceleration;
  end_ = last.start + first;
  Piece next{.start = end_,
             .position = last.position + (last.speed + 0.5 * acceleration * first) * first,
             .speed = first < duration ? 0.0 : last.speed + acceleration * first};
  next.dish = lag(last.dish, next.position);
  pieces_.push_back(next);
  if (first < duration) append(acceleration, duration - first);
}

/// The fastest way to stand still at the target (bang, cruise, bang).
void Axis::plan(double target, double max_speed) {
  const double a = limits_.acceleration;
  const double v = pieces_.back().speed;
  const double rest = pieces_.back().position + v * std::abs(v) / (2.0 * a);  // where braking now would end
  const double direction = target >= rest ? 1.0 : -1.0;
  const double along = direction * v;
  const double distance = direction * (target - pieces_.back().position);
  const double top = std::min(std::max(max_speed, along), std::sqrt(std::max(0.0, a * distance + 0.5 * along * along)));
  const double cruise = top <= 0.0 ? 0.0 : (distance - (2.0 * top * top - along * along) / (2.0 * a)) / top;
  append(direction * a, (top - along) / a);
  append(0.0, cruise > 1e-9 ? cruise : 0.0);
  append(-direction * a, top / a);
  pieces_.back().speed = 0.0;
  pieces_.back().position = target;
  pieces_.back().dish = lag(pieces_.back().dish, target);
}

void Axis::move_to(double target, double now) {
  cut(now);
  plan(std::clamp(target, limits_.from, limits_.to), limits_.max_speed);
}

void Axis::stop(double now) {
  cut(now);
  const Piece& here = pieces_.back();
  plan(here.position + here.speed * std::abs(here.speed) / (2.0 * limits_.acceleration), limits_.max_speed);
}

void Axis::freeze(double now) {
  cut(now);
  pieces_.back().speed = 0.0;
}

void Axis::move_rate(double rate, double lifetime, double now) {
  cut(now);
  const double wanted = std::clamp(rate, -limits_.max_speed, limits_.max_speed);
  const double a = limits_.acceleration;
  const double ramp = std::abs(wanted - pieces_.back().speed) / a;
  const double end_wall = wanted >= 0.0 ? limits_.to : limits_.from;
  const double ramped = pieces_.back().position + 0.5 * (wanted + pieces_.back().speed) * ramp;
  const double cruise = std::max(0.0, lifetime - ramp);
  const double rest = ramped + wanted * cruise + wanted * std::abs(wanted) / (2.0 * a);
  if ((wanted >= 0.0 && rest > end_wall) || (wanted < 0.0 && rest < end_wall)) {
    plan(end_wall, std::abs(wanted));
    return;
  }
  append(wanted >= pieces_.back().speed ? a : -a, ramp);
  pieces_.back().speed = wanted;
  append(0.0, cruise);
  append(wanted >= 0.0 ? -a : a, std::abs(wanted) / a);
  pieces_.back().speed = 0.0;
}

}  // namespace simulator
