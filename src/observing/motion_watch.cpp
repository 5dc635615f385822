// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <utility>

#include "observing/safety_guard.hpp"
#include "text.hpp"

namespace astro::detail {

namespace {

using Errand = GuardedReading::Errand;

double distance(const Axes& a, const Axes& b) {
  return std::max((a.first - b.first).abs().radians(), (a.second - b.second).abs().radians());
}

std::string shown(const Axes& axes) {
  const auto rounded = [](Angle angle) { return text::of(std::round(angle.degrees() * 100.0) / 100.0); };
  return rounded(axes.first) + ", " + rounded(axes.second) + " deg";
}

std::string shown(double radians_value) {
  return text::of(std::round(radians(radians_value).degrees() * 100.0) / 100.0);
}

}  // namespace

std::optional<Objection> MotionWatch::look(const MountDescription& mount, const GuardedReading& reading) {
  if (std::exchange(command_, reading.command) != reading.command) {
    mark_.reset();
    rests_at_.reset();
    away_since_.reset();
    arrived_ = false;
  }
  if (auto races = this->races(mount, reading)) return races;
  if (auto stalls = this->stalls(mount, reading)) return stalls;
  return strays(mount, reading);
}

std::optional<Objection> MotionWatch::races(const MountDescription& mount, const GuardedReading& reading) {
  if (section_.slew_limit <= Angle()) return std::nullopt;
  const double rate = std::max(reading.rates.first.abs(), reading.rates.second.abs()).radians();
  // Two readings are each as good as the mount's accuracy.
  const double grain = mount.accuracy.radians() / std::max(seconds(mount.poll_every), 1e-3);
  if (rate <= section_.slew_limit.radians() * 1.05 + grain) return std::nullopt;
  return Objection{.code = ErrorCode::device_fault,
                   .reason = "an axis turns by " + shown(rate) + " deg a second; the rules of this mount allow " +
                             text::of(section_.slew_limit.degrees())};
}

std::optional<Objection> MotionWatch::stalls(const MountDescription& mount, const GuardedReading& reading) {
  if (section_.stall_after <= Duration::zero()) return std::nullopt;
  if (!reading.under_way) {
    mark_.reset();
    return std::nullopt;
  }
  const double grain = mount.accuracy.radians() / 2;
  const bool goes_on = !mark_ || reading.time < mark_->time || mark_->goal != reading.goal ||
                       (reading.goal ? distance(reading.axes, *reading.goal) < nearest_ - grain
                                     : distance(reading.axes, mark_->axes) > grain);
  if (goes_on) {
    mark_ = reading;
    if (reading.goal) nearest_ = distance(reading.axes, *reading.goal);
    return std::nullopt;
  }
  if (reading.time - mark_->time < section_.stall_after) return std::nullopt;
  mark_.reset();
  return Objection{.code = ErrorCode::device_fault,
                   .reason = "the mount stalls: it is at " + shown(reading.axes) +
                             (reading.goal ? ", was sent to " + shown(*reading.goal) : ", was told to move") +
                             " and has not got ahead for " + text::of(seconds(section_.stall_after)) + " s"};
}

std::optional<Objection> MotionWatch::strays(const MountDescription& mount, const GuardedReading& reading) {
  if (section_.stray <= Angle()) return std::nullopt;
  if (reading.goal && !reading.under_way) arrived_ = true;
  std::optional<Axes> expected;
  if (reading.errand == Errand::none) {
    const bool rests = std::max(reading.rates.first.abs(), reading.rates.second.abs()) * 1.0 <= mount.accuracy;
    if (!rests_at_ && rests) rests_at_ = reading.axes;
    expected = rests_at_;
  } else if (reading.goal && arrived_) {
    expected = reading.goal;
  }
  if (!expected || distance(reading.axes, *expected) <= section_.stray.radians()) {
    away_since_.reset();
    return std::nullopt;
  }
  if (!away_since_ || reading.time < *away_since_) away_since_ = reading.time;
  if (reading.time - *away_since_ < section_.stray_after) return std::nullopt;
  away_since_.reset();
  rests_at_.reset();
  return Objection{.code = ErrorCode::device_fault,
                   .reason = "the mount strays: it should be at " + shown(*expected) + " and is " +
                             shown(distance(reading.axes, *expected)) + " deg from there"};
}

}  // namespace astro::detail
