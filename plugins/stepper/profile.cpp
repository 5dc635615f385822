// SPDX-License-Identifier: BSD-3-Clause
#include "profile.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace stepper {

namespace {

constexpr double whole = 1e-6;  // of a step: nearer than this to a whole one is there
constexpr double nothing = 1e-12;

double sign(double value) { return value < 0.0 ? -1.0 : 1.0; }

}  // namespace

State Profile::Piece::at(double time) const noexcept {
  const double t = std::clamp(time - begin, 0.0, duration);
  return {from.position + t * (from.speed + t * (from.acceleration / 2.0 + t * jerk / 6.0)),
          from.speed + t * (from.acceleration + t * jerk / 2.0), from.acceleration + t * jerk};
}

State Profile::last() const noexcept { return pieces_.empty() ? start_ : pieces_.back().at(end_); }

void Profile::append(double jerk, double duration) {
  if (duration <= nothing) return;
  pieces_.push_back({.begin = end_, .duration = duration, .from = last(), .jerk = jerk});
  end_ += duration;
}

/// To that speed and no acceleration, as fast as the ramps allow.
void Profile::ramp_to(double speed, const Ramps& ramps) {
  const State from = last();
  const double change = speed - from.speed;
  if (ramps.jerk <= 0.0) {
    const double duration = std::abs(change) / ramps.acceleration;
    if (duration <= nothing) return;
    State begin = from;
    begin.acceleration = sign(change) * ramps.acceleration;
    pieces_.push_back({.begin = end_, .duration = duration, .from = begin, .jerk = 0.0});
    end_ += duration;
    // An acceleration that ends at once.
    State rest = pieces_.back().at(end_);
    rest.speed = speed;
    rest.acceleration = 0.0;
    pieces_.push_back({.begin = end_, .duration = 0.0, .from = rest, .jerk = 0.0});
    return;
  }
  // What the speed becomes when the acceleration that there is ends by itself decides which way to accelerate; then it
  // rises to a peak, stays, and falls: the change is (2 peak^2 - from^2) / 2 jerk, and what it stays for.
  const double eased = from.acceleration * std::abs(from.acceleration) / (2.0 * ramps.jerk);
  const double way = sign(change - eased);
  const double begin = way * from.acceleration;
  const double needed = std::max(0.0, way * change + begin * begin / (2.0 * ramps.jerk));
  const double free_peak = std::sqrt(ramps.jerk * needed);
  const double peak = std::min(free_peak, std::max(ramps.acceleration, begin));
  const double stays = std::max(0.0, needed - peak * peak / ramps.jerk) / std::max(peak, nothing);
  append(way * ramps.jerk, (peak - begin) / ramps.jerk);
  append(0.0, free_peak > peak ? stays : 0.0);
  append(-way * ramps.jerk, peak / ramps.jerk);
}

/// The target lies in the direction of the motion, and not before where it could rest.
void Profile::forward_to(double target, const Ramps& ramps) {
  const Profile begun = *this;
  const State from = last();
  const double way = sign(target - from.position);
  const auto rest_after = [&](double peak) {
    Profile tried = begun;
    tried.ramp_to(way * peak, ramps);
    tried.ramp_to(0.0, ramps);
    return way * tried.last().position;
  };
  const double eased =
      ramps.jerk > 0.0 ? from.speed + from.acceleration * std::abs(from.acceleration) / (2.0 * ramps.jerk) : from.speed;
  // Where the peak may lie: it comes to rest before the target at the one end and behind it at the other.
  double low = std::clamp(way * eased, 0.0, ramps.speed);
  double high = ramps.speed;
  const double goal = way * target;
  if (rest_after(low) > goal) high = std::exchange(low, 0.0);
  if (rest_after(high) <= goal) {
    low = high;
  } else {
    for (int i = 0; i < 60; ++i) {
      const double middle = (low + high) / 2.0;
      (rest_after(middle) <= goal ? low : high) = middle;
    }
  }
  ramp_to(way * low, ramps);
  // At this speed until what is left is the way to rest.
  const double left = goal - rest_after(low);
  if (low > nothing && left > 0.0) {
    State cruising = last();
    cruising.speed = way * low;
    cruising.acceleration = 0.0;
    pieces_.push_back({.begin = end_, .duration = left / low, .from = cruising, .jerk = 0.0});
    end_ += left / low;
  }
  ramp_to(0.0, ramps);
  rest_at(target);
}

Profile Profile::stop(const State& from, const Ramps& ramps, double time) {
  Profile made(from.position, time);
  made.start_ = from;
  Profile direct = made;
  direct.ramp_to(0.0, ramps);
  const double rest = direct.last().position;
  const double moved = rest - from.position;
  if (std::abs(moved) < whole && std::abs(from.position - std::round(from.position)) < whole) {
    return Profile(std::round(from.position), time);
  }
  const double target = moved < 0.0 ? std::floor(rest + whole) : std::ceil(rest - whole);
  made.forward_to(target, ramps);
  return made;
}

Profile Profile::to(double target, const State& from, const Ramps& ramps, double time) {
  Profile made = stop(from, ramps, time);
  const double rest = made.rests_at();
  const double moves = rest - from.position;
  const bool turns = std::abs(moves) >= whole && (target - rest) * moves < 0.0;
  if (turns) {
    made.start_ = {rest, 0.0, 0.0};
    Profile back(rest, made.end_);
    back.start_ = {rest, 0.0, 0.0};
    back.forward_to(target, ramps);
    made.pieces_.insert(made.pieces_.end(), back.pieces_.begin(), back.pieces_.end());
    made.end_ = back.end_;
    made.rest_at(target);
    made.start_ = from;
    return made;
  }
  if (target == rest) return made;
  made = Profile(from.position, time);
  made.start_ = from;
  made.forward_to(target, ramps);
  return made;
}

State Profile::at(double time) const noexcept {
  if (time >= end_ || pieces_.empty()) return {rests_at_, 0.0, 0.0};
  const auto after = std::upper_bound(pieces_.begin(), pieces_.end(), time,
                                      [](double t, const Piece& piece) { return t < piece.begin; });
  return after == pieces_.begin() ? pieces_.front().at(time) : std::prev(after)->at(time);
}

std::optional<Profile::Crossing> Profile::next_step(double position, double after) const noexcept {
  for (const Piece& piece : pieces_) {
    const double end = piece.begin + piece.duration;
    if (end < after) continue;
    const double reached = &piece == &pieces_.back() ? rests_at_ : piece.at(end).position;
    const double moved = reached - position;
    if (std::abs(moved) < 0.5 + whole) continue;  // a piece that ends at an edge is not yet past it
    const double edge = position + 0.5 * sign(moved);
    double low = std::max(piece.begin, after);
    double high = end;
    for (int i = 0; i < 50; ++i) {
      const double middle = (low + high) / 2.0;
      ((piece.at(middle).position - edge) * moved < 0.0 ? low : high) = middle;
    }
    return Crossing{high, moved > 0.0 ? 1 : -1};
  }
  return std::nullopt;
}

void Profile::delay(double by) noexcept {
  for (Piece& piece : pieces_) piece.begin += by;
  end_ += by;
}

}  // namespace stepper
