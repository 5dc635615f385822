// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "astro/registry.hpp"

// What drivers and hosts hand each other, as it stands in the packets of docs/reference/apart.md. Reading throws
// `invalid_argument`. See also description_value.hpp.
namespace astro::detail::wire {

inline constexpr std::int64_t protocol = 1;
inline constexpr Duration beat_every = std::chrono::milliseconds(500);
inline constexpr Duration dead_after = std::chrono::seconds(5);  ///< without a beat
inline constexpr const char* calls_variable = "ASTRO_APART_CALLS";
inline constexpr const char* stops_variable = "ASTRO_APART_STOPS";

const Value& member(const Value& map, std::string_view key);  ///< throws when it is missing
std::string text(const Value& map, std::string_view key);     ///< empty when it is missing

Value of(const DriverDescription& description);
DriverDescription driver_description(const Value& value);

/// Without clock and twin.
Value of(const Surroundings& surroundings);
Surroundings surroundings(const Value& value);
Value of(const Cause& cause);
Cause cause(const Value& value);
Value of(const MountStatus& status);
MountStatus mount_status(const Value& value);
/// Of items that have a size.
StreamSettings stream_settings(const Value& value);
Value of(const Filled& filled);
Filled filled(const Value& value);
Value of(const Performed& performed);
Performed performed(const Value& value);
Value of(const Outcome& outcome);
Outcome outcome(const Value& value);
Value of(const Error& error);
Error error(const Value& value);

Value of(Time time);  ///< nanoseconds since 1970
Time time(const Value& value);
std::string_view name_of(Quality quality);
Quality quality(std::string_view name);
std::string_view name_of(LogLevel level);
LogLevel level(std::string_view name);
DeviceKind kind(std::string_view name);

}  // namespace astro::detail::wire
