// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "astro/site.hpp"

// A YAML document as a tree that remembers where everything stood: what yaml-cpp reads, with bounds.
namespace astro::yaml {

struct Place {
  int line = 1;    ///< from 1
  int column = 1;  ///< from 1, in characters
};

struct Node;
using NodePtr = std::shared_ptr<const Node>;

struct Entry {
  std::string key;
  Place place;
  NodePtr value;
};

struct Node {
  enum class Kind { null, scalar, list, map };

  Kind kind = Kind::null;
  Place place{};
  bool plain = false;  ///< of a scalar: without quotes, so that it may be a number
  std::string text{};  ///< of a scalar, as it stands in the file
  std::vector<NodePtr> list{};
  std::vector<Entry> map{};  ///< keys in their order, each once
  std::size_t weight = 1;    ///< nodes in it, aliases followed

  const Entry* find(std::string_view key) const noexcept;
};

/// "a map", "a list", "a text", "nothing": for messages.
std::string_view describe(const Node& node) noexcept;

constexpr std::size_t most_bytes = 1u << 20;
constexpr std::size_t deepest = 32;
constexpr std::size_t most_nodes = 100000;

/// Reads one document. What is wrong is added to `problems`; null when no tree could be made.
/// Duplicate keys keep their first value, so that the rest of the file is read too.
NodePtr parse(std::string_view text, const std::string& file, std::vector<Problem>& problems);

}  // namespace astro::yaml
