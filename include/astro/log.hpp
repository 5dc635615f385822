// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <memory>
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

/// Hands every line of a level or above to a function, whether or not it is written: from one thread of its own, in
/// order, behind a bounded queue, until it is gone; then the last call has returned.
class ASTRO_API LogListening final {
 public:
  explicit LogListening(std::function<void(const LogLine&)> hear, LogLevel from = LogLevel::debug);
  ~LogListening();
  LogListening(const LogListening&) = delete;
  LogListening& operator=(const LogListening&) = delete;

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace astro
