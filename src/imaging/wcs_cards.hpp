// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <variant>

namespace astro::imaging {

/// What a header says about the celestial coordinates of its first two axes, by the names of the cards: numbers and
/// texts, of standard form.
using WcsCards = std::map<std::string, std::variant<double, std::string>, std::less<>>;

/// Reads the cards that matter. What other programs are known to write differently is put right: numbers in quotes,
/// EQUINOX = 'J2000', D for an exponent, RADECSYS, PC001002, SIP without its suffix in CTYPE, TPV under
/// the name of TAN.
/// Throws `invalid_file`, naming the card.
WcsCards read_wcs_cards(std::string_view header);

/// As cards of 80 characters.
std::string to_text(const WcsCards& cards);

/// Throws `invalid_file`: "world coordinates: CARD = value: what".
[[noreturn]] void refuse_card(const WcsCards& cards, std::string_view name, const std::string& what);

double number_or(const WcsCards& cards, std::string_view name, double otherwise);
/// Empty when it is missing.
std::string text_of(const WcsCards& cards, std::string_view name);

}  // namespace astro::imaging
