// SPDX-License-Identifier: BSD-3-Clause
#include "astro/coordinates.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

#include "angle_text.hpp"
#include "astro/catalogue.hpp"
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
    R"("icrs 10.684 41.269", "icrs 0h42m44s 41d16m", "galactic 120 0", "altaz 180 45", "fk5 J1975 10.3 41.1", )"
    R"("hadec -15 40", "ephemeris TIME RA DEC; TIME RA DEC", "sun", "moon", a planet or a name such as "M31", "Cas A", "S8")";

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

namespace {

constexpr std::array<std::string_view, 9> body_names{"sun",     "moon",   "mercury", "venus",  "mars",
                                                     "jupiter", "saturn", "uranus",  "neptune"};

std::optional<Body> body_named(std::string_view name) noexcept {
  for (std::size_t i = 0; i < body_names.size(); ++i) {
    if (body_names[i] == name) return static_cast<Body>(i);
  }
  return std::nullopt;
}

/// The two angles after a frame's name, as its longitude and latitude.
struct FrameText {
  std::string_view frame;
  std::string_view longitude;
  std::string_view latitude;
  double lowest;
  double highest;
};
constexpr std::array frames{FrameText{"icrs", "right ascension", "declination", -360, 360},
                            FrameText{"galactic", "galactic longitude", "galactic latitude", -360, 360},
                            FrameText{"altaz", "azimuth", "altitude", -360, 720},
                            FrameText{"fk5", "right ascension", "declination", -360, 360},
                            FrameText{"hadec", "hour angle", "declination", -360, 360}};

/// "J1975" or "J2000.0" after "fk5"; taken from the pieces.
double take_equinox(std::string_view text, std::vector<std::string>& pieces) {
  if (pieces.size() < 2 || starts_number(pieces[1].front())) return 2000.0;
  const std::string written = lower(pieces[1]);
  const auto year = written.front() == 'j' ? text::number(std::string_view(written).substr(1)) : std::nullopt;
  if (!year || *year < 1000.0 || *year > 3000.0) {
    refuse_target(text, "expected an equinox of 1000 to 3000 such as J2000, is " + text::quoted(pieces[1]));
  }
  pieces.erase(pieces.begin() + 1);
  return *year;
}

Target target_in_frame(std::string_view text, const FrameText& kind, std::vector<std::string> pieces) {
  const double equinox = kind.frame == "fk5" ? take_equinox(text, pieces) : 2000.0;
  if (pieces.size() != 3) {
    refuse_target(text,
                  "expected two angles after " + text::quoted(kind.frame) + ", as in " + std::string(target_examples));
  }
  const Angle longitude = read_coordinate(text, pieces[1], kind.longitude, kind.lowest, kind.highest);
  const Angle latitude = read_coordinate(text, pieces[2], kind.latitude, -90, 90);
  if (kind.frame == "icrs") return Icrs{longitude, latitude};
  if (kind.frame == "galactic") return Galactic{longitude, latitude};
  if (kind.frame == "altaz") return AltAz{longitude, latitude};
  if (kind.frame == "fk5") return Fk5{longitude, latitude, equinox};
  return HourAngleDec{longitude, latitude};
}

/// "ephemeris TIME RA DEC; TIME RA DEC": `list` is what follows the word.
Target ephemeris_of(std::string_view text, std::string_view list) {
  std::vector<Ephemeris::Point> points;
  while (!text::trimmed(list).empty()) {
    const std::string_view entry = list.substr(0, list.find(';'));
    list.remove_prefix(std::min(entry.size() + 1, list.size()));
    const auto pieces = pieces_of(entry);
    if (pieces.size() != 3) refuse_target(text, "expected TIME RA DEC, is " + text::quoted(text::trimmed(entry)));
    points.push_back({parse_time(pieces[0]), Icrs{read_coordinate(text, pieces[1], "right ascension", -360, 360),
                                                  read_coordinate(text, pieces[2], "declination", -90, 90)}});
  }
  return Ephemeris(std::move(points));
}

std::string ephemeris_text(const Ephemeris& ephemeris) {
  std::string made = "ephemeris";
  for (const Ephemeris::Point& point : ephemeris.points()) {
    if (made.size() > 9) made += ';';
    made +=
        ' ' + format_time(point.time, 9) + ' ' + exact_text(point.direction.ra) + ' ' + exact_text(point.direction.dec);
  }
  return made;
}

}  // namespace

std::string_view name_of(Body body) noexcept { return body_names[static_cast<std::size_t>(body)]; }

Target parse_target(std::string_view text) {
  const auto pieces = pieces_of(text::trimmed(text));
  if (pieces.empty()) refuse_target(text, "it is empty; expected " + std::string(target_examples));
  const std::string frame = lower(pieces.front());
  if (const auto body = body_named(frame)) {
    if (pieces.size() > 1) refuse_target(text, "nothing may follow " + text::quoted(frame));
    return *body;
  }
  for (const FrameText& kind : frames) {
    if (kind.frame == frame) return target_in_frame(text, kind, pieces);
  }
  if (frame == "ephemeris") return ephemeris_of(text, text::trimmed(text).substr(frame.size()));
  if (const CatalogueEntry* entry = find_in_catalogue(text)) return entry->target();
  refuse_target(text, "it is no name of the catalogue; expected " + std::string(target_examples));
}

std::string to_string(const Target& target) {
  struct Writer {
    std::string operator()(const Icrs& at) const { return pair_text("icrs", at.ra, at.dec); }
    std::string operator()(const Galactic& at) const { return pair_text("galactic", at.l, at.b); }
    std::string operator()(const AltAz& at) const { return pair_text("altaz", at.azimuth, at.altitude); }
    std::string operator()(Body body) const { return std::string(name_of(body)); }
    std::string operator()(const Fk5& at) const {
      return pair_text(at.equinox == 2000.0 ? "fk5" : "fk5 J" + text::of(at.equinox), at.ra, at.dec);
    }
    std::string operator()(const HourAngleDec& at) const { return pair_text("hadec", at.hour_angle, at.dec); }
    std::string operator()(const Ephemeris& at) const { return ephemeris_text(at); }
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
