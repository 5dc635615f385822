// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <future>
#include <stop_token>
#include <thread>
#include <type_traits>
#include <utility>

#include "common.hpp"

/// Waiting that sees Ctrl-C. Python handles a signal only in its main thread and only when that
/// thread asks; so what waits in libastro runs beside it, in slices of at most 100 ms.
namespace astro_python {

inline constexpr std::chrono::milliseconds wait_slice{100};

/// Throws what a signal's handler raised (KeyboardInterrupt). With the GIL.
inline void check_signals() {
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
}

/// Counts what still runs in libastro for nobody, so that the end of the interpreter waits for it.
class Abandoned {
 public:
  static void began() noexcept;
  static void ended() noexcept;
  /// True when nothing is left; without the GIL.
  static bool wait(std::chrono::milliseconds at_most) noexcept;
};

/// Runs work that obeys a stop token. A signal requests the stop, waits for the work's end and raises.
template <class Work>
auto interruptible(Work work) -> std::invoke_result_t<Work&, const std::stop_token&> {
  using Result = std::invoke_result_t<Work&, const std::stop_token&>;
  std::stop_source stop;
  std::packaged_task<Result()> task([&] { return work(stop.get_token()); });
  std::future<Result> future = task.get_future();
  std::jthread thread([&task] { task(); });
  try {
    for (;;) {
      {
        const py::gil_scoped_release release;
        if (future.wait_for(wait_slice) == std::future_status::ready) break;
      }
      check_signals();
    }
  } catch (...) {
    const py::gil_scoped_release release;
    stop.request_stop();
    thread.join();
    throw;
  }
  const py::gil_scoped_release release;
  thread.join();
  return future.get();
}

/// Runs work that cannot be told to end: after a signal it goes on for nobody. It owns all it uses.
template <class Work>
auto abandonable(Work work) -> std::invoke_result_t<Work&> {
  using Result = std::invoke_result_t<Work&>;
  std::packaged_task<Result()> task(std::move(work));
  std::future<Result> future = task.get_future();
  Abandoned::began();
  std::thread([task = std::move(task)]() mutable {
    task();
    task = {};  // what the work holds is let go before it counts as ended
    Abandoned::ended();
  }).detach();
  try {
    for (;;) {
      {
        const py::gil_scoped_release release;
        if (future.wait_for(wait_slice) == std::future_status::ready) break;
      }
      check_signals();
    }
  } catch (...) {
    const py::gil_scoped_release release;
    future = {};
    throw;
  }
  const py::gil_scoped_release release;
  return future.get();
}

}  // namespace astro_python
