// SPDX-License-Identifier: BSD-3-Clause
#include "text.hpp"

#include <array>
#include <charconv>

namespace astro::text {

namespace {
constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
}  // namespace

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string of(double number) {
  std::array<char, 32> buffer;
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
  return {buffer.data(), result.ptr};
}

std::string quoted(std::string_view text) {
  constexpr std::size_t longest = 60;
  std::string shown = "\"";
  for (const char c : text.substr(0, longest)) shown += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  if (text.size() > longest) {
    // A cut inside a character of several bytes would leave broken UTF-8.
    while (shown.size() > 1 && (static_cast<unsigned char>(shown.back()) & 0xc0U) == 0x80U) shown.pop_back();
    if (static_cast<unsigned char>(shown.back()) >= 0xc0U) shown.pop_back();
    shown += "...";
  }
  return shown + '"';
}

std::optional<Leading> leading_number(std::string_view text) noexcept {
  std::size_t sign = 0;
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) sign = 1;
  const std::string_view digits = text.substr(sign);
  const bool starts =
      !digits.empty() && (is_digit(digits[0]) || (digits[0] == '.' && digits.size() > 1 && is_digit(digits[1])));
  if (!starts) return std::nullopt;
  Leading found{0.0, 0};
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), found.value);
  if (result.ec != std::errc()) return std::nullopt;
  if (sign == 1 && text.front() == '-') found.value = -found.value;
  found.length = sign + static_cast<std::size_t>(result.ptr - digits.data());
  return found;
}

std::optional<double> number(std::string_view text) noexcept {
  const auto found = leading_number(text);
  if (!found || found->length != text.size()) return std::nullopt;
  return found->value;
}

}  // namespace astro::text
