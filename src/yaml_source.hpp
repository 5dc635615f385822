// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "yaml_tree.hpp"

namespace astro::yaml {

struct Trouble {
  Place place;
  std::string message;
};

/// What is wrong with a text before one looks at its YAML: its size, its characters, its tabs.
std::optional<Trouble> trouble_of(std::string_view text);

/// Turns offsets in bytes into lines and columns of characters.
class Places final {
 public:
  explicit Places(std::string_view text);
  /// `line` and `byte` from 0, as yaml-cpp counts.
  Place at(int line, int byte) const noexcept;

 private:
  std::string_view text_;
  std::vector<std::size_t> starts_;
};

}  // namespace astro::yaml
