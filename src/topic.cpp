// SPDX-License-Identifier: BSD-3-Clause
#include "astro/topic.hpp"

#include <cstddef>

namespace astro {

namespace {

constexpr std::size_t longest = 65535;  // as MQTT counts the length of a text in 16 bits

std::string complaint_about_both(std::string_view text) {
  if (text.empty()) return "it is empty";
  if (text.size() > longest) return "it has more than 65535 bytes";
  if (text.find('\0') != std::string_view::npos) return "it has a zero byte";
  return {};
}

/// Cuts the first level off; whether there was a slash after it.
bool take_level(std::string_view& rest, std::string_view& level) noexcept {
  const std::size_t slash = rest.find('/');
  level = rest.substr(0, slash);
  rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  return slash != std::string_view::npos;
}

}  // namespace

std::string complaint_about_topic(std::string_view topic) {
  if (topic.find_first_of("+#") != std::string_view::npos)
    return "it has a wildcard (+ or #), which only patterns have";
  return complaint_about_both(topic);
}

std::string complaint_about_pattern(std::string_view pattern) {
  std::string_view rest = pattern;
  std::string_view level;
  for (bool more = true; more;) {
    more = take_level(rest, level);
    if (level.size() > 1 && level.find_first_of("+#") != std::string_view::npos) {
      return "a wildcard (+ or #) stands for a whole level between slashes";
    }
    if (level == "#" && more) return "# can only be the last level";
  }
  return complaint_about_both(pattern);
}

bool topic_matches(std::string_view pattern, std::string_view topic) noexcept {
  // What begins with $ is the transport's own and is not found by a wildcard (4.7.2).
  if (topic.starts_with('$') && (pattern.starts_with('+') || pattern.starts_with('#'))) return false;
  std::string_view wanted;
  std::string_view level;
  while (true) {
    const bool pattern_goes_on = take_level(pattern, wanted);
    if (wanted == "#") return true;
    const bool topic_goes_on = take_level(topic, level);
    if (wanted != "+" && wanted != level) return false;
    if (!topic_goes_on) return !pattern_goes_on || pattern == "#";  // a/# finds a itself, too
    if (!pattern_goes_on) return false;
  }
}

}  // namespace astro
