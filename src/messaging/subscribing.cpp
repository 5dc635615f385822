// SPDX-License-Identifier: BSD-3-Clause
#include "messaging/subscribing.hpp"

#include <algorithm>
#include <utility>

#include "astro/error.hpp"
#include "astro/log.hpp"

namespace astro::messaging {

namespace {
constexpr auto first_wait = std::chrono::milliseconds(200);
constexpr auto longest_wait = std::chrono::seconds(10);
constexpr auto look_again = std::chrono::milliseconds(20);  // at one of several
}  // namespace

Subscribing::Subscribing(std::shared_ptr<Transport> transport, std::vector<Subscribed> wanted, Subscriber& subscriber,
                         std::string source)
    : transport_(std::move(transport)),
      wanted_(std::move(wanted)),
      subscriber_(subscriber),
      source_(std::move(source)),
      thread_([this] { run(); }) {}

Subscribing::~Subscribing() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
    changed_.notify_all();
  }
  thread_.join();
  transport_->unsubscribe(subscriber_);
}

bool Subscribing::wait(Duration at_most) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, at_most, [this] { return is_in_force_ || is_ending_; }) && is_in_force_;
}

void Subscribing::run() {
  std::string told;
  std::chrono::milliseconds pause = first_wait;
  for (auto next = wanted_.begin(); next != wanted_.end();) {
    try {
      transport_->subscribe(next->pattern, subscriber_, next->group);
      ++next;
      continue;
    } catch (const Error& error) {
      if (told != error.what()) log(LogLevel::warning, source_, told = error.what());
      if (error.code() != ErrorCode::transport) return;  // no patience makes it right
    }
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, pause, [this] { return is_ending_; })) return;
    pause = std::min<std::chrono::milliseconds>(pause * 2, longest_wait);
  }
  const std::lock_guard lock(mutex_);
  is_in_force_ = true;
  changed_.notify_all();
}

bool wait_any(const std::vector<std::unique_ptr<Subscribing>>& subscriptions, Duration at_most) {
  const auto until = std::chrono::steady_clock::now() + at_most;
  for (;;) {
    for (const auto& subscription : subscriptions) {
      if (subscription->wait(subscriptions.size() == 1 ? at_most : look_again)) return true;
    }
    if (std::chrono::steady_clock::now() >= until) return false;
  }
}

}  // namespace astro::messaging
