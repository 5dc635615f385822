// SPDX-License-Identifier: BSD-3-Clause
#include "cli/signals.hpp"

#include <unistd.h>
#include <chrono>
#include <csignal>
#include <ctime>

namespace astro::cli {

namespace {

sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGHUP);  // a terminal that was closed
  return set;
}

}  // namespace

StopOnSignal::StopOnSignal() {
  const sigset_t signals = ending_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  waiter_ = std::jthread([this, signals](const std::stop_token& over) {
    std::chrono::steady_clock::time_point asked{};
    while (!over.stop_requested()) {
      const timespec slice{0, 100'000'000};
      const int signal = sigtimedwait(&signals, nullptr, &slice);
      if (signal <= 0) continue;
      const auto now = std::chrono::steady_clock::now();
      if (source_.stop_requested()) {
        // Who insists is obeyed at once; a shell or `timeout` may send the same signal twice in a row.
        if (now - asked > std::chrono::seconds(1)) ::_exit(128 + signal);
        continue;
      }
      asked = now;
      source_.request_stop();
    }
  });
}

StopOnSignal::~StopOnSignal() {
  waiter_.request_stop();
  waiter_.join();
  const sigset_t signals = ending_signals();
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

}  // namespace astro::cli
