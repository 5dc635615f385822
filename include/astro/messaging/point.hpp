// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "astro/record.hpp"
#include "astro/telemetry.hpp"

namespace astro::messaging {

/// The body of `data/{device}/{point}`. `timestamp` is ISO 8601; milliseconds since 1970 are read, too.
struct PointMessage {
  Value value{};
  std::string unit{};
  Time timestamp{};
  Quality quality = Quality::good;
  std::int64_t boot = 0;
  std::int64_t sequence = 0;  ///< of the device in this boot, from 1
  bool historical = false;    ///< it waited while there was no way
};

}  // namespace astro::messaging

namespace astro {

template <>
struct Description<messaging::PointMessage> {
  using R = messaging::PointMessage;
  static constexpr const char* name = "point_message";
  static constexpr std::array fields{
      field<&R::value>("value", {.says = "what was measured"}),
      field<&R::unit>("unit"),
      field<&R::timestamp>("timestamp", {.says = "UTC of the measurement", .required = true}),
      field<&R::quality>("quality", {.says = "whether to trust it"}),
      field<&R::boot>("boot", {.says = "of the node"}),
      field<&R::sequence>("sequence", {.says = "of its device in this boot, from 1: a jump is a loss"}),
      field<&R::historical>("historical", {.says = "it waited while there was no way"})};
};

}  // namespace astro
