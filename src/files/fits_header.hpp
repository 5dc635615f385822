// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "astro/value.hpp"

namespace astro::files {

/// The cards of one FITS header (FITS standard 4.0, section 4), each with the place it stands at.
/// What is asked for and is missing or not understood is `invalid_file`, naming file, card and byte.
class FitsHeader {
 public:
  static constexpr std::size_t card_bytes = 80;

  explicit FitsHeader(std::filesystem::path file) : file_(std::move(file)) {}

  /// Takes a card of 80 bytes; false for END. A long text goes on in CONTINUE cards.
  bool add_card(std::string_view card, std::uint64_t at);

  bool has(std::string_view name) const { return cards_.find(name) != cards_.end(); }
  const Value* find(std::string_view name) const;
  /// Empty when it is missing or no text.
  std::string text(std::string_view name) const;
  double number_or(std::string_view name, double otherwise) const;
  double number(std::string_view name) const;
  std::int64_t integer(std::string_view name, std::int64_t least, std::int64_t most) const;
  std::int64_t integer_or(std::string_view name, std::int64_t least, std::int64_t most, std::int64_t otherwise) const;
  [[noreturn]] void refuse(std::string_view name, const std::string& expected) const;

  /// All of them as a map, without those that say how the data are laid out.
  Map others() const;

 private:
  struct Card {
    Value value;
    std::uint64_t at;
  };

  std::filesystem::path file_;
  std::map<std::string, Card, std::less<>> cards_;
  std::string last_text_;  ///< name of the text that a CONTINUE card would go on with
};

}  // namespace astro::files
