// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "conformance/transports/bench.hpp"

namespace astro::testing {

/// Numbered messages under several keys that flow while a test breaks something, and the judge of what
/// came: all that was accepted, and of each key the first of each number in order.
class Flow final {
 public:
  static constexpr int keys = 4;

  /// One judge may listen for several subscribers, as those of a group.
  class Judge : public Subscriber {
   public:
    void deliver(std::span<const Message> messages) override {
      const std::lock_guard lock(mutex_);
      for (const Message& message : messages) {
        const std::string topic(message.topic);
        const int number = std::stoi(text_of(message.body));
        std::set<int>& seen = seen_[topic];
        if (!seen.insert(number).second) ++repeated_;
        else if (number != static_cast<int>(seen.size()) - 1) ++disorder_;
      }
    }
    std::size_t distinct() const {
      const std::lock_guard lock(mutex_);
      std::size_t sum = 0;
      for (const auto& [topic, numbers] : seen_) sum += numbers.size();
      return sum;
    }
    bool wait_for(std::size_t count) const {
      const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(2);
      while (distinct() < count && std::chrono::steady_clock::now() < end)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      return distinct() >= count;
    }
    int repeated() const {
      const std::lock_guard lock(mutex_);
      return repeated_;
    }
    int disorder() const {
      const std::lock_guard lock(mutex_);
      return disorder_;
    }

   private:
    mutable std::mutex mutex_;
    std::map<std::string, std::set<int>> seen_;
    int repeated_ = 0;
    int disorder_ = 0;
  };

  explicit Flow(const Open& bus) : bus_(bus), thread_([this] { run(); }) {}
  ~Flow() { end(); }
  Flow(const Flow&) = delete;
  Flow& operator=(const Flow&) = delete;

  /// How many were accepted in all.
  std::size_t end() {
    is_over_ = true;
    if (thread_.joinable()) thread_.join();
    return accepted_;
  }
  Ticket last() const noexcept { return last_; }
  /// Nothing more is handed over when this returns, until it goes on.
  void pause() {
    is_paused_ = true;
    while (!rests_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  void go_on() { rests_ = is_paused_ = false; }
  void wait_for(std::size_t accepted) const {
    while (accepted_ < accepted) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

 private:
  void run() {
    for (int number = 0; !is_over_; ++number) {
      const std::string body = std::to_string(number);
      for (int key = 0; key < keys; ++key) {
        const std::string name = std::to_string(key);
        const std::string topic = bus_.topic("flow/" + name);
        const Message message{.topic = topic, .key = name, .body = bytes(body)};
        last_ = bus_.send_all({&message, 1});
        ++accepted_;
      }
      do {
        rests_ = is_paused_.load();
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      } while (is_paused_ && !is_over_);
    }
  }

  const Open& bus_;
  std::atomic<bool> is_over_ = false;
  std::atomic<bool> is_paused_ = false;
  std::atomic<bool> rests_ = false;
  std::atomic<std::size_t> accepted_ = 0;
  std::atomic<Ticket> last_ = 0;
  std::thread thread_;
};

}  // namespace astro::testing
