// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <stop_token>
#include <thread>

namespace astro::cli {

/// While it lives, SIGINT and SIGTERM request a stop instead of ending the process; a second one
/// ends it. Make it before any other thread, so that all inherit the blocked signals.
class StopOnSignal {
 public:
  StopOnSignal();
  ~StopOnSignal();
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;

  std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  std::jthread waiter_;
};

}  // namespace astro::cli
