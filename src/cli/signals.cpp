// SPDX-License-Identifier: BSD-3-Clause
#include "cli/signals.hpp"

#include <unistd.h>
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
    while (!over.stop_requested()) {
      const timespec slice{0, 100'000'000};
      const int signal = sigtimedwait(&signals, nullptr, &slice);
      if (signal <= 0) continue;
      if (source_.stop_requested()) ::_exit(128 + signal);
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
