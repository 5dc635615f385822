// SPDX-License-Identifier: BSD-3-Clause
#include "files/image_cards.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "astro/error.hpp"
#include "files/fail.hpp"
#include "text.hpp"

namespace astro::files {
namespace {

using imaging::Flag;
using imaging::Image;

/// The first of these cards that has a number within reason.
std::optional<double> first_number(const FitsHeader& header, std::initializer_list<const char*> names, double least,
                                   double most) {
  for (const char* name : names) {
    const Value* value = header.find(name);
    if (value == nullptr || (value->get_if<double>() == nullptr && value->get_if<std::int64_t>() == nullptr)) continue;
    if (value->as_number() >= least && value->as_number() <= most) return value->as_number();
  }
  return std::nullopt;
}

std::string first_text(const FitsHeader& header, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    std::string text(text::trimmed(header.text(name)));
    if (!text.empty()) return text;
  }
  return {};
}

std::string unit_name(const std::string& said) {
  std::string unit = said;
  std::transform(unit.begin(), unit.end(), unit.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const char* each : {"", "adu", "count", "counts", "dn"}) {
    if (unit == each) return "adu";
  }
  for (const char* each : {"electron", "electrons", "e-", "e"}) {
    if (unit == each) return "electron";
  }
  return said;
}

/// A card of a time; nothing when it makes no sense.
std::optional<Time> time_of_card(const FitsHeader& header, const char* name) {
  std::string text = header.text(name);
  if (text.empty()) return std::nullopt;
  if (text.find('T') == std::string::npos) {
    const std::string clock = first_text(header, {"TIME-OBS", "UT", "UTC-OBS", "UTC"});
    if (clock.empty()) return std::nullopt;  // a night is not a time
    text += "T" + clock;
  }
  try {
    const Time time = parse_time(text);
    if (is_plausible(time)) return time;
  } catch (const Error&) {  // what is no time is not known
  }
  return std::nullopt;
}

std::optional<Time> time_of_day_count(const FitsHeader& header, const char* name) {
  const auto days = first_number(header, {name}, 1.0, 120'000.0);  // to 2187
  return days ? std::optional(from_mjd(*days)) : std::nullopt;
}

std::optional<Time> mid_of(const FitsHeader& header, Duration exposure) {
  const std::string scale = header.text("TIMESYS");
  if (!scale.empty() && scale != "UTC") return std::nullopt;
  if (const auto time = time_of_card(header, "DATE-AVG")) return time;
  if (const auto time = time_of_day_count(header, "MJD-AVG")) return time;
  auto start = time_of_card(header, "DATE-OBS");
  if (!start) start = time_of_card(header, "DATE-BEG");
  if (!start) return std::nullopt;
  return *start + exposure / 2;
}

constexpr std::array<std::pair<const char*, Flag>, 6> our_bits{{{"BAD", Flag::bad},
                                                                {"SAT", Flag::saturated},
                                                                {"CR", Flag::cosmic_ray},
                                                                {"NO_DATA", Flag::no_data},
                                                                {"STREAK", Flag::trail},
                                                                {"USER", Flag::user}}};

}  // namespace

void read_cards(const FitsHeader& header, Image& image) {
  image.unit = unit_name(header.text("BUNIT"));
  // EGAIN is that of the electronics; some cameras write into GAIN what was set.
  image.gain = first_number(header, {"EGAIN", "GAIN"}, 1e-6, 1e6).value_or(image.gain);
  image.read_noise = first_number(header, {"RDNOISE", "READNOIS", "RON"}, 0.0, 1e6).value_or(image.read_noise);
  image.saturation = first_number(header, {"SATURATE", "SATLEVEL"}, 1e-30, 1e30).value_or(image.saturation);
  image.exposure =
      from_seconds(first_number(header, {"EXPTIME", "EXPOSURE", "XPOSURE"}, 0.0, most_recorded_s).value_or(0.0));
  image.filter = first_text(header, {"FILTER", "FILTNAM"});
  image.object = first_text(header, {"OBJECT"});
  image.mid = mid_of(header, image.exposure);
}

void write_cards(FitsWriter& fits, const Image& image) {
  fits.key("BUNIT", image.unit, "");
  fits.key("GAIN", image.gain, "electrons an adu");
  fits.key("RDNOISE", image.read_noise, "electrons, standard deviation");
  if (image.saturation > 0.0) fits.key("SATURATE", image.saturation, "this and more is saturated");
  fits.key("EXPTIME", seconds(image.exposure), "[s]");
  fits.key("FILTER", image.filter, "");
  fits.key("OBJECT", image.object, "");
  if (!image.mid) return;
  fits.key("TIMESYS", std::string("UTC"), "");
  fits.key("DATE-OBS", fits_time(*image.mid - image.exposure / 2), "start");
  fits.key("DATE-AVG", fits_time(*image.mid), "middle");
  fits.key("MJD-AVG", mjd(*image.mid), "[d] middle");
}

ImagePart part_of_image(const FitsHeader& header) {
  const std::string name = header.has("EXTNAME") ? header.text("EXTNAME") : header.text("EXTTYPE");
  if (name == "MASK") return ImagePart::mask;
  if (name == "DQ") return ImagePart::quality;
  if (name == "VARIANCE" || name == "VAR") return ImagePart::variance;
  if (name == "ERR") return ImagePart::deviation;
  if (name != "UNCERT") return ImagePart::none;
  const std::string kind = header.text("UTYPE");
  if (kind == "VarianceUncertainty") return ImagePart::variance;
  if (kind == "InverseVariance") return ImagePart::weight;
  return kind.empty() || kind == "StdDevUncertainty" ? ImagePart::deviation : ImagePart::none;
}

MaskBits::MaskBits(const FitsHeader& header, ImagePart part) {
  if (part == ImagePart::quality) {
    flags_[0] = bit(Flag::bad);
    flags_[1] = bit(Flag::saturated);
    flags_[2] = bit(Flag::cosmic_ray);
    return;
  }
  const Map cards = header.others();
  const bool is_named =
      std::any_of(cards.begin(), cards.end(), [](const auto& card) { return card.first.starts_with("MP_"); });
  if (!is_named) flags_.fill(bit(Flag::user));
  for (const auto& [name, flag] : our_bits) {  // of what has no names there are none
    const auto place = first_number(header, {(std::string("MP_") + name).c_str()}, 0.0, 63.0);
    if (place) flags_[static_cast<std::size_t>(*place)] |= bit(flag);
  }
}

std::uint16_t MaskBits::flags(std::uint64_t stored) const noexcept {
  std::uint16_t flags = 0;
  for (; stored != 0; stored &= stored - 1) flags |= flags_[static_cast<std::size_t>(std::countr_zero(stored))];
  return flags;
}

void write_mask_bits(FitsWriter& fits) {
  for (const auto& [name, flag] : our_bits) {
    fits.key((std::string("MP_") + name).c_str(), static_cast<long long>(std::countr_zero(bit(flag))), "bit");
  }
}

}  // namespace astro::files
