// SPDX-License-Identifier: BSD-3-Clause
#include "yaml_source.hpp"

#include <algorithm>

#include "utf8.hpp"

namespace astro::yaml {

namespace {

bool is_forbidden(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte == 0x7f || (byte < 0x20 && c != '\t' && c != '\n' && c != '\r');
}

// What follows the blanks of this line is something to read.
bool has_content(std::string_view text, std::size_t i) noexcept {
  i = text.find_first_not_of(" \t", i);
  return i != std::string_view::npos && text[i] != '\n' && text[i] != '\r' && text[i] != '#';
}

}  // namespace

std::optional<Trouble> trouble_of(std::string_view text) {
  if (text.size() > most_bytes) {
    return Trouble{{}, "the file has " + std::to_string(text.size()) + " bytes: expected at most 1 MiB"};
  }
  Place place;
  bool indenting = true;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8::length_at(text, i);
    if (length == 0) return Trouble{place, "this is not UTF-8: save the file in that encoding"};
    if (text[i] == '\0') return Trouble{place, "a byte of zero: expected text"};
    if (is_forbidden(text[i])) return Trouble{place, "a control character: expected text"};
    if (text[i] == '\t' && indenting && has_content(text, i)) {
      return Trouble{place, "a tab in the indentation: indent with spaces"};
    }
    if (text[i] != ' ' && text[i] != '\t') indenting = false;
    if (text[i] == '\n') ++place.line, place.column = 1, indenting = true;
    else ++place.column;
    i += length;
  }
  return std::nullopt;
}

bool is_unclosed_quote(std::string_view text) noexcept {
  if (text.empty() || (text[0] != '\'' && text[0] != '"')) return false;
  const char quote = text[0];
  for (std::size_t i = 1; i < text.size(); ++i) {
    const bool is_escaped_pair = quote == '"' ? text[i] == '\\' : text.substr(i, 2) == "''";
    if (is_escaped_pair) ++i;
    else if (text[i] == quote) return false;
  }
  return true;
}

Places::Places(std::string_view text) : text_(text), starts_{0} {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') starts_.push_back(i + 1);
  }
}

Place Places::at(int line, int byte) const noexcept {
  if (line < 0 || byte < 0) return {};
  if (static_cast<std::size_t>(line) >= starts_.size()) return {static_cast<int>(starts_.size()), 1};
  const std::string_view start = text_.substr(starts_[static_cast<std::size_t>(line)], static_cast<std::size_t>(byte));
  const auto characters = std::count_if(start.begin(), start.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;  // not the inside of a character
  });
  return {line + 1, static_cast<int>(characters) + 1};
}

std::string_view Places::from(int line, int byte) const noexcept {
  if (line < 0 || byte < 0 || static_cast<std::size_t>(line) >= starts_.size()) return {};
  const std::size_t offset = starts_[static_cast<std::size_t>(line)] + static_cast<std::size_t>(byte);
  return text_.substr(std::min(offset, text_.size()));
}

}  // namespace astro::yaml
