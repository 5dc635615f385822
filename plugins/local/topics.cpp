// SPDX-License-Identifier: BSD-3-Clause
#include "topics.hpp"

#include <utility>

#include "astro/error.hpp"
#include "astro/topic.hpp"

namespace astro::local {

const Topics::Topic& Topics::find_or_add(std::string_view name) {
  if (const auto known = topics_.find(name); known != topics_.end()) return *known->second;
  if (const std::string complaint = complaint_about_topic(name); !complaint.empty()) {
    throw Error(ErrorCode::invalid_argument, "publishing to the topic \"" + std::string(name.substr(0, 80)) +
                                                 "\": " + complaint + "; expected levels between slashes");
  }
  auto topic = std::make_unique<const Topic>(Topic{std::string(name), static_cast<std::uint32_t>(topics_.size())});
  const std::string_view key = topic->name;
  return *topics_.emplace(key, std::move(topic)).first->second;
}

}  // namespace astro::local
