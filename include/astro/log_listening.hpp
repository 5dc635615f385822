// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <memory>

#include "astro/export.hpp"
#include "astro/log.hpp"

namespace astro {

/// Hands every line of a level or above to a function, whatever is written, beside the one of `set_log_listener`: from
/// one thread of its own, in order, behind a bounded queue, until it is gone; then the last call has returned.
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
