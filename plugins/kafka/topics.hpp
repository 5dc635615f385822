// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "settings.hpp"

/// \file
/// Topics are many and have levels; Kafka's are few and have none. A rule of the settings says where a
/// topic goes; without one it is `first.second` of its first two levels. What does not follow from the
/// Kafka topic's name alone travels in the header `astro-topic`.
namespace astro::kafka {

/// Where the messages of a topic go.
struct Place {
  TopicRule rule{};           ///< with the Kafka topic's name
  bool needs_header = false;  ///< the name does not tell the topic
};

/// The Kafka topics in which messages of a pattern may be; a filter has to look at each of them.
struct Selection {
  std::vector<TopicRule> topics{};
  std::vector<std::string> globs{};  ///< of names: * stands for anything

  bool has(const std::string& kafka_topic) const;
  static std::string expression_of(const std::string& glob);  ///< as librdkafka takes it
};

class TopicMap final {
 public:
  explicit TopicMap(const Settings& settings);

  Place place_of(const std::string& topic) const;
  /// What a message without a header is about.
  static std::string topic_of(std::string_view kafka_topic);
  Selection selection_of(const std::string& pattern) const;
  const TopicRule& rule_of_retained() const noexcept { return retained_; }

 private:
  std::vector<TopicRule> rules_;
  TopicRule others_;
  TopicRule retained_;
};

/// Whether some topic is in both patterns; whether each topic of the narrow one is in the wide one.
bool patterns_overlap(std::string_view one, std::string_view other) noexcept;
bool pattern_covers(std::string_view wide, std::string_view narrow) noexcept;

}  // namespace astro::kafka
