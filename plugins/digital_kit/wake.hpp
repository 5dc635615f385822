// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <poll.h>

#include <chrono>
#include <vector>

namespace digital {

using Monotonic = std::chrono::nanoseconds;  ///< of CLOCK_MONOTONIC, as edges are stamped

Monotonic monotonic() noexcept;

/// Wakes a thread that waits for files and for a time.
class Wake {
 public:
  Wake();  ///< throws `device_fault`
  ~Wake();
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;

  void call() noexcept;  ///< from any thread
  /// Until one of the files is readable (their `revents` say which), until called, or until the time. Negative files
  /// are left out.
  void wait(std::vector<pollfd>& files, Monotonic until);

 private:
  int file_ = -1;
};

}  // namespace digital
