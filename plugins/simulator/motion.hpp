// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>
#include <deque>

#include "astro/mount.hpp"

namespace simulator {

/// What drives an axis. Angles in radians, times in seconds.
struct AxisLimits {
  double from = 0.0;
  double to = 0.0;
  double max_speed = 0.1;
  double acceleration = 0.1;
  double backlash = 0.0;
};

/// A stretch of constant acceleration, from `start` until the next one.
struct MotionPiece {
  double start = 0.0;
  double position = 0.0;
  double speed = 0.0;
  double acceleration = 0.0;
  double dish = 0.0;
};

/// All of an axis, as it is kept for another process.
struct AxisState {
  AxisLimits limits{};
  double end = 0.0;
  std::uint32_t count = 0;
  std::array<MotionPiece, 512> pieces{};
};

/// One axis with inertia: it accelerates, cruises and brakes (a trapezoid of speed), and any
/// instant of its motion is exact. The motor is what the encoder reads; the dish behind the gear
/// lags by up to half the backlash on either side.
class Axis {
 public:
  Axis() = default;
  Axis(const AxisLimits& limits, double position);
  explicit Axis(const AxisState& state);
  /// Of its latest pieces.
  AxisState state() const noexcept;

  /// From `now` on, whatever it did before. Times never go back.
  void move_to(double target, double now);
  void move_rate(double rate, double lifetime, double now);
  void stop(double now);
  /// Cuts the power: it stands still at once.
  void freeze(double now);

  double motor(double time) const noexcept { return at(time).position; }
  double dish(double time) const noexcept;
  double speed(double time) const noexcept { return at(time).speed; }
  bool is_moving(double time) const noexcept { return time < end_; }

 private:
  using Piece = MotionPiece;
  struct Now {
    double position;
    double speed;
  };

  const Piece& piece(double time) const noexcept;
  Now at(double time) const noexcept;
  double lag(double dish, double motor) const noexcept;
  void cut(double now);
  void append(double acceleration, double duration);
  void plan(double target, double max_speed);

  AxisLimits limits_{};
  std::deque<Piece> pieces_{};
  double end_ = 0.0;  ///< when the last piece ends, in which nothing moves
};

}  // namespace simulator
