// SPDX-License-Identifier: BSD-3-Clause
#include "mount.hpp"

#include <algorithm>
#include <cstdlib>
#include <thread>

namespace wrong {

using namespace astro::literals;
using namespace std::chrono_literals;

namespace {

constexpr astro::Axes park_position{100_deg, 60_deg};
constexpr double speed_deg_s = 20.0;

}  // namespace

astro::MountDescription Mount::description() {
  return {.geometry = astro::Geometry::alt_az,
          .first = {0_deg, 360_deg},
          .second = {0_deg, 90_deg},
          .fastest = {astro::degrees(speed_deg_s), astro::degrees(speed_deg_s)},
          .parks_at = park_position,
          .accuracy = 0.1_deg,
          .rates = true,
          .parks = true,
          .poll_every = 50ms,
          .hook_bound = 150ms,
          .open_bound = 250ms};
}

void Mount::open(astro::Emitter& host) {
  is_ready_ = false;
  {
    const std::lock_guard lock(mutex_);
    clock_ = host.surroundings().clock;
  }
  freeze();
  open_faulty();
  std::this_thread::sleep_for(5ms);  // the time of day of a real one
  if (is("opens moving")) go_to(park_position);
  is_ready_ = true;
  host.describe(description());
}

void Mount::close() noexcept {
  if (!is("close goes on")) freeze();
  close_faulty();
}

void Mount::stop() noexcept {
  if (is("stop does not bear open") && !is_ready_) std::abort();
  if (is("stop waits")) std::this_thread::sleep_for(300ms);
  if (!is("stop does nothing")) freeze();
}

void Mount::freeze() noexcept {
  const std::lock_guard lock(mutex_);
  const astro::Axes here = position();
  start_ = target_ = here;
  is_rate_ = is_parking_ = false;
}

void Mount::go_to(astro::Axes target) {
  const std::lock_guard lock(mutex_);
  start_ = position();
  target_ = target;
  started_ = clock_->now();
  is_rate_ = is_parking_ = false;
}

void Mount::move_to(astro::Axes target) {
  if (is("ignores a new target") && status().state == astro::MountState::moving) return;
  go_to(target);
}

void Mount::move_rate(astro::AxisRates rates, astro::Duration lifetime) {
  const std::lock_guard lock(mutex_);
  if (is("a rate is not kept alive") && is_rate_ && clock_->now() < started_ + lifetime_) return;
  start_ = position();
  started_ = clock_->now();
  rates_ = rates;
  if (is("turns the wrong way")) rates_ = {-rates.first, rates.second};
  lifetime_ = is("a rate does not die") ? astro::Duration(1h) : lifetime;
  is_rate_ = true;
  is_parking_ = false;
}

void Mount::park() {
  go_to(is("parks elsewhere") ? astro::Axes{105_deg, 60_deg} : park_position);
  is_parking_ = true;
}

void Mount::home() {
  if (!is("is silent about what it cannot do")) astro::Mount::home();
}

astro::MountStatus Mount::status() {
  if (is("throws an int")) throw 42;  // NOLINT
  if (is("status takes too long")) std::this_thread::sleep_for(250ms);
  while (is("hangs")) std::this_thread::sleep_for(1s);
  const std::lock_guard lock(mutex_);
  const astro::Axes here = position();
  const bool moving = is_rate_ ? clock_->now() < started_ + lifetime_ : here != target_;
  const auto still = is_parking_ && !moving ? astro::MountState::parked : astro::MountState::stopped;
  const bool says_so = moving && !is("does not say that it moves");
  const astro::Time stamp = clock_->now() + (is("lives in another time zone") ? 1h : 0h);
  return {.position = here, .state = says_so ? astro::MountState::moving : still, .time = stamp};
}

/// With the mutex held.
astro::Axes Mount::position() const {
  if (!clock_) return start_;
  const astro::Duration since = clock_->now() - started_;
  if (is_rate_) {
    const double t = astro::seconds(std::min(since, lifetime_));
    const astro::Axes free{start_.first + rates_.first * t, start_.second + rates_.second * t};
    if (is("passes its reach")) return free;
    return {std::clamp(free.first, 0_deg, 360_deg), std::clamp(free.second, 0_deg, 90_deg)};
  }
  const astro::Angle reach = astro::degrees(speed_deg_s * astro::seconds(since));
  const auto turned = [&](astro::Angle from, astro::Angle to) {
    return to > from ? std::min(to, from + reach) : std::max(to, from - reach);
  };
  return {turned(start_.first, target_.first), turned(start_.second, target_.second)};
}

}  // namespace wrong
