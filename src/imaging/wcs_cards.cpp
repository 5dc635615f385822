// SPDX-License-Identifier: BSD-3-Clause
#include "imaging/wcs_cards.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <optional>

#include "astro/error.hpp"
#include "text.hpp"

namespace astro::imaging {
namespace {

constexpr std::size_t card_bytes = 80;

[[noreturn]] void refuse_text(std::string_view card, const std::string& what) {
  throw Error(ErrorCode::invalid_file, "world coordinates: the card " + text::quoted(card) + ": " + what);
}

enum class CardKind { number, text, ignored, unsupported };

struct KnownCard {
  CardKind kind;
  std::string name;
};

bool is_card_digit(char c) { return c >= '0' && c <= '9'; }

/// A number of one or two digits at the start, which is taken off.
std::optional<int> take_index(std::string_view& name) {
  std::size_t digits = 0;
  while (digits < name.size() && digits < 2 && is_card_digit(name[digits])) ++digits;
  if (digits == 0) return std::nullopt;
  int value = 0;
  for (const char c : name.substr(0, digits)) value = 10 * value + (c - '0');
  name.remove_prefix(digits);
  return value;
}

/// CRPIX2, CTYPE1 ...
std::optional<KnownCard> of_axis(std::string_view name) {
  constexpr std::array stems{"CRPIX", "CRVAL", "CDELT", "CROTA", "CTYPE", "CUNIT"};
  for (const std::string_view stem : stems) {
    if (!name.starts_with(stem)) continue;
    std::string_view rest = name.substr(stem.size());
    const auto axis = take_index(rest);
    if (!axis || !rest.empty()) return std::nullopt;
    if (*axis < 1 || *axis > 2) return KnownCard{CardKind::ignored, {}};
    const bool is_text = stem == "CTYPE" || stem == "CUNIT";
    return KnownCard{is_text ? CardKind::text : CardKind::number, std::string(name)};
  }
  return std::nullopt;
}

/// CD1_2, PC2_2, PV2_1; PC001002 of old drafts.
std::optional<KnownCard> of_pair(std::string_view name) {
  if (name.size() == 8 && name.starts_with("PC00") && is_card_digit(name[4]) && name.substr(5, 2) == "00" &&
      is_card_digit(name[7])) {
    return of_pair(std::string("PC") + name[4] + '_' + name[7]);
  }
  const std::string_view stem = name.substr(0, 2);
  if (stem != "CD" && stem != "PC" && stem != "PV") return std::nullopt;
  std::string_view rest = name.substr(2);
  const auto first = take_index(rest);
  if (!first || !rest.starts_with('_')) return std::nullopt;
  rest.remove_prefix(1);
  const auto second = take_index(rest);
  if (!second || !rest.empty()) return std::nullopt;
  if (*first < 1 || *first > 2) return KnownCard{CardKind::ignored, {}};
  if (stem != "PV" && *second > 2) return KnownCard{CardKind::unsupported, std::string(name)};  // when it is not zero
  return KnownCard{CardKind::number, std::string(stem) + std::to_string(*first) + '_' + std::to_string(*second)};
}

/// A_ORDER, BP_1_2.
std::optional<KnownCard> of_sip(std::string_view name) {
  const std::size_t stem = name.starts_with("AP_") || name.starts_with("BP_") ? 3U : 2U;
  if (!name.starts_with("A_") && !name.starts_with("B_") && stem == 2) return std::nullopt;
  const std::string_view rest = name.substr(stem);
  if (rest == "DMAX") return KnownCard{CardKind::ignored, {}};
  const bool is_term = rest.size() == 3 && is_card_digit(rest[0]) && rest[1] == '_' && is_card_digit(rest[2]);
  if (rest != "ORDER" && !is_term) return std::nullopt;
  return KnownCard{CardKind::number, std::string(name)};
}

std::optional<KnownCard> known_card(std::string_view name) {
  if (auto found = of_axis(name)) return found;
  if (auto found = of_pair(name)) return found;
  if (auto found = of_sip(name)) return found;
  if (name == "LONPOLE" || name == "LATPOLE" || name == "EQUINOX" || name == "EPOCH") {
    return KnownCard{CardKind::number, std::string(name)};
  }
  if (name == "RADESYS" || name == "RADECSYS") return KnownCard{CardKind::text, "RADESYS"};
  for (const std::string_view table : {"CPDIS1", "CPDIS2", "CQDIS1", "CQDIS2", "D2IMDIS1", "D2IMDIS2"}) {
    if (name == table) return KnownCard{CardKind::unsupported, std::string(name)};
  }
  return std::nullopt;
}

/// What stands between the quotes, or before the comment.
std::string value_of(std::string_view card) {
  std::string_view field = text::trimmed(card.substr(10));
  if (!field.starts_with('\'')) return std::string(text::trimmed(field.substr(0, field.find('/'))));
  const std::size_t end = field.find('\'', 1);
  if (end == std::string_view::npos) refuse_text(card, "its text has no closing quote");
  return std::string(text::trimmed(field.substr(1, end - 1)));
}

std::optional<double> number_in(std::string value, std::string_view name) {
  if (name == "EQUINOX" && (value.starts_with('J') || value.starts_with('B'))) value.erase(0, 1);
  for (char& c : value) {
    if (c == 'D' || c == 'd') c = 'E';
  }
  if (value.starts_with('+')) value.erase(0, 1);
  const auto number = text::number(value);
  return number && std::isfinite(*number) ? number : std::nullopt;
}

void take_card(WcsCards& cards, std::string_view card, const KnownCard& known) {
  if (known.kind == CardKind::ignored) return;
  const std::string value = value_of(card);
  if (known.kind == CardKind::text) {
    constexpr std::size_t longest = 40;
    if (value.size() > longest) refuse_text(card, "expected a shorter text");
    cards[known.name] = value;
    return;
  }
  const auto number = number_in(value, known.name);
  if (known.kind == CardKind::unsupported) {
    if (number && *number == 0.0) return;
    refuse_text(card, "distortions by tables, and axes of the sky that depend on a third one, are not understood");
  }
  if (!number && known.name == "EPOCH") return;  // a date in many headers
  if (!number) refuse_text(card, "expected a number");
  cards[known.name] = *number;
}

/// The orders of SIP hold its terms, and CTYPE says that they are there.
void settle_sip(WcsCards& cards) {
  for (const std::string_view stem : {"A_", "B_", "AP_", "BP_"}) {
    const std::string order_card = std::string(stem) + "ORDER";
    const double order = number_or(cards, order_card, 0.0);
    if (order != std::floor(order) || order < 0.0 || order > 9.0) refuse_card(cards, order_card, "expected 0 to 9");
    for (auto card = cards.lower_bound(stem); card != cards.end() && card->first.starts_with(stem);) {
      const std::string_view term = std::string_view(card->first).substr(stem.size());
      const bool is_beyond = term != "ORDER" && (term[0] - '0') + (term[2] - '0') > static_cast<int>(order);
      card = is_beyond ? cards.erase(card) : std::next(card);
    }
  }
  const bool is_distorted = number_or(cards, "A_ORDER", 0.0) > 0.0 || number_or(cards, "B_ORDER", 0.0) > 0.0;
  if (is_distorted) {
    for (const char* order : {"A_ORDER", "B_ORDER"}) {
      if (!cards.contains(order)) cards[order] = 1.0;
    }
  } else {
    std::erase_if(cards, [](const auto& card) { return of_sip(card.first).has_value(); });
  }
  for (const char* name : {"CTYPE1", "CTYPE2"}) {
    std::string type = text_of(cards, name);
    if (type.ends_with("-SIP")) type.resize(type.size() - 4);
    cards[name] = is_distorted ? type + "-SIP" : type;
  }
  // SCAMP's polynomials beside those of SIP say the same thing twice.
  if (is_distorted) std::erase_if(cards, [](const auto& card) { return card.first.starts_with("PV"); });
}

/// SCAMP of old called its polynomials TAN; TAN itself has no parameters of the latitude.
void settle_scamp(WcsCards& cards) {
  const auto found = cards.lower_bound("PV");
  if (found == cards.end() || !found->first.starts_with("PV")) return;
  for (const char* name : {"CTYPE1", "CTYPE2"}) {
    if (!text_of(cards, name).ends_with("-TAN")) return;
  }
  const bool is_polynomial = std::any_of(found, cards.end(), [](const auto& card) {
    return card.first.starts_with("PV2_") || card.first.starts_with("PV1_0");
  });
  if (!is_polynomial) return;
  for (const char* name : {"CTYPE1", "CTYPE2"}) {
    std::string type = text_of(cards, name);
    cards[name] = type.replace(type.size() - 3, 3, "TPV");
  }
}

/// WCSLIB loses memory over a matrix without an inverse, and takes one within rounding of it.
void check_matrix(const WcsCards& cards) {
  const auto check = [&cards](const std::string& stem, double otherwise, double step_1, double step_2) {
    const auto element = [&](const char* name, double missing) { return number_or(cards, stem + name, missing); };
    const double first = step_1 * element("1_1", otherwise) * step_2 * element("2_2", otherwise);
    const double second = step_1 * element("1_2", 0.0) * step_2 * element("2_1", 0.0);
    if (std::abs(first - second) > 1e-12 * std::max(std::abs(first), std::abs(second))) return;
    for (const std::string& name :
         {stem + "1_1", stem + "2_2", stem + "1_2", stem + "2_1", std::string("CDELT1"), std::string("CDELT2")}) {
      if (cards.contains(name)) refuse_card(cards, name, "the matrix from pixels to the sky has no inverse");
    }
  };
  const auto is_given = [&cards](std::string_view stem) {
    const auto found = cards.lower_bound(stem);
    return found != cards.end() && found->first.starts_with(stem);
  };
  const bool has_cd = is_given("CD1_") || is_given("CD2_");
  if (has_cd) check("CD", 0.0, 1.0, 1.0);
  if (!has_cd || is_given("PC")) check("PC", 1.0, number_or(cards, "CDELT1", 1.0), number_or(cards, "CDELT2", 1.0));
}

void check_units(const WcsCards& cards) {
  constexpr std::array units{"", "deg", "degree", "degrees", "rad", "radian", "arcmin", "arcsec", "mas"};
  for (const char* name : {"CUNIT1", "CUNIT2"}) {
    std::string unit = text_of(cards, name);
    for (char& c : unit) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (std::find(units.begin(), units.end(), unit) == units.end())
      refuse_card(cards, name, "expected an angle's unit, like deg");
  }
}

}  // namespace

void refuse_card(const WcsCards& cards, std::string_view name, const std::string& what) {
  std::string said = std::string(name);
  const auto found = cards.find(name);
  if (found == cards.end()) said += " is missing";
  else if (const auto* number = std::get_if<double>(&found->second)) said += " = " + text::of(*number);
  else said += " = " + text::quoted(std::get<std::string>(found->second));
  throw Error(ErrorCode::invalid_file, "world coordinates: the card " + said + ": " + what);
}

double number_or(const WcsCards& cards, std::string_view name, double otherwise) {
  const auto found = cards.find(name);
  return found == cards.end() ? otherwise : std::get<double>(found->second);
}

std::string text_of(const WcsCards& cards, std::string_view name) {
  const auto found = cards.find(name);
  return found == cards.end() ? std::string() : std::get<std::string>(found->second);
}

WcsCards read_wcs_cards(std::string_view header) {
  WcsCards cards;
  for (std::size_t at = 0; at < header.size(); at += card_bytes) {
    const std::string_view card = header.substr(at, card_bytes);
    const std::string_view name = text::trimmed(card.substr(0, 8));
    if (name == "END") break;
    if (card.size() < 10 || card.substr(8, 2) != "= ") continue;
    const auto what = known_card(name);
    if (!what) continue;
    const bool is_printable = std::all_of(card.begin(), card.end(), [](char c) { return c >= ' ' && c <= '~'; });
    if (!is_printable) refuse_text(card, "expected printable characters");
    take_card(cards, card, *what);
  }
  for (const char* name : {"CTYPE1", "CTYPE2"}) {
    if (text_of(cards, name).empty()) {
      refuse_card(cards, name, "the header says nothing about the sky; expected one like 'RA---TAN'");
    }
  }
  check_matrix(cards);
  check_units(cards);
  settle_sip(cards);
  settle_scamp(cards);
  return cards;
}

std::string to_text(const WcsCards& cards) {
  std::string all;
  const auto put = [&all](std::string card) {
    card.resize(card_bytes, ' ');
    all += card;
  };
  put("WCSAXES =                    2");
  for (const auto& [name, value] : cards) {
    std::string card = name;
    card.resize(8, ' ');
    card += "= ";
    if (const auto* number = std::get_if<double>(&value)) {
      std::string digits = text::of(*number);
      for (char& c : digits) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      const bool is_order = name.ends_with("_ORDER");
      if (!is_order && digits.find_first_of(".E") == std::string::npos) digits += ".0";
      card += std::string(digits.size() < 20 ? 20 - digits.size() : 0, ' ') + digits;
    } else {
      std::string inside = std::get<std::string>(value);
      inside.resize(std::max<std::size_t>(inside.size(), 8), ' ');
      card += '\'' + inside + '\'';
    }
    put(std::move(card));
  }
  return all;
}

}  // namespace astro::imaging
