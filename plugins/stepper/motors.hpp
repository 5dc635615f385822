// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <pthread.h>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "axis.hpp"
#include "digital_kit/line.hpp"
#include "digital_kit/wake.hpp"
#include "encoder.hpp"
#include "settings.hpp"

namespace stepper {

/// Whoever waits for it lends the holder its priority.
class PriorityMutex {
 public:
  PriorityMutex();
  ~PriorityMutex();
  PriorityMutex(const PriorityMutex&) = delete;
  PriorityMutex& operator=(const PriorityMutex&) = delete;
  void lock() noexcept { pthread_mutex_lock(&mutex_); }
  void unlock() noexcept { pthread_mutex_unlock(&mutex_); }

 private:
  pthread_mutex_t mutex_{};
};

/// Where the two axes are, in steps of the dish and of the gears' play.
struct Place {
  std::array<std::int64_t, 2> dish{};
  std::array<std::int64_t, 2> play{};
};

/// Where the motors are, by their steps.
struct Standing {
  Place place{};
  std::array<std::int64_t, 2> made{};  ///< steps since they are open, both ways
  bool moves = false;
  std::string fault{};  ///< why they stand; empty: they may move
};

/// The same, and what their lines tell.
struct Telling : Standing {
  bool emergency = false;
  std::array<std::array<bool, 3>, 2> switches{};   ///< lower, upper, home
  std::array<std::optional<double>, 2> differs{};  ///< encoder minus steps, in steps of the dish
  bool realtime = false;
};

/// How late steps were.
struct Lateness {
  std::int64_t steps = 0;
  double rms_s = 0.0;
  double max_s = 0.0;
  std::int64_t slips = 0;  ///< so late that the rest of the motion was put off
};

/// Two motors on their lines, stepped by a thread of their own. Functions may be called from any thread; none waits.
class Motors {
 public:
  /// Takes the lines and starts the thread. `log` hears what people should know.
  Motors(const Settings& settings, const Place& place, std::function<void(const std::string&)> log);
  ~Motors();  ///< lets go of the lines

  /// Halts them and ends the thread, whoever else may still look at them.
  void end() noexcept;

  double steps_per_degree(std::size_t axis) const noexcept { return axes_[axis].per_degree; }

  /// Throws `device_fault` when the emergency stop is pressed.
  void go(std::array<std::int64_t, 2> dish);
  /// Degrees per second, for so long of real time.
  void turn(std::array<double, 2> degrees_s, astro::Duration lifetime);
  void home();
  void stop() noexcept;
  /// Reads no line: it is known also of a chip that is gone.
  Standing standing();
  Telling tell();
  /// Since it was asked last.
  Lateness lateness();

  static Axis::Settings axis_settings(const AxisSettings& settings);
  static double steps_per_degree(const AxisSettings& settings);

 private:
  struct Driven {
    Driven(const AxisSettings& of, const Settings& all, std::int64_t dish, std::int64_t play);

    const AxisSettings* settings;
    double per_degree;
    Axis axis;
    digital::Line step;
    digital::Line direction;
    std::optional<digital::Line> low{};
    std::optional<digital::Line> high{};
    std::optional<digital::Line> home{};
    std::optional<digital::Line> encoder_a{};
    std::optional<digital::Line> encoder_b{};
    Quadrature encoder{};
    double encoder_zero = 0.0;  ///< dish when its count was zero, in steps
    std::optional<Homing> homing{};
    int pointed = 0;  ///< direction that the driver has been told
    std::int64_t made = 0;
  };

  double now() const noexcept;
  void check_allowed();
  void run();
  double turn_once();
  void look_at_emergency();
  void make_due_step(Driven& driven);
  void follow_homing(Driven& driven);
  void follow_encoder(Driven& driven);
  void pulse(Driven& driven, int direction);
  void halt(const std::string& why) noexcept;
  Standing stands() const;
  std::optional<double> difference(const Driven& driven) const;
  const char* name_of(const Driven& driven) const;

  const Settings settings_;
  const std::function<void(const std::string&)> log_;
  const digital::Monotonic zero_ = digital::monotonic();
  digital::Wake wake_;
  std::thread thread_;

  PriorityMutex mutex_;  ///< of what follows
  std::vector<Driven> axes_;
  std::optional<digital::Line> enable_;
  std::optional<digital::Line> emergency_stop_;
  bool emergency_ = false;
  std::string fault_;
  std::optional<double> rate_ends_;
  bool realtime_ = false;
  bool ending_ = false;
  Lateness late_;
  double squares_ = 0.0;
};

}  // namespace stepper
