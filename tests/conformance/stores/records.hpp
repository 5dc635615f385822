// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "astro/angle.hpp"
#include "astro/frequency.hpp"
#include "astro/record.hpp"
#include "astro/time.hpp"

// Records of every type of field, for stores.
namespace astro::testing {

enum class Band { low, high };

struct Inner {
  double gain = 1.5;
  std::string name = "x";
};

struct Reading {
  std::string id;
  std::int64_t revision = 0;
  bool valid = false;
  double level = 0;
  std::optional<double> noise;
  astro::Angle azimuth;
  astro::Frequency frequency;
  astro::Time time;
  astro::Duration lasts{};
  Band band = Band::low;
  astro::Bytes raw;
  std::vector<float> spectrum;
  std::vector<std::string> words;
  Inner inner;
  astro::Value anything;
};

struct Counted {
  std::int64_t number = 0;
  std::string text;
};

}  // namespace astro::testing

template <>
struct astro::Description<astro::testing::Band> {
  static constexpr std::array choices{"low", "high"};
};
template <>
struct astro::Description<astro::testing::Inner> {
  static constexpr std::array fields{field<&testing::Inner::gain>("gain"), field<&testing::Inner::name>("name")};
};
template <>
struct astro::Description<astro::testing::Reading> {
  static constexpr const char* name = "reading \"one\"";  // what a name may be, SQL must bear
  static constexpr std::array fields{field<&testing::Reading::id>("id"),
                                     field<&testing::Reading::revision>("revision"),
                                     field<&testing::Reading::valid>("valid"),
                                     field<&testing::Reading::level>("level", {.unit = "dB", .says = "of the sky"}),
                                     field<&testing::Reading::noise>("noise"),
                                     field<&testing::Reading::azimuth>("azimuth", {.min = 0, .max = 360}),
                                     field<&testing::Reading::frequency>("frequency"),
                                     field<&testing::Reading::time>("time", {.column = "utc_ns"}),
                                     field<&testing::Reading::lasts>("lasts"),
                                     field<&testing::Reading::band>("band"),
                                     field<&testing::Reading::raw>("raw"),
                                     field<&testing::Reading::spectrum>("spectrum"),
                                     field<&testing::Reading::words>("words"),
                                     field<&testing::Reading::inner>("inner"),
                                     field<&testing::Reading::anything>("anything")};
};
template <>
struct astro::Description<astro::testing::Counted> {
  static constexpr const char* name = "counted";
  static constexpr std::array fields{field<&testing::Counted::number>("number"),
                                     field<&testing::Counted::text>("text")};
};

namespace astro::testing {

inline const Schema& readings() { return schema_of<Reading>(); }
inline const Schema& counted() { return schema_of<Counted>(); }

inline Bytes bytes(std::string_view text) {
  const auto span = std::as_bytes(std::span(text));
  return {span.begin(), span.end()};
}

/// One with something unusual in every field.
inline Reading full_reading() {
  Reading reading;
  reading.id = "a'\"\\\n\u00b5";
  reading.revision = std::numeric_limits<std::int64_t>::min();
  reading.valid = true;
  reading.level = 0.1;
  reading.noise = -1e-300;
  reading.azimuth = degrees(123.456);
  reading.frequency = hertz(1420405751.768);
  reading.time = parse_time("2021-02-10T07:57:41.123456789Z");
  reading.lasts = std::chrono::milliseconds(1500);
  reading.band = Band::high;
  reading.raw = bytes(std::string_view("\0\xff;", 3));
  reading.spectrum = {1.0F, std::numeric_limits<float>::quiet_NaN(), -3.5F};
  reading.words = {"one", "", "t\"wo"};
  reading.inner = {2.25, "y"};
  reading.anything = Map{{"z", List{1, 2.5, "x"}}, {"a", 1e15}};
  return reading;
}

}  // namespace astro::testing
