// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace astro {

/// A character that stands in a JSON text as it is, and is one byte of UTF-8.
constexpr bool is_plain_in_json(unsigned char c) noexcept { return c >= 0x20 && c < 0x80 && c != '"' && c != '\\'; }

/// Where the first character that is not plain stands from `at` on, or the end. Eight at once: of a byte that is not
/// plain the highest bit comes out set, and borrows reach only bytes behind the first such one.
inline std::size_t end_of_plain(std::string_view text, std::size_t at) noexcept {
  constexpr std::uint64_t each = 0x0101010101010101;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, text.data() + at, 8);
    const std::uint64_t quote = eight ^ each * '"';
    const std::uint64_t backslash = eight ^ each * '\\';
    const std::uint64_t below = eight - each * 0x20;
    const std::uint64_t found = (eight | below | (quote - each) | (backslash - each)) & each * 0x80;
    if (found != 0) return at + static_cast<std::size_t>(std::countr_zero(found)) / 8;
  }
  while (at < text.size() && is_plain_in_json(static_cast<unsigned char>(text[at]))) ++at;
  return at;
}

}  // namespace astro
