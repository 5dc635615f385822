// SPDX-License-Identifier: BSD-3-Clause
#include "files/header.hpp"

#include <cmath>

#include "files/fail.hpp"
#include "text.hpp"

namespace astro::files {
namespace {

/// Degrees from up to three parts between colons; nothing where one is no number or out of range.
std::optional<double> sexagesimal(std::string_view text) {
  const bool negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  double sum = 0.0;
  double unit = 1.0;
  for (int part = 0; part < 3; ++part, unit /= 60.0) {
    const std::size_t colon = text.find(':');
    const auto value = text::number(text.substr(0, colon));
    if (!value || *value < 0.0 || (part > 0 && *value >= 60.0)) return std::nullopt;
    sum += *value * unit;
    if (colon == std::string_view::npos) return negative ? -sum : sum;
    text.remove_prefix(colon + 1);
  }
  return std::nullopt;
}

}  // namespace

void Header::add_line(std::string_view line, std::size_t number) {
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) return;
  const std::string_view key = text::trimmed(line.substr(0, equals));
  if (key.empty()) return;
  entries_.try_emplace(std::string(key), Entry{std::string(text::trimmed(line.substr(equals + 1))), number});
}

const Header::Entry& Header::entry(std::string_view key) const {
  const auto found = entries_.find(key);
  if (found == entries_.end()) fail(file_, "its header", "there is no line \"" + std::string(key) + " = ...\"");
  return found->second;
}

void Header::refuse(std::string_view key, const std::string& expected) const {
  const Entry& found = entry(key);
  fail(file_, "line " + std::to_string(found.line),
       std::string(key) + " is " + text::quoted(found.value) + ", expected " + expected);
}

std::string Header::text(std::string_view key) const { return has(key) ? entry(key).value : std::string(); }

double Header::number(std::string_view key) const {
  const auto value = text::number(entry(key).value);
  if (!value || !std::isfinite(*value)) refuse(key, "a number");
  return *value;
}

double Header::number_or(std::string_view key, double otherwise) const { return has(key) ? number(key) : otherwise; }

double Header::number(std::string_view key, double least, double most) const {
  const double value = number(key);
  if (value < least || value > most) refuse(key, text::of(least) + " to " + text::of(most));
  return value;
}

std::size_t Header::count(std::string_view key, std::size_t most) const {
  const double value = number(key, 2.0, static_cast<double>(most));
  if (value != std::floor(value)) refuse(key, "a whole number");
  return static_cast<std::size_t>(value);
}

double Header::degrees(std::string_view key, double most) const {
  const auto value = sexagesimal(entry(key).value);
  if (!value || std::abs(*value) > most) {
    refuse(key, "an angle like -79:49:51.06, at most " + text::of(most) + " degrees");
  }
  return *value;
}

}  // namespace astro::files
