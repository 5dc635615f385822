// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>
#include <string_view>

// Small things of text that several files of the core need.
namespace astro::text {

std::string_view trimmed(std::string_view text) noexcept;

/// The shortest text that reads back to the same double.
std::string of(double number);

/// In quotes, and cut short when it is long: for messages. Bytes that no terminal should see are '?'.
std::string quoted(std::string_view text);

/// A decimal number at the start of the text (a sign and an exponent are allowed; "inf", "nan" and
/// hexadecimal are not), with how many characters it took.
struct Leading {
  double value;
  std::size_t length;
};
std::optional<Leading> leading_number(std::string_view text) noexcept;

/// The whole text as such a number.
std::optional<double> number(std::string_view text) noexcept;

}  // namespace astro::text
