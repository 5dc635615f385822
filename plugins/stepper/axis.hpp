// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>

#include "profile.hpp"

namespace stepper {

/// One axis as a motor's steps: where it goes, when the next step is due, and where the dish is behind the play of its
/// gears. It knows no clock and no lines. Times in seconds, from any zero.
class Axis {
 public:
  struct Settings {
    std::int64_t from = 0;  ///< reach of the dish, in steps, both included
    std::int64_t to = 0;
    Ramps ramps{};
    std::int64_t backlash = 0;  ///< steps that the motor makes after a turn before the dish follows
  };

  Axis(const Settings& settings, std::int64_t dish, std::int64_t play = 0);

  /// To a place of the dish, at most at the speed (steps/s); outside the reach: to its end.
  void go(std::int64_t dish, double speed, double now);
  /// So many steps of the motor, whatever the reach: to look for a reference.
  void go_free(std::int64_t steps, double speed, double now);
  void stop(double now);  ///< by the ramp
  void halt() noexcept;   ///< no step more
  /// Says where the dish is. It stands.
  void set(std::int64_t dish) noexcept;

  struct Step {
    double time = 0.0;
    int direction = 0;
  };
  std::optional<Step> next() const noexcept;
  void made(const Step& step) noexcept;
  /// The step was made so much later than it was due: the rest of the motion, too, if that is more than the motor's
  /// rotor takes for granted. True: it was.
  bool was_late(double by) noexcept;

  bool is_moving() const noexcept { return next().has_value(); }
  std::int64_t dish() const noexcept { return dish_; }
  std::int64_t play() const noexcept { return play_; }
  std::int64_t motor() const noexcept { return motor_; }
  double speed(double now) const noexcept { return profile_.at(now).speed; }

 private:
  struct Goal {
    std::int64_t dish = 0;
    double speed = 0.0;
  };
  void aim(std::int64_t motor, double speed, double now);

  Settings settings_;
  std::int64_t dish_ = 0;
  std::int64_t play_ = 0;   ///< of the gears: 0 when the motor last went down, `backlash` when it went up
  std::int64_t motor_ = 0;  ///< steps made, up minus down
  std::optional<Goal> goal_{};
  Profile profile_{};
  double last_ = 0.0;  ///< when the last step was due
};

/// Finds the reference of an axis: towards its switch, back off it, and slowly on to it again.
class Homing {
 public:
  enum class Want : std::uint8_t { nothing, seek, stop, back_off, creep, done, lost };

  /// What to do next. `pressed`: the switch; `stands`: the motion that was wanted last has ended.
  Want next(bool pressed, bool stands) noexcept;

 private:
  enum class Phase : std::uint8_t { begin, seeking, stopping, backing_off, creeping, ended };
  Phase phase_ = Phase::begin;
};

}  // namespace stepper
