// SPDX-License-Identifier: BSD-3-Clause
#include "astro/files/sigmf.hpp"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <string_view>

#include "astro/error.hpp"
#include "files/fail.hpp"
#include "files/iq_formats.hpp"
#include "files/sigmf_keys.hpp"
#include "text.hpp"

namespace astro::files {
namespace {

constexpr std::uintmax_t most_meta_bytes = 64U << 20;

/// A map of the file, with where it stands: what is asked for and of another kind is refused.
class Object {
 public:
  Object(const std::filesystem::path& file, const Value& value, std::string place)
      : file_(file), value_(value), place_(std::move(place)) {
    if (value.get_if<Map>() == nullptr) refuse("it is " + std::string(type_name(value)) + ", expected a map");
  }

  const Value* find(std::string_view key) const { return value_.find(key); }

  std::string text(std::string_view key) const {
    const Value* found = find(key);
    if (found == nullptr) return {};
    if (found->get_if<std::string>() == nullptr) refuse_key(key, *found, "text");
    return found->as_text();
  }

  std::optional<double> number(std::string_view key) const {
    const Value* found = find(key);
    if (found == nullptr) return std::nullopt;
    const bool is_number = found->get_if<double>() != nullptr || found->get_if<std::int64_t>() != nullptr;
    if (!is_number || !std::isfinite(found->as_number())) refuse_key(key, *found, "a number");
    return found->as_number();
  }

  double positive_or_zero(std::string_view key) const {
    const double value = number(key).value_or(0.0);
    if (value < 0.0) refuse(std::string(key) + " is " + text::of(value) + ", expected no negative number");
    return value;
  }

  std::optional<std::uint64_t> count(std::string_view key) const {
    const Value* found = find(key);
    if (found == nullptr) return std::nullopt;
    const auto* whole = found->get_if<std::int64_t>();
    if (whole == nullptr || *whole < 0) refuse_key(key, *found, "a whole number of samples");
    return static_cast<std::uint64_t>(*whole);
  }

  std::optional<Time> time(std::string_view key) const {
    if (find(key) == nullptr) return std::nullopt;
    const std::string value = text(key);
    try {
      return parse_time(value);
    } catch (const Error&) {
      refuse(std::string(key) + " is " + text::quoted(value) + ", expected a time like 2024-05-01T12:00:00Z");
    }
  }

  /// What is under no key that is understood.
  Value without(std::initializer_list<std::string_view> keys) const {
    Map others;
    for (const auto& [key, value] : value_.as_map()) {
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) others.emplace_back(key, value);
    }
    return others.empty() ? Value() : Value(std::move(others));
  }

  [[noreturn]] void refuse(const std::string& what) const { fail(file_, place_, what); }

 private:
  [[noreturn]] void refuse_key(std::string_view key, const Value& found, const std::string& expected) const {
    refuse(std::string(key) + " is " + std::string(type_name(found)) + ", expected " + expected);
  }

  const std::filesystem::path& file_;
  const Value& value_;
  std::string place_;
};

/// Reads the metadata (SigMF specification 1.0, "Global", "Captures" and "Annotations").
class Reader {
 public:
  explicit Reader(std::filesystem::path file) : file_(std::move(file)) {
    const std::string text = read_text(file_, most_meta_bytes);
    try {
      root_ = parse_json(text);
    } catch (const Error& error) {
      fail(file_, std::string("it is no JSON: ") + error.what());
    }
  }

  SigmfMeta meta() const {
    const Value* global = root_.find("global");
    if (global == nullptr) fail(file_, "there is no \"global\"");
    SigmfMeta meta;
    read_global(Object(file_, *global, "global"), meta);
    for_each("captures", [&](const Object& object) { meta.captures.push_back(capture(object)); });
    for_each("annotations", [&](const Object& object) { meta.annotations.push_back(annotation(object)); });
    return meta;
  }

 private:
  template <class Take>
  void for_each(const std::string& name, Take take) const {
    const Value* found = root_.find(name);
    if (found == nullptr) return;
    const auto* list = found->get_if<List>();
    if (list == nullptr) fail(file_, name, "it is " + std::string(type_name(*found)) + ", expected a list");
    for (std::size_t i = 0; i < list->size(); ++i) {
      take(Object(file_, (*list)[i], name + "[" + std::to_string(i) + "]"));
    }
  }

