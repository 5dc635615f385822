// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>

#include "astro/field.hpp"
#include "astro/record.hpp"

// What each type of device has, from the Alpaca Device API reference.
namespace alpaca {

enum class DeviceType : std::uint8_t {
  focuser,
  filterwheel,
  dome,
  rotator,
  switches,
  observingconditions,
  safetymonitor,
  covercalibrator
};

/// What can be read.
struct Reading {
  const char* point;
  const char* method;
  astro::FieldType type;
  const char* unit;
  const char* says;
  std::span<const char* const> choices{};  ///< of a choice: their names, by number
};

/// What one parameter of a command is.
struct Parameter {
  const char* name;    ///< ours
  const char* alpaca;  ///< as it stands in the request
  astro::FieldType type;
  const char* unit;
  const char* says;
};

/// What can be done.
struct Act {
  const char* command;
  const char* method;
  const char* says;
  std::span<const Parameter> parameters{};
  const char* while_true = "";  ///< goes on as long as this reads true (or a moving state)
};

struct Abilities {
  const char* path;  ///< in the addresses
  std::span<const Reading> readings;
  std::span<const Act> acts;
  const char* stops = "";  ///< the method that ends a motion
};

const Abilities& abilities_of(DeviceType type);

}  // namespace alpaca

template <>
struct astro::Description<alpaca::DeviceType> {
  static constexpr std::array choices{"focuser", "filterwheel",         "dome",          "rotator",
                                      "switch",  "observingconditions", "safetymonitor", "covercalibrator"};
};
