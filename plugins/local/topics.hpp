// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace astro::local {

/// The topics that were published to, numbered from zero, so that a subscription compares each of
/// them once. A name stays where it is as long as this lives.
class Topics final {
 public:
  struct Topic {
    std::string name;
    std::uint32_t number;
  };

  /// Throws `invalid_argument` for what is no topic.
  const Topic& find_or_add(std::string_view name);
  std::size_t size() const noexcept { return topics_.size(); }

 private:
  std::unordered_map<std::string_view, std::unique_ptr<const Topic>> topics_;
};

}  // namespace astro::local
