// SPDX-License-Identifier: BSD-3-Clause
#include "conformance/watch.hpp"

#include <algorithm>

namespace astro::conformance {

Watch::Watch(Overrun hangs) : hangs_(std::move(hangs)), thread_([this] { look(); }) {}

Watch::~Watch() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Watch::Scope::Scope(Watch& watch, const char* hook, Duration bound) : watch_(watch) {
  const auto now = Steady::now();
  const std::lock_guard lock(watch_.mutex_);
  running_ = watch_.running_.insert(watch_.running_.end(), {hook, now, now + bound + patience});
}

Watch::Scope::~Scope() {
  const auto now = Steady::now();
  const std::lock_guard lock(watch_.mutex_);
  Duration& longest = watch_.longest_[running_->hook];
  longest = std::max<Duration>(longest, now - running_->began);
  watch_.running_.erase(running_);
}

std::map<std::string, Duration> Watch::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(longest_, {});
}

void Watch::look() {
  constexpr std::chrono::milliseconds between_looks(50);
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, between_looks, [this] { return ends_; })) {
    const auto now = Steady::now();
    const auto late = std::ranges::find_if(running_, [&](const auto& each) { return now > each.deadline; });
    if (late == running_.end()) continue;
    const std::string hook = late->hook;
    lock.unlock();
    hangs_(hook);
    return;
  }
}

}  // namespace astro::conformance
