// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "astro/record.hpp"

/// \file
/// One line of a GPIO chip, held. Which version of libgpiod does it is a matter of line_v1.cpp and line_v2.cpp.
namespace digital {

/// A resistor of the chip on an input.
enum class Bias : std::uint8_t { as_is, off, up, down };

/// How a line is used. Values are logical: an active-low line that is on is at low voltage.
struct Use {
  bool output = false;
  bool active_low = false;
  Bias bias = Bias::as_is;
  bool edges = false;  ///< of an input: they are queued by the kernel, with their times
  bool first = false;  ///< value of an output when it is taken
};

struct Edge {
  bool on = false;
  std::chrono::nanoseconds time{};  ///< of CLOCK_MONOTONIC, from the kernel
};

class Held;

/// Held until it is destroyed; then the kernel may let an output float, or leave it: set it before.
/// Functions throw `device_fault` naming the line. Not safe for several threads at once.
class Line {
 public:
  /// `name`: "GPIO17", as the board names it, or "CHIP:NUMBER" with the chip's device or label: "gpiochip0:17",
  /// "pinctrl-bcm2711:17". Throws `not_found` with what there is, and `device_fault` when the line is in use.
  Line(const std::string& name, const Use& use);
  Line(Line&&) noexcept;
  Line& operator=(Line&&) noexcept;
  ~Line();

  void set(bool on);
  bool get();
  int file() const noexcept;        ///< readable when an edge waits
  std::optional<Edge> next_edge();  ///< never waits
  const std::string& name() const noexcept { return name_; }

 private:
  std::string name_;
  std::unique_ptr<Held> held_;
};

}  // namespace digital

template <>
struct astro::Description<digital::Bias> {
  static constexpr std::array choices{"as_is", "off", "up", "down"};
};
