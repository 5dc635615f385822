// SPDX-License-Identifier: BSD-3-Clause
#include "waiting.hpp"

#include <condition_variable>
#include <mutex>

namespace astro_python {
namespace {

struct Count {
  std::mutex mutex;
  std::condition_variable changed;
  int running = 0;
};
Count& count() {
  static auto* made = new Count;  // outlives every thread
  return *made;
}

}  // namespace

void Abandoned::began() noexcept {
  const std::lock_guard lock(count().mutex);
  ++count().running;
}

void Abandoned::ended() noexcept {
  const std::lock_guard lock(count().mutex);
  --count().running;
  count().changed.notify_all();
}

bool Abandoned::wait(std::chrono::milliseconds at_most) noexcept {
  std::unique_lock lock(count().mutex);
  return count().changed.wait_for(lock, at_most, [] { return count().running == 0; });
}

}  // namespace astro_python
