// SPDX-License-Identifier: BSD-3-Clause
#include "files/lines.hpp"

#include <algorithm>
#include <cmath>

#include "files/fail.hpp"
#include "text.hpp"

namespace astro::files {

std::optional<std::string_view> Lines::next() {
  if (left_.empty()) return std::nullopt;
  ++number_;
  const std::size_t end = left_.find('\n');
  if (end == std::string_view::npos) fail("it breaks off without the end of a line; the file is truncated");
  const std::string_view line = text::trimmed(left_.substr(0, end));
  left_.remove_prefix(end + 1);
  return line;
}

void Lines::fail(const std::string& what) const { files::fail(file_, "line " + std::to_string(number_), what); }

bool numbers_of(std::string_view line, std::span<double> into) {
  for (double& value : into) {
    line = text::trimmed(line);
    const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
    const auto number = text::number(line.substr(0, end));
    if (!number || !std::isfinite(*number)) return false;
    value = *number;
    line.remove_prefix(end);
  }
  return text::trimmed(line).empty();
}

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  while (true) {
    const std::size_t comma = std::min(line.find(','), line.size());
    fields.push_back(text::trimmed(line.substr(0, comma)));
    if (comma == line.size()) return fields;
    line.remove_prefix(comma + 1);
  }
}

}  // namespace astro::files
