// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "digital_kit/line.hpp"

/// \file
/// What differs between the versions of libgpiod. An int that is returned is an errno; 0: all went well.
namespace digital {

/// A chip as the kernel tells of it.
struct Chip {
  std::string path{};                ///< /dev/gpiochip0
  std::string label{};               ///< "pinctrl-bcm2711"
  std::vector<std::string> lines{};  ///< their names, empty where there is none
};

class Held {
 public:
  virtual ~Held() = default;
  virtual int set(bool on) = 0;
  virtual int get(bool& on) = 0;
  virtual int next_edge(std::optional<Edge>& edge) = 0;
  virtual int file() const noexcept = 0;
};

int read_chip(Chip& chip);
int hold(std::unique_ptr<Held>& held, const Chip& chip, unsigned number, const Use& use);

}  // namespace digital
