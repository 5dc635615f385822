// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>

#include "digital_kit/wake.hpp"

namespace gpio {

using digital::Monotonic;

/// What an output does over time: steady, blinking and dimmed are one thing, on for a part of each period.
struct Pattern {
  double part = 0.0;  ///< of the period that it is on: 0 off, 1 on
  Monotonic period = std::chrono::seconds(1);
  Monotonic begun{};

  bool is_on(Monotonic now) const noexcept;
  /// When that changes next; nothing: never.
  std::optional<Monotonic> next(Monotonic now) const noexcept;
};

/// A contact that bounces: it is what it has been for long enough.
class Debounce {
 public:
  Debounce(bool on, Monotonic settles_in) : on_(on), raw_(on), settles_in_(settles_in) {}

  void edge(bool on, Monotonic time) noexcept;
  /// When `settle` may have something to say; nothing: not before the next edge.
  std::optional<Monotonic> due() const noexcept;
  /// Whether it has changed for good; then `since` is when. `level`: what is read of it now.
  bool settle(bool level, Monotonic now) noexcept;

  bool on() const noexcept { return on_; }
  Monotonic since() const noexcept { return since_; }

 private:
  bool on_;
  bool raw_;
  Monotonic settles_in_;
  Monotonic raw_since_{};
  Monotonic since_{};
};

}  // namespace gpio
