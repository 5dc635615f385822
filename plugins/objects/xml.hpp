// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace astro::objects {

/// The texts of all elements of this name. For answers of S3, whose elements of interest hold plain text.
inline std::vector<std::string> tags(std::string_view xml, const std::string& name) {
  std::vector<std::string> found;
  const std::string open = "<" + name + ">";
  const std::string close = "</" + name + ">";
  for (std::size_t at = xml.find(open); at != std::string_view::npos; at = xml.find(open, at)) {
    at += open.size();
    const std::size_t end = xml.find(close, at);
    if (end == std::string_view::npos) break;
    found.emplace_back(xml.substr(at, end - at));
    at = end;
  }
  return found;
}

/// The first one's, or empty.
inline std::string tag(std::string_view xml, const std::string& name) {
  const std::vector<std::string> found = tags(xml, name);
  return found.empty() ? "" : found.front();
}

}  // namespace astro::objects
