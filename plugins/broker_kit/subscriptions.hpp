// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "astro/error.hpp"

namespace astro::broker {

/// The subscriptions that live, by a name that only one may have at a time: its place at the broker is
/// its own until its destructor has returned. A `Subscription` has `start`, which waits until it is in
/// force, and `abandon`, which ends that wait.
template <class Subscription>
class Subscriptions final {
 public:
  using Make = std::function<std::unique_ptr<Subscription>()>;

  /// The one that has the name, or a new one, in force.
  std::shared_ptr<Subscription> find_or_begin(const std::string& name, const Make& make) {
    std::shared_ptr<Subscription> subscription;
    {
      std::unique_lock lock(mutex_);
      while (!closed_ && living_.contains(name)) {
        if (auto shared = living_[name].lock()) return shared;
        gone_.wait(lock);
      }
      if (closed_) throw Error(ErrorCode::transport, "subscribing: the transport is closed; open it first");
      living_[name];  // the name is taken while it is being made
    }
    const auto forget = [this, name](Subscription* over) {
      delete over;
      const std::lock_guard lock(mutex_);
      living_.erase(name);
      gone_.notify_all();
    };
    try {
      subscription = std::shared_ptr<Subscription>(make().release(), forget);
    } catch (...) {
      forget(nullptr);
      throw;
    }
    {
      const std::lock_guard lock(mutex_);
      living_[name] = subscription;
      if (closed_) subscription->abandon();
    }
    subscription->start();
    return subscription;
  }

  /// None begins any more, and none waits to be in force.
  void abandon() noexcept {
    std::vector<std::shared_ptr<Subscription>> there;
    const std::lock_guard lock(mutex_);
    closed_ = true;
    for (const auto& [name, one] : living_) there.push_back(one.lock());
    for (const auto& one : there) {
      if (one) one->abandon();
    }
    abandoned_ = std::move(there);  // not destroyed here: that takes the lock
    gone_.notify_all();
  }

  void wait_until_gone() noexcept {
    abandoned_.clear();
    std::unique_lock lock(mutex_);
    gone_.wait(lock, [&] { return living_.empty(); });
  }

 private:
  std::mutex mutex_;
  std::condition_variable gone_;
  std::map<std::string, std::weak_ptr<Subscription>> living_;
  std::vector<std::shared_ptr<Subscription>> abandoned_;
  bool closed_ = false;
};

}  // namespace astro::broker
