// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace handset {

/// Buttons as the kernel's gamepad specification names them (Documentation/input/gamepad.rst).
enum class Button : std::uint8_t { none, south, east, north, west, left_shoulder, right_shoulder, select, start };

/// A gamepad of the kernel's (evdev).
class Gamepad {
 public:
  /// `name`: as the kernel has it, or a device ("/dev/input/event3"), or "any". Throws `not_found` with what there is.
  explicit Gamepad(const std::string& name);
  ~Gamepad();
  Gamepad(const Gamepad&) = delete;
  Gamepad& operator=(const Gamepad&) = delete;

  int file() const noexcept { return file_; }
  const std::string& name() const noexcept { return name_; }

  struct Position {
    std::array<double, 2> stick{};  ///< -1 to 1, right and up are positive; with the cross
    std::uint32_t pressed = 0;      ///< bit for each Button
    bool is_pressed(Button button) const noexcept { return (pressed >> static_cast<unsigned>(button) & 1U) != 0; }
  };
  /// Calls `changed` with each position that there was since the last time, in order. False: it has vanished.
  bool read(const std::function<void(const Position&)>& changed);
  /// As it is now, asked of the kernel.
  Position ask();

 private:
  struct Range {
    double centre = 0.0;
    double half = 1.0;
    double dead = 0.0;
    double part(int value) const noexcept;
  };

  void look();
  Position position() const noexcept;

  int file_ = -1;
  std::string name_;
  std::array<Range, 4> ranges_{};
  std::array<int, 4> values_{};  ///< of the left stick and of the cross
  std::uint32_t pressed_ = 0;
  bool dropped_ = false;  ///< the kernel had no room: nothing is sure before its next report ends
};

}  // namespace handset
