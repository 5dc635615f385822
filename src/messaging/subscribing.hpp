// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "astro/transport.hpp"

namespace astro::messaging {

struct Subscribed {
  std::string pattern{};
  std::string group{};
};

/// Keeps asking for subscriptions until they are in force: the broker may be away when one begins. Afterwards they are
/// the transport's to keep.
class Subscribing {
 public:
  /// `source` is who logs.
  Subscribing(std::shared_ptr<Transport> transport, std::vector<Subscribed> wanted, Subscriber& subscriber,
              std::string source);
  ~Subscribing();
  Subscribing(const Subscribing&) = delete;
  Subscribing& operator=(const Subscribing&) = delete;

  /// Until all are in force, or so long; whether they are.
  bool wait(Duration at_most);

 private:
  void run();

  const std::shared_ptr<Transport> transport_;
  const std::vector<Subscribed> wanted_;
  Subscriber& subscriber_;
  const std::string source_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_in_force_ = false;
  bool is_ending_ = false;
  std::thread thread_;
};

/// Until one of them is in force, or so long; whether one is.
bool wait_any(const std::vector<std::unique_ptr<Subscribing>>& subscriptions, Duration at_most);

}  // namespace astro::messaging
