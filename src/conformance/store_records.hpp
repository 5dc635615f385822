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
namespace astro::conformance {

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

}  // namespace astro::conformance

template <>
struct astro::Description<astro::conformance::Band> {
  static constexpr std::array choices{"low", "high"};
};
template <>
struct astro::Description<astro::conformance::Inner> {
  static constexpr std::array fields{field<&conformance::Inner::gain>("gain"),
                                     field<&conformance::Inner::name>("name")};
};
template <>
struct astro::Description<astro::conformance::Reading> {
  static constexpr const char* name = "reading \"one\"";  // what a name may be, SQL must bear
  static constexpr std::array fields{field<&conformance::Reading::id>("id"),
                                     field<&conformance::Reading::revision>("revision"),
                                     field<&conformance::Reading::valid>("valid"),
                                     field<&conformance::Reading::level>("level", {.unit = "dB", .says = "of the sky"}),
                                     field<&conformance::Reading::noise>("noise"),
                                     field<&conformance::Reading::azimuth>("azimuth", {.min = 0, .max = 360}),
                                     field<&conformance::Reading::frequency>("frequency"),
                                     field<&conformance::Reading::time>("time", {.column = "utc_ns"}),
                                     field<&conformance::Reading::lasts>("lasts"),
                                     field<&conformance::Reading::band>("band"),
                                     field<&conformance::Reading::raw>("raw"),
                                     field<&conformance::Reading::spectrum>("spectrum"),
                                     field<&conformance::Reading::words>("words"),
                                     field<&conformance::Reading::inner>("inner"),
                                     field<&conformance::Reading::anything>("anything")};
};
template <>
struct astro::Description<astro::conformance::Counted> {
  static constexpr const char* name = "counted";
  static constexpr std::array fields{field<&conformance::Counted::number>("number"),
                                     field<&conformance::Counted::text>("text")};
};

namespace astro::conformance {

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

}  // namespace astro::conformance
