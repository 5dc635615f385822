// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <vector>

/// \file
/// How one axis moves, without a clock and without lines. Positions in motor steps, times in seconds.
namespace stepper {

struct Ramps {
  double speed = 0.0;         ///< steps/s, fastest
  double acceleration = 0.0;  ///< steps/s^2
  double jerk = 0.0;          ///< steps/s^3; 0: acceleration begins at once (trapezoid), else by degrees (S-curve)
};

struct State {
  double position = 0.0;
  double speed = 0.0;
  double acceleration = 0.0;
};

/// Pieces of constant jerk, one after the other, then rest. Neither speed nor acceleration goes past `Ramps`, but
/// where it began beyond them. The motion turns only at whole steps: a step forth is never followed at once by one
/// back.
class Profile {
 public:
  /// Rest.
  explicit Profile(double position = 0.0, double time = 0.0) noexcept : end_(time), rests_at_(position) {}

  /// From there to a whole step, at rest. What moves the other way, or too fast to stop before it, first comes to rest
  /// and then turns. The speed in `ramps` may be another than before.
  static Profile to(double target, const State& from, const Ramps& ramps, double time);
  /// Comes to rest at the first whole step that the ramps allow.
  static Profile stop(const State& from, const Ramps& ramps, double time);

  State at(double time) const noexcept;
  double end() const noexcept { return end_; }
  double rests_at() const noexcept { return rests_at_; }

  /// When it next passes `position + 0.5` upwards or `position - 0.5` downwards, and which: that is when a motor at
  /// this whole step makes its next.
  struct Crossing {
    double time = 0.0;
    int direction = 0;
  };
  std::optional<Crossing> next_step(double position, double after) const noexcept;

  /// All that has not happened happens so much later.
  void delay(double by) noexcept;

 private:
  struct Piece {
    double begin = 0.0;
    double duration = 0.0;
    State from{};
    double jerk = 0.0;

    State at(double time) const noexcept;
  };

  State last() const noexcept;
  void append(double jerk, double duration);
  void ramp_to(double speed, const Ramps& ramps);
  void forward_to(double target, const Ramps& ramps);
  void rest_at(double position) noexcept { rests_at_ = position; }

  std::vector<Piece> pieces_{};
  double end_ = 0.0;
  double rests_at_ = 0.0;
  State start_{};
};

}  // namespace stepper
