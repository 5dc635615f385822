// SPDX-License-Identifier: BSD-3-Clause
#include "topics.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <cctype>

#include "astro/error.hpp"
#include "astro/topic.hpp"

namespace astro::kafka {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t longest_name = 249;  // Kafka's own limit

/// The topics of the deployment that exists, with its names, retention and compression. Where somebody gave them more
/// partitions, data is spread by observation, which is its key. The key of a command is its own id, and by that one
/// device's commands would overtake each other.
std::vector<TopicRule> known_topics() {
  const auto rule = [](const char* pattern, const char* topic, Duration retention, Compression compression,
                       PartitionBy partition_by) {
    return TopicRule{pattern, topic, 1, retention, compression, partition_by};
  };
  const auto week = 24h * 7;
  return {
      rule("telescope/commands/#", "telescope.commands", week, Compression::snappy, PartitionBy::topic),
      rule("telescope/acknowledgments/#", "telescope.acknowledgments", week, Compression::snappy, PartitionBy::topic),
      rule("telescope/data.dlq/#", "telescope.data.dlq", 24h * 30, Compression::lz4, PartitionBy::key),
      rule("telescope/data/#", "telescope.data", 24h * 30, Compression::lz4, PartitionBy::key),
      rule("telescope/status/#", "telescope.status", 24h * 3, Compression::snappy, PartitionBy::key)};
}

bool is_legal(char c) noexcept {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-';
}

std::string legal(std::string_view level) {
  std::string name(level);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !is_legal(c); }, '_');
  return name;
}

std::string finished(std::string name) {
  if (name == "." || name == ".." || name.empty()) name = "_";
  return name.substr(0, longest_name);
}

std::string name_of_two_levels(std::string_view topic) {
  const std::size_t first = topic.find('/');
  if (first == std::string_view::npos) return finished(legal(topic));
  const std::size_t second = topic.find('/', first + 1);
  return finished(legal(topic.substr(0, first)) + "." + legal(topic.substr(first + 1, second - first - 1)));
}

std::vector<std::string_view> levels_of(std::string_view text) {
  std::vector<std::string_view> levels;
  for (std::size_t slash = text.find('/'); slash != std::string_view::npos; slash = text.find('/')) {
    levels.push_back(text.substr(0, slash));
    text.remove_prefix(slash + 1);
  }
  levels.push_back(text);
  return levels;
}

bool is_wild(std::string_view level) noexcept { return level == "+" || level == "#"; }

std::string glob_of(std::string_view level) { return is_wild(level) ? "*" : legal(level); }

}  // namespace

bool Selection::has(const std::string& kafka_topic) const {
  const auto is_it = [&](const TopicRule& rule) { return rule.topic == kafka_topic; };
  const auto matches = [&](const std::string& glob) { return ::fnmatch(glob.c_str(), kafka_topic.c_str(), 0) == 0; };
  return std::any_of(topics.begin(), topics.end(), is_it) || std::any_of(globs.begin(), globs.end(), matches);
}

std::string Selection::expression_of(const std::string& glob) {
  std::string expression = "^";
  for (const char c : glob)
    expression += c == '*' ? std::string(".*") : c == '.' ? std::string("\\.") : std::string(1, c);
  return expression + "$";
}

bool patterns_overlap(std::string_view one, std::string_view other) noexcept {
  while (true) {
    const std::size_t a = one.find('/');
    const std::size_t b = other.find('/');
    const std::string_view x = one.substr(0, a);
    const std::string_view y = other.substr(0, b);
    if (x == "#" || y == "#") return true;
    if (x != y && x != "+" && y != "+") return false;
    const bool x_ends = a == std::string_view::npos;
    const bool y_ends = b == std::string_view::npos;
    if (x_ends && y_ends) return true;
    if (x_ends) return other.substr(b + 1) == "#";  // a/# finds a itself, too
    if (y_ends) return one.substr(a + 1) == "#";
    one.remove_prefix(a + 1);
    other.remove_prefix(b + 1);
  }
}

bool pattern_covers(std::string_view wide, std::string_view narrow) noexcept {
  const auto w = levels_of(wide);
  const auto n = levels_of(narrow);
  for (std::size_t i = 0; i < w.size(); ++i) {
    if (w[i] == "#") return true;
    if (i >= n.size() || n[i] == "#") return false;
    if (w[i] != "+" && w[i] != n[i]) return false;
  }
  return w.size() == n.size();
}

TopicMap::TopicMap(const Settings& settings) : rules_(settings.topics) {
  for (const TopicRule& rule : rules_) {
    const std::string complaint = complaint_about_pattern(rule.pattern);
    if (!complaint.empty())
      throw Error(ErrorCode::invalid_argument, "reading the rule for \"" + rule.pattern + "\": " + complaint +
                                                   "; expected a pattern like telescope/data/#");
    if (rule.topic != finished(legal(rule.topic)))
      throw Error(ErrorCode::invalid_argument,
                  "reading the rule for \"" + rule.pattern + "\": \"" + rule.topic +
                      "\" is no name of a Kafka topic; expected letters, digits, . _ and -");
  }
  for (TopicRule& rule : known_topics()) rules_.push_back(std::move(rule));
  others_.partitions = settings.partitions;
  others_.retention = settings.retention;
  others_.compression = settings.compression;
  retained_.topic = settings.retained_topic;
  retained_.compression = settings.compression;
}

Place TopicMap::place_of(const std::string& topic) const {
  const auto rule =
      std::find_if(rules_.begin(), rules_.end(), [&](const TopicRule& r) { return topic_matches(r.pattern, topic); });
  Place place{rule != rules_.end() ? *rule : others_, false};
  if (rule == rules_.end()) place.rule.topic = name_of_two_levels(topic);
  place.needs_header = topic_of(place.rule.topic) != topic;
  return place;
}

std::string TopicMap::topic_of(std::string_view kafka_topic) {
  std::string topic(kafka_topic);
  if (const std::size_t dot = topic.find('.'); dot != std::string::npos) topic[dot] = '/';
  return topic;
}

Selection TopicMap::selection_of(const std::string& pattern) const {
  Selection selection;
  const auto add = [&](TopicRule rule, const std::string& name) {
    rule.topic = name;
    if (!selection.has(name)) selection.topics.push_back(std::move(rule));
  };
  for (const TopicRule& rule : rules_) {
    if (patterns_overlap(rule.pattern, pattern)) add(rule, rule.topic);
    if (pattern_covers(rule.pattern, pattern)) return selection;
  }
  const auto levels = levels_of(pattern);
  const std::string_view first = levels[0];
  const std::string_view second = levels.size() > 1 ? levels[1] : std::string_view();
  if (first == "#" || (is_wild(first) && (levels.size() == 1 || second == "#"))) {
    selection.globs.push_back("*");
  } else if (levels.size() == 1 || second == "#") {
    add(others_, finished(legal(first)));
    if (levels.size() > 1) selection.globs.push_back(glob_of(first) + ".*");
  } else if (is_wild(first) || is_wild(second)) {
    selection.globs.push_back(glob_of(first) + "." + glob_of(second));
  } else {
    add(others_, name_of_two_levels(pattern));
  }
  return selection;
}

}  // namespace astro::kafka
