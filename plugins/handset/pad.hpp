// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace handset {

/// What a button is for.
enum class Does : std::uint8_t { up, down, left, right, hold, faster, slower, stop, give_back };
inline constexpr std::size_t actions = 9;
enum class Source : std::uint8_t { gamepad, lines };

/// What the hand does: sticks and buttons in, where to and how fast out. It knows no clock and no device.
class Pad {
 public:
  /// With `needs_hold` nothing moves unless the button `hold` is pressed as well.
  Pad(std::size_t speeds, bool needs_hold) : speeds_(speeds), needs_hold_(needs_hold) {}

  /// True: it was pressed just now.
  bool button(Source source, Does does, bool pressed) noexcept;
  /// Of a stick, -1 to 1: right and up are positive.
  void stick(double first, double second) noexcept { stick_ = {first, second}; }
  /// All is let go: the source has vanished, or nobody knows.
  void release(Source source) noexcept;
  /// Nothing moves before all was let go once: what is pressed when it begins, or when it was stopped, is no wish.
  void wait_for_neutral() noexcept { waits_ = true; }

  std::size_t speed() const noexcept { return speed_; }
  struct Wish {
    bool steers = false;
    double first = 0.0;  ///< part of the speed
    double second = 0.0;
  };
  Wish wish() noexcept;

 private:
  bool is(Does does) const noexcept {
    const auto which = static_cast<std::size_t>(does);
    return pressed_[0][which] || pressed_[1][which];
  }

  std::size_t speeds_;
  bool needs_hold_;
  std::size_t speed_ = 0;
  std::array<std::array<bool, actions>, 2> pressed_{};  ///< by source
  std::array<double, 2> stick_{};
  bool waits_ = true;
};

}  // namespace handset
