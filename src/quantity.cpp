// SPDX-License-Identifier: BSD-3-Clause
#include "quantity.hpp"

#include <array>
#include <cmath>
#include <optional>

#include "angle_text.hpp"
#include "text.hpp"

namespace astro {

namespace {

struct Prefix {
  std::string_view symbol;
  int exponent;
};
// The SI Brochure, 9th edition, table 7, as far as somebody would write it here.
constexpr std::array prefixes{Prefix{"", 0},   Prefix{"T", 12},      Prefix{"G", 9},       Prefix{"M", 6},
                              Prefix{"k", 3},  Prefix{"h", 2},       Prefix{"c", -2},      Prefix{"m", -3},
                              Prefix{"u", -6}, Prefix{"\u00b5", -6}, Prefix{"\u03bc", -6}, Prefix{"n", -9},
                              Prefix{"p", -12}};

struct TimeUnit {
  std::string_view name;
  double seconds;
};
constexpr std::array time_units{TimeUnit{"min", 60}, TimeUnit{"h", 3600}, TimeUnit{"d", 86400}};

bool takes_prefixes(std::string_view unit) noexcept {
  return unit == "Hz" || unit == "s" || unit == "m" || unit == "K" || unit == "Jy";
}

std::optional<int> exponent_of(std::string_view written, std::string_view unit) noexcept {
  if (written == unit) return 0;
  if (!takes_prefixes(unit) || !written.ends_with(unit)) return std::nullopt;
  written.remove_suffix(unit.size());
  for (const Prefix& prefix : prefixes) {
    if (prefix.symbol == written) return prefix.exponent;
  }
  return std::nullopt;
}

/// The number's text times ten to the exponent, rounded once: 1420.4 MHz is exactly 1420400000 Hz.
double shifted(std::string_view number, double value, int exponent) {
  if (exponent == 0) return value;
  const auto e = number.find_first_of("eE");
  const int own = e == std::string_view::npos ? 0 : static_cast<int>(text::number(number.substr(e + 1)).value_or(0.0));
  const std::string whole = std::string(number.substr(0, e)) + 'e' + std::to_string(own + exponent);
  return text::number(whole).value_or(HUGE_VAL);  // out of a double's range
}

std::string example(std::string_view unit) {
  if (unit == "Hz") return "\"1420.4 MHz\"";
  if (unit == "s") return "\"500 ms\"";
  if (unit == "m") return "\"2390 m\"";
  return "\"10 " + std::string(unit) + '"';
}

Quantity refused(std::string complaint) { return {0.0, std::move(complaint)}; }

}  // namespace

Quantity read_quantity(std::string_view text, std::string_view unit) {
  text = text::trimmed(text);
  if (unit == "deg") {
    AngleText angle = read_angle(text);
    return {angle.degrees_value(), std::move(angle.complaint)};
  }
  const auto number = text::leading_number(text);
  if (!number) {
    return refused("expected a number with a unit such as " + example(unit) + ", is " + text::quoted(text));
  }
  const std::string_view written = text::trimmed(text.substr(number->length));
  if (written.empty()) {
    return refused("the unit is missing in " + text::quoted(text) + ": expected for example " + example(unit));
  }
  if (const auto exponent = exponent_of(written, unit)) {
    return {shifted(text.substr(0, number->length), number->value, *exponent), {}};
  }
  if (unit == "s") {
    for (const TimeUnit& known : time_units) {
      if (known.name == written) return {number->value * known.seconds, {}};
    }
  }
  return refused("the unit " + text::quoted(written) + " cannot stand here: expected " + std::string(unit) +
                 ", for example " + example(unit));
}

}  // namespace astro
