// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>

#include "astro/axes.hpp"
#include "astro/record.hpp"
#include "digital_kit/line.hpp"

namespace stepper {

/// A motor, what it turns, and what watches it.
struct AxisSettings {
  std::string step{};
  std::string direction{};
  bool reversed = false;
  std::int64_t steps_per_turn = 200;
  std::int64_t microsteps = 16;
  double gear = 1.0;
  astro::Angle from{};
  astro::Angle to{};
  astro::Angle speed = astro::degrees(2);
  astro::Angle acceleration = astro::degrees(2);
  astro::Angle jerk{};
  astro::Angle backlash{};
  std::string limit_low{};
  std::string limit_high{};
  std::string home{};
  astro::Angle home_at{};
  astro::Angle home_speed = astro::degrees(0.5);
  bool home_upwards = false;
  std::string encoder_a{};
  std::string encoder_b{};
  double encoder_counts = 0.0;
  astro::Angle stall_tolerance = astro::degrees(1);
};

struct Settings {
  astro::Geometry geometry = astro::Geometry::alt_az;
  AxisSettings first{};
  AxisSettings second{};
  std::string enable{};
  bool enable_active_low = true;
  std::string emergency_stop{};
  bool switches_active_low = true;
  digital::Bias switches_bias = digital::Bias::up;
  astro::Duration pulse = std::chrono::microseconds(5);
  astro::Duration turn_pause = std::chrono::microseconds(5);
  std::int64_t priority = 50;
  astro::Axes start{};
  std::optional<astro::Axes> park{};
};

}  // namespace stepper

template <>
struct astro::Description<stepper::AxisSettings> {
  using S = stepper::AxisSettings;
  static constexpr std::array fields{
      field<&S::step>("step", {.says = "line of the step input: GPIO17, or CHIP:NUMBER", .required = true}),
      field<&S::direction>("direction", {.says = "line of the direction input", .required = true}),
      field<&S::reversed>("reversed", {.says = "whether the motor turns the other way"}),
      field<&S::steps_per_turn>("steps_per_turn", {.min = 1, .max = 10000, .says = "whole steps of the motor's turn"}),
      field<&S::microsteps>("microsteps", {.min = 1, .max = 256, .says = "in a whole step, as the driver is set"}),
      field<&S::gear>("gear", {.min = 1e-3, .max = 1e6, .says = "turns of the motor for one of the axis"}),
      field<&S::from>("from", {.min = -720, .max = 720, .says = "reach of the axis"}),
      field<&S::to>("to", {.min = -720, .max = 720, .says = "its other end", .required = true}),
      field<&S::speed>("speed", {.min = 1e-4, .max = 360, .says = "fastest, per second"}),
      field<&S::acceleration>("acceleration", {.min = 1e-4, .max = 3600, .says = "per second, each second"}),
      field<&S::jerk>(
          "jerk",
          {.min = 0, .max = 36000, .says = "how fast the acceleration grows, per second cubed (S-curve); 0: at once"}),
      field<&S::backlash>("backlash", {.min = 0, .max = 10, .says = "play of the gears, taken up at each turn"}),
      field<&S::limit_low>("limit_low", {.says = "line of the switch at the lower end", .required = false}),
      field<&S::limit_high>("limit_high", {.says = "line of the switch at the upper end", .required = false}),
      field<&S::home>("home", {.says = "line of the switch that is the reference", .required = false}),
      field<&S::home_at>("home_at", {.says = "where the axis is when that switch closes"}),
      field<&S::home_speed>("home_speed", {.min = 1e-4, .max = 90, .says = "with which it is looked for, per second"}),
      field<&S::home_upwards>("home_upwards", {.says = "whether it is looked for upwards"}),
      field<&S::encoder_a>("encoder_a", {.says = "line of a quadrature encoder's channel A", .required = false}),
      field<&S::encoder_b>("encoder_b", {.says = "and of its channel B", .required = false}),
      field<&S::encoder_counts>("encoder_counts",
                                {.min = -1e8,
                                 .max = 1e8,
                                 .says = "edges of both channels in one turn of the axis; negative: it counts down"}),
      field<&S::stall_tolerance>("stall_tolerance",
                                 {.min = 1e-3, .max = 90, .says = "so far encoder and steps may differ"})};
};

template <>
struct astro::Description<stepper::Settings> {
  using S = stepper::Settings;
  static constexpr std::array fields{
      field<&S::geometry>("geometry", {.says = "which sky angles the axes follow"}),
      field<&S::first>("first", {.says = "the first axis", .required = true}),
      field<&S::second>("second", {.says = "the second axis", .required = true}),
      field<&S::enable>("enable", {.says = "line that powers the motors while the device is open", .required = false}),
      field<&S::enable_active_low>("enable_active_low", {.says = "whether its low voltage powers them"}),
      field<&S::emergency_stop>("emergency_stop", {.says = "line of the emergency stop's contact", .required = false}),
      field<&S::switches_active_low>(
          "switches_active_low",
          {.says = "whether switches and emergency stop pull to ground when they act; false: normally closed ones"}),
      field<&S::switches_bias>("switches_bias", {.says = "resistor of the chip for them"}),
      field<&S::pulse>("pulse", {.min = 1e-6, .max = 1e-3, .says = "how long a step's pulse is at least"}),
      field<&S::turn_pause>("turn_pause", {.min = 0, .max = 1e-3, .says = "from a new direction to its first step"}),
      field<&S::priority>("priority", {.min = 0, .max = 99, .says = "of the real-time thread (SCHED_FIFO); 0: none"}),
      field<&S::start>("start", {.says = "where it stands when that is not known from before"}),
      field<&S::park>("park", {.says = "where it parks; without it, it does not"})};
};
