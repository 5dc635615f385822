// SPDX-License-Identifier: BSD-3-Clause
#include "astro/coordinates.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

#include "angle_text.hpp"
#include "astro/error.hpp"
#include "text.hpp"

namespace astro {

namespace {

constexpr std::string_view angle_examples = R"("10.5 deg", "0.3 rad", "12 arcmin", "1h30m" or "41d16m09s")";

struct AngleUnit {
  std::string_view name;
  double multiplier;  // to degrees
  double divisor;     // two of them, so that each conversion rounds once
};
constexpr std::array angle_units{AngleUnit{"deg", 1, 1},       AngleUnit{"\u00b0", 1, 1},  AngleUnit{"d", 1, 1},
                                 AngleUnit{"h", 15, 1},        AngleUnit{"arcmin", 1, 60}, AngleUnit{"'", 1, 60},
                                 AngleUnit{"arcsec", 1, 3600}, AngleUnit{"\"", 1, 3600},   AngleUnit{"mas", 1, 3.6e6}};

AngleText refused(std::string complaint) { return {0.0, false, std::move(complaint)}; }

/// "41d16m09.5s" and "0h42m44s": after the first letter, minutes and seconds are sixtieths of it,
/// and only the last number may have a fraction.
std::optional<double> read_sexagesimal(std::string_view text) noexcept {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative || (!text.empty() && text.front() == '+')) text.remove_prefix(1);
  double total = 0.0;
  double unit_divisor = 1.0;
  bool in_hours = false;
  constexpr std::array<std::string_view, 3> letters{"hd", "m'", "s\""};
  for (std::size_t part = 0; part < letters.size() && !text.empty(); ++part, unit_divisor *= 60.0) {
    if (text.front() == '+' || text.front() == '-') return std::nullopt;
    const auto found = text::leading_number(text);
    if (!found || found->length >= text.size()) return std::nullopt;
    const char letter = text[found->length];
    text.remove_prefix(found->length + 1);
    if (letters[part].find(letter) == std::string_view::npos) return std::nullopt;
    if (part == 0) in_hours = letter == 'h';
    else if (found->value >= 60.0) return std::nullopt;
    if (!text.empty() && found->value != std::floor(found->value)) return std::nullopt;
    total += found->value / unit_divisor;
  }
  if (!text.empty()) return std::nullopt;
  if (in_hours) total *= 15.0;
  return negative ? -total : total;
}

}  // namespace

AngleText read_angle(std::string_view text) {
  text = text::trimmed(text);
  const auto number = text::leading_number(text);
  if (!number)
    return refused("expected an angle such as " + std::string(angle_examples) + ", is " + text::quoted(text));
  const std::string_view unit = text::trimmed(text.substr(number->length));
  if (unit.empty()) {
    return refused("the unit is missing in " + text::quoted(text) + ": write \"" + std::string(text) + " deg\"");
  }
  if (unit == "rad") return {number->value, true, {}};
  for (const AngleUnit& known : angle_units) {
    if (known.name == unit) return {number->value * known.multiplier / known.divisor, false, {}};
  }
  if (const auto value = read_sexagesimal(text)) return {*value, false, {}};
  return refused("expected an angle such as " + std::string(angle_examples) + ", is " + text::quoted(text));
}

Angle parse_angle(std::string_view text) {
  const AngleText read = read_angle(text);
  if (!read.complaint.empty()) throw Error(ErrorCode::invalid_argument, "reading an angle: " + read.complaint);
  return read.angle();
}

namespace {

constexpr std::string_view target_examples =
    R"("icrs 10.684 41.269", "icrs 0h42m44s 41d16m", "galactic 120 0", "altaz 180 45", "sun" or "moon")";

[[noreturn]] void refuse_target(std::string_view text, const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "reading the target " + text::quoted(text) + ": " + why);
}