  static void read_global(const Object& global, SigmfMeta& meta) {
    if (global.number("core:num_channels").value_or(1.0) != 1.0) {
      global.refuse("it holds several channels, and one can be read");
    }
    if (global.number("core:trailing_bytes").value_or(0.0) != 0.0 || global.find("core:dataset") != nullptr) {
      global.refuse("it describes a dataset that is not a plain .sigmf-data file, which cannot be read");
    }
    meta.dtype = dtype_of(global);
    meta.sample_rate = hertz(global.positive_or_zero("core:sample_rate"));
    meta.author = global.text("core:author");
    meta.description = global.text("core:description");
    meta.hardware = global.text("core:hw");
    meta.recorder = global.text("core:recorder");
    meta.site = site_of(global);
    meta.more = global.without({"core:datatype", "core:version", "core:sample_rate", "core:author", "core:description",
                                "core:hw", "core:recorder", "core:geolocation", "core:num_channels", "core:sha512"});
  }

  static Dtype dtype_of(const Object& global) {
    if (global.find("core:datatype") == nullptr) global.refuse("there is no \"core:datatype\"");
    const std::string name = global.text("core:datatype");
    for (const auto& [text, dtype] : sigmf_datatypes) {
      if (text == name) return dtype;
    }
    global.refuse("core:datatype is " + text::quoted(name) + ", and only cu8, ci8, ci16_le and cf32_le can be read");
  }

  /// A GeoJSON point: longitude, latitude, and height where it is known.
  static std::optional<Location> site_of(const Object& global) {
    const Value* point = global.find("core:geolocation");
    const Value* found = point == nullptr ? nullptr : point->find("coordinates");
    const auto* list = found == nullptr ? nullptr : found->get_if<List>();
    if (list == nullptr || list->size() < 2) return std::nullopt;
    std::array<double, 3> numbers{};
    for (std::size_t i = 0; i < std::min<std::size_t>(list->size(), 3); ++i) {
      const Value& each = (*list)[i];
      const bool is_number = each.get_if<double>() != nullptr || each.get_if<std::int64_t>() != nullptr;
      if (!is_number) global.refuse("core:geolocation has no numbers as coordinates");
      numbers[i] = each.as_number();
    }
    if (!(std::abs(numbers[1]) <= 90.0 && std::abs(numbers[0]) <= 360.0 && std::isfinite(numbers[2]))) {
      global.refuse("core:geolocation is no longitude and latitude in degrees");
    }
    return Location{degrees(numbers[1]), degrees(numbers[0]), numbers[2]};
  }

  static SigmfCapture capture(const Object& object) {
    if (object.number("core:header_bytes").value_or(0.0) != 0.0) {
      object.refuse("its data have headers inside, which cannot be read");
    }
    return {.first = object.count("core:sample_start").value_or(0),
            .frequency = hertz(object.positive_or_zero("core:frequency")),
            .time = object.time("core:datetime"),
            .more = object.without({"core:sample_start", "core:frequency", "core:datetime", "core:header_bytes"})};
  }

  static SigmfAnnotation annotation(const Object& object) {
    return {.first = object.count("core:sample_start").value_or(0),
            .samples = object.count("core:sample_count"),
            .lower = hertz(object.number("core:freq_lower_edge").value_or(0.0)),
            .upper = hertz(object.number("core:freq_upper_edge").value_or(0.0)),
            .label = object.text("core:label"),
            .comment = object.text("core:comment"),
            .generator = object.text("core:generator"),
            .more = object.without({"core:sample_start", "core:sample_count", "core:freq_lower_edge",
                                    "core:freq_upper_edge", "core:label", "core:comment", "core:generator"})};
  }

  std::filesystem::path file_;
  Value root_;
};

std::filesystem::path with_ending(std::filesystem::path path, const char* ending) {
  return path.replace_extension(ending);
}

}  // namespace

SigmfMeta read_sigmf(const std::filesystem::path& path) { return Reader(with_ending(path, ".sigmf-meta")).meta(); }

IqInfo inspect_sigmf(const std::filesystem::path& path) {
  const std::filesystem::path file = with_ending(path, ".sigmf-meta");
  const SigmfMeta meta = read_sigmf(path);
  IqInfo info;
  info.data = with_ending(path, ".sigmf-data");
  info.dtype = meta.dtype;
  info.sample_rate = meta.sample_rate;
  for (const SigmfCapture& capture : meta.captures) {
    if (capture.frequency == meta.captures.front().frequency) continue;
    fail(file, "its captures are tuned to different frequencies; split the recording");
  }
  if (!meta.captures.empty()) {
    info.frequency = meta.captures.front().frequency;
    info.start = meta.captures.front().time;
  }
  std::uintmax_t bytes = size_of_file(info.data, std::numeric_limits<std::uintmax_t>::max());
  // Of one that was cut short the last sample may be cut as well.
  if (meta.more.find(sigmf_unfinished) != nullptr) bytes -= bytes % size_of(info.dtype);
  count_samples(info, bytes);
  return info;
}

}  // namespace astro::files
