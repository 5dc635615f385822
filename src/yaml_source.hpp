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

/// Whether a text that begins with a quote goes on to its end without the other one.
bool is_unclosed_quote(std::string_view text) noexcept;

/// Turns offsets in bytes into lines and columns of characters.
class Places final {
 public:
  explicit Places(std::string_view text);
  /// `line` and `byte` from 0, as yaml-cpp counts.
  Place at(int line, int byte) const noexcept;
  /// The text from there on.
  std::string_view from(int line, int byte) const noexcept;

 private:
  std::string_view text_;
  std::vector<std::size_t> starts_;
};

}  // namespace astro::yaml