bool starts_number(char c) noexcept { return (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'; }

/// Blanks and commas separate; what does not start like a number is the unit of what came before.
std::vector<std::string> pieces_of(std::string_view text) {
  std::vector<std::string> pieces;
  constexpr std::string_view separators = " \t,";
  while (true) {
    const auto begin = text.find_first_not_of(separators);
    if (begin == std::string_view::npos) return pieces;
    text.remove_prefix(begin);
    const std::string_view piece = text.substr(0, text.find_first_of(separators));
    text.remove_prefix(piece.size());
    if (pieces.size() > 1 && !starts_number(piece.front())) pieces.back().append(piece);
    else pieces.emplace_back(piece);
  }
}

Angle read_coordinate(std::string_view target, const std::string& piece, std::string_view what, double lowest,
                      double highest) {
  AngleText read;
  if (const auto plain = text::number(piece)) read.value = *plain;
  else read = read_angle(piece);
  if (!read.complaint.empty()) refuse_target(target, std::string(what) + ": " + read.complaint);
  const double value = read.degrees_value();
  if (!(value >= lowest && value <= highest)) {
    refuse_target(target, std::string(what) + " must be " + text::of(lowest) + " to " + text::of(highest) +
                              " deg, is " + text::of(value) + " deg");
  }
  return read.angle();
}

std::string lower(std::string_view text) {
  std::string made(text);
  for (char& c : made) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return made;
}

/// Degrees in as few digits as read back to the same double; where no double of degrees does,
/// radians with their unit.
std::string exact_text(Angle angle) {
  std::array<char, 40> buffer;
  const double value = angle.degrees();
  for (const double candidate : {value, std::nextafter(value, HUGE_VAL), std::nextafter(value, -HUGE_VAL)}) {
    for (const int digits : {15, 16, 17}) {
      const auto end =
          std::to_chars(buffer.data(), buffer.data() + buffer.size(), candidate, std::chars_format::general, digits)
              .ptr;
      const std::string_view made(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
      const auto read = text::number(made);
      if (read && degrees(*read) == angle) return std::string(made);
    }
  }
  return text::of(angle.radians()) + " rad";
}

std::string pair_text(std::string_view frame, Angle first, Angle second) {
  return std::string(frame) + ' ' + exact_text(first) + ' ' + exact_text(second);
}

}  // namespace

Target parse_target(std::string_view text) {
  const auto pieces = pieces_of(text::trimmed(text));
  if (pieces.empty()) refuse_target(text, "it is empty; expected " + std::string(target_examples));
  const std::string frame = lower(pieces.front());
  if (frame == "sun" || frame == "moon") {
    if (pieces.size() > 1) refuse_target(text, "nothing may follow " + text::quoted(frame));
    return frame == "sun" ? Body::sun : Body::moon;
  }
  if (frame != "icrs" && frame != "galactic" && frame != "altaz") {
    refuse_target(text, "expected " + std::string(target_examples));
  }
  if (pieces.size() != 3)
    refuse_target(text, "expected two angles after " + text::quoted(frame) + ", as in " + std::string(target_examples));
  if (frame == "icrs") {
    return Icrs{read_coordinate(text, pieces[1], "right ascension", -360, 360),
                read_coordinate(text, pieces[2], "declination", -90, 90)};
  }
  if (frame == "galactic") {
    return Galactic{read_coordinate(text, pieces[1], "galactic longitude", -360, 360),
                    read_coordinate(text, pieces[2], "galactic latitude", -90, 90)};
  }
  return AltAz{read_coordinate(text, pieces[1], "azimuth", -360, 720),
               read_coordinate(text, pieces[2], "altitude", -90, 90)};
}

std::string to_string(const Target& target) {
  struct Writer {
    std::string operator()(const Icrs& at) const { return pair_text("icrs", at.ra, at.dec); }
    std::string operator()(const Galactic& at) const { return pair_text("galactic", at.l, at.b); }
    std::string operator()(const AltAz& at) const { return pair_text("altaz", at.azimuth, at.altitude); }
    std::string operator()(Body body) const { return body == Body::sun ? "sun" : "moon"; }
  };
  return std::visit(Writer{}, target);
}

Angle separation(Angle longitude_a, Angle latitude_a, Angle longitude_b, Angle latitude_b) noexcept {
  const double difference = longitude_b.radians() - longitude_a.radians();
  const double sin_a = std::sin(latitude_a.radians());
  const double cos_a = std::cos(latitude_a.radians());
  const double sin_b = std::sin(latitude_b.radians());
  const double cos_b = std::cos(latitude_b.radians());
  const double across = cos_b * std::sin(difference);
  const double along = cos_a * sin_b - sin_a * cos_b * std::cos(difference);
  const double scalar = sin_a * sin_b + cos_a * cos_b * std::cos(difference);
  return radians(std::atan2(std::hypot(across, along), scalar));
}

}  // namespace astro
