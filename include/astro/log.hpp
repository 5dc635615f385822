// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "astro/device.hpp"
#include "astro/export.hpp"

namespace astro {

enum class LogFormat : unsigned char { text, json_lines };

struct LogOptions {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::text;
  std::string file{};  ///< empty: standard error
};

/// One line of log, on its way.
struct LogLine {
  LogLevel level = LogLevel::info;
  Time time{};
  std::string source{};  ///< device, room or program
  std::string message{};
};

/// Where and how this process logs. Text: "2026-11-21T18:00:00.000Z warning dish: ...". JSON lines:
/// one object {"time","level","source","message"} each.
ASTRO_API void configure_log(const LogOptions& options);
ASTRO_API void log(LogLevel level, std::string_view source, std::string_view message);

/// Also hands every line to a function, from one thread of its own, in order, behind a bounded
/// queue; an empty function ends it and returns when the last call has.
ASTRO_API void set_log_listener(std::function<void(const LogLine&)> listener);

}  // namespace astro
