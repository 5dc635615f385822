// SPDX-License-Identifier: BSD-3-Clause
#include "files/fits_header.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "files/fail.hpp"
#include "text.hpp"

namespace astro::files {
namespace {

/// The text between quotes at the start of a card's value; two quotes stand for one. Blanks at its
/// end do not count.
std::optional<std::string> quoted_text(std::string_view field) {
  std::string text;
  for (std::size_t i = 1; i < field.size(); ++i) {
    if (field[i] != '\'') {
      text += field[i];
    } else if (i + 1 < field.size() && field[i + 1] == '\'') {
      text += field[++i];
    } else {
      text.erase(std::min(text.find_last_not_of(' ') + 1, text.size()));
      return text;
    }
  }
  return std::nullopt;
}

/// Fortran's D is an exponent too.
std::optional<double> real_number(std::string_view field) {
  std::string text(field);
  std::replace(text.begin(), text.end(), 'D', 'E');
  return text::number(text);
}

/// Null for what is undefined or of a kind that nobody here asks for.
Value value_of(std::string_view field) {
  field = text::trimmed(field);
  if (!field.empty() && field.front() == '\'') {
    auto text = quoted_text(field);
    return text ? Value(std::move(*text)) : Value();
  }
  field = text::trimmed(field.substr(0, field.find('/')));
  if (field == "T") return true;
  if (field == "F") return false;
  const std::string_view digits = field.substr(!field.empty() && field.front() == '+' ? 1 : 0);
  std::int64_t whole = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), whole);
  if (!digits.empty() && error == std::errc() && end == digits.data() + digits.size()) return whole;
  const auto real = real_number(field);
  return real ? Value(*real) : Value();
}

bool is_layout(std::string_view name) {
  constexpr std::array exact{"SIMPLE", "BITPIX", "EXTEND", "XTENSION", "PCOUNT",  "GCOUNT", "TFIELDS",
                             "BSCALE", "BZERO",  "BLANK",  "CHECKSUM", "DATASUM", "THEAP",  "EXTNAME"};
  constexpr std::array starts{"NAXIS", "TTYPE", "TFORM", "TUNIT", "TDIM", "TSCAL", "TZERO", "TNULL", "TDISP"};
  return std::any_of(exact.begin(), exact.end(), [&](const char* each) { return name == each; }) ||
         std::any_of(starts.begin(), starts.end(), [&](const char* each) { return name.starts_with(each); });
}

/// A name of one long word and its field: "HIERARCH MP_NO_DATA = 8", the convention of ESO that CFITSIO writes, too.
std::pair<std::string_view, std::string_view> long_named(std::string_view card) {
  constexpr std::string_view start("HIERARCH ");
  const std::size_t equals = card.find('=');
  if (!card.starts_with(start) || equals == std::string_view::npos || equals < start.size()) return {};
  const std::string_view name = text::trimmed(card.substr(start.size(), equals - start.size()));
  constexpr std::string_view letters("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
  if (name.find_first_not_of(letters) != std::string_view::npos) return {};
  return {name, card.substr(equals + 1)};
}

}  // namespace

bool FitsHeader::add_card(std::string_view card, std::uint64_t at) {
  if (const auto [name, value] = long_named(card); !name.empty()) {
    cards_.try_emplace(std::string(name), Card{value_of(value), at});
    return true;
  }
  const std::string name(text::trimmed(card.substr(0, 8)));
  if (name == "END") return false;
  if (name == "CONTINUE" && !last_text_.empty()) {
    auto* text = cards_.find(last_text_)->second.value.get_if<std::string>();
    const Value more = value_of(card.substr(8));
    if (text->ends_with('&') && more.get_if<std::string>() != nullptr) {
      text->pop_back();
      text->append(more.as_text());
    }
    return true;
  }
  last_text_.clear();
  if (name.empty() || card.substr(8, 2) != "= ") return true;  // a comment
  const auto [entry, is_new] = cards_.try_emplace(name, Card{value_of(card.substr(10)), at});
  if (is_new && entry->second.value.get_if<std::string>() != nullptr) last_text_ = name;
  return true;
}

const Value* FitsHeader::find(std::string_view name) const {
  const auto found = cards_.find(name);
  return found == cards_.end() ? nullptr : &found->second.value;
}

void FitsHeader::refuse(std::string_view name, const std::string& expected) const {
  const auto found = cards_.find(name);
  if (found == cards_.end())
    fail(file_, "its header", "there is no card " + std::string(name) + ", expected " + expected);
  fail(file_, "card " + std::string(name) + " at byte " + std::to_string(found->second.at),
       "it is " + to_json(found->second.value) + ", expected " + expected);
}

std::string FitsHeader::text(std::string_view name) const {
  const Value* value = find(name);
  const auto* text = value == nullptr ? nullptr : value->get_if<std::string>();
  return text == nullptr ? std::string() : *text;
}

double FitsHeader::number(std::string_view name) const {
  const Value* value = find(name);
  const bool is_number =
      value != nullptr && (value->get_if<double>() != nullptr || value->get_if<std::int64_t>() != nullptr);
  if (!is_number || !std::isfinite(value->as_number())) refuse(name, "a number");
  return value->as_number();
}

double FitsHeader::number_or(std::string_view name, double otherwise) const {
  return has(name) ? number(name) : otherwise;
}

std::int64_t FitsHeader::integer(std::string_view name, std::int64_t least, std::int64_t most) const {
  const Value* value = find(name);
  const auto* whole = value == nullptr ? nullptr : value->get_if<std::int64_t>();
  if (whole == nullptr || *whole < least || *whole > most) {
    refuse(name, "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return *whole;
}

std::int64_t FitsHeader::integer_or(std::string_view name, std::int64_t least, std::int64_t most,
                                    std::int64_t otherwise) const {
  return has(name) ? integer(name, least, most) : otherwise;
}

Map FitsHeader::others() const {
  Map map;
  for (const auto& [name, card] : cards_) {
    if (!is_layout(name)) map.emplace_back(name, card.value);
  }
  return map;
}

}  // namespace astro::files
