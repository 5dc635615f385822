// SPDX-License-Identifier: BSD-3-Clause
// A Yaesu GS-232B rotator on a serial line: a vendor's whole plugin. Copy this folder to begin yours.
#include <algorithm>
#include <astro/plugin.hpp>
#include <astro/serial_port.hpp>
#include <cmath>
#include <cstdio>

using namespace astro::literals;

class Gs232 final : public astro::Mount {
 public:
  struct Settings {
    std::string port;
    int baud = 9600;
  };

  explicit Gs232(Settings settings) : settings_(std::move(settings)) {}

  void open(astro::Emitter& host) override {
    clock_ = host.surroundings().clock;
    port_.open(settings_.port, settings_.baud);
    port_.urgent("S\r");  // it may still turn from before
  }
  void close() noexcept override {
    stop();
    port_.close();
  }
  void stop() noexcept override { port_.urgent("S\r"); }

  void move_to(astro::Axes target) override {
    char line[16];
    std::snprintf(line, sizeof line, "W%03ld %03ld\r", whole_degrees(target.first), whole_degrees(target.second));
    port_.write(line);
    changed_ = clock_->now();
  }

  astro::MountStatus status() override {
    const std::string answer = port_.ask("C2\r", "\r\n");  // AZ=180  EL=045
    int azimuth = 0;
    int elevation = 0;
    if (std::sscanf(answer.c_str(), "AZ=%d EL=%d", &azimuth, &elevation) != 2) {
      throw astro::Error(astro::ErrorCode::device_fault,
                         "reading the position: expected \"AZ=ddd EL=ddd\", got \"" + answer + "\"");
    }
    const astro::Axes position{astro::degrees(azimuth), astro::degrees(elevation)};
    const astro::Time now = clock_->now();
    if (position != last_) changed_ = now;
    last_ = position;
    // It reads whole degrees and turns a few of them a second: still within 2 s of a change.
    const bool moving = now - changed_ < std::chrono::seconds(2);
    return {.position = position, .state = moving ? astro::MountState::moving : astro::MountState::stopped};
  }

 private:
  static long whole_degrees(astro::Angle angle) { return std::lround(std::max(0.0, angle.degrees())); }

  Settings settings_;
  astro::SerialPort port_;  // serialises exchanges and lets urgent() jump ahead
  std::shared_ptr<astro::Clock> clock_;
  astro::Axes last_;
  astro::Time changed_{};
};

template <>
struct astro::Description<Gs232::Settings> {
  static constexpr std::array fields{
      field<&Gs232::Settings::port>("port", {.says = "serial device of the controller", .required = true}),
      field<&Gs232::Settings::baud>("baud", {.unit = "Bd", .min = 1200, .max = 115200, .says = "line speed"})};
};

ASTRO_PLUGIN(gs232, "1.0.0", registry) {
  registry.add<Gs232>(
      "gs232",
      {.geometry = astro::Geometry::alt_az, .first = {0_deg, 450_deg}, .second = {0_deg, 180_deg}, .accuracy = 1_deg},
      "Yaesu GS-232B rotator controller on a serial line");
}
