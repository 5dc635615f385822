// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "conformance/trial.hpp"

// What the checks of a transport hold it with.
namespace astro::conformance {

inline constexpr Duration long_enough = std::chrono::seconds(60);

inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }
inline std::string text_of(std::span<const std::byte> body) {
  return {reinterpret_cast<const char*>(body.data()), body.size()};
}

using Texts = std::vector<std::string>;

inline std::string listed(const Texts& texts) {
  std::string all;
  for (std::size_t i = 0; i < std::min<std::size_t>(texts.size(), 8); ++i) all += (i == 0 ? "" : ", ") + texts[i];
  return texts.empty() ? "nothing" : texts.size() > 8 ? all + ", ... (" + std::to_string(texts.size()) + ")" : all;
}

/// A transport that is open. Topics are below a part of the tree that is its own.
class Bus : public Opened<Transport> {
 public:
  explicit Bus(Trial& trial) : Opened<Transport>(trial) {}

  std::string topic(std::string_view rest) { return "conformance/" + trial().nonce() + "/" + std::string(rest); }
  Ticket send(std::string_view rest, std::string_view body, bool retained = false) {
    const std::string name = topic(rest);
    const Message message{.topic = name, .body = bytes_of(body), .retained = retained};
    return send_all({&message, 1});
  }
  /// All, also when there is no room for a while.
  Ticket send_all(std::span<const Message> messages) {
    Published published;
    const auto end = std::chrono::steady_clock::now() + long_enough;
    for (std::size_t sent = 0; sent < messages.size();) {
      published = driver().publish(messages.subspan(sent));
      require(published.accepted <= messages.size() - sent, "`publish` accepted more than it was given");
      sent += published.accepted;
      if (sent < messages.size()) driver().confirmed(published.ticket, std::chrono::milliseconds(10));
      require(std::chrono::steady_clock::now() < end, "a minute long it has had no room");
    }
    return published.ticket;
  }
  void subscribe(const std::string& rest, Subscriber& subscriber, const std::string& group = {}) {
    driver().subscribe(topic(rest), subscriber, group);
  }
  void leave(Subscriber& subscriber) { driver().unsubscribe(subscriber); }
};

/// Remembers what it got, as "rest of the topic=body"; before, it does what it is told.
class Recorder : public Subscriber {
 public:
  using Before = std::function<void(std::span<const Message>)>;
  explicit Recorder(Before before = {}) : before_(std::move(before)) {}

  void deliver(std::span<const Message> messages) override {
    if (inside_.exchange(true)) crowded_ = true;
    struct Leave {
      std::atomic<bool>& inside;
      ~Leave() { inside = false; }
    } const leave{inside_};
    if (before_) before_(messages);
    const std::lock_guard lock(mutex_);
    for (const Message& message : messages) {
      std::string_view rest = message.topic;
      for (int level = 0; level < 2; ++level) rest.remove_prefix(std::min(rest.find('/') + 1, rest.size()));
      got_.push_back(std::string(rest) + "=" + text_of(message.body));
    }
    came_.notify_all();
  }

  Texts got() const {
    const std::lock_guard lock(mutex_);
    return got_;
  }
  std::size_t count() const { return got().size(); }
  void wait_for(std::size_t count, Duration at_most = long_enough) const {
    std::unique_lock lock(mutex_);
    require(came_.wait_for(lock, at_most, [&] { return got_.size() >= count; }),
            std::to_string(count) + " messages were to come, and in time came " + std::to_string(got_.size()));
  }
  void wait_for(const std::string& what) const {
    std::unique_lock lock(mutex_);
    require(came_.wait_for(lock, long_enough, [&] { return std::ranges::find(got_, what) != got_.end(); }),
            "\"" + what + "\" was to come, and within a minute came " + listed(got_));
  }
  void expect(const Texts& wanted) const {
    require(got() == wanted, "expected " + listed(wanted) + "; came " + listed(got()));
    require(!crowded_, "it was called twice at a time");
  }
  bool was_crowded() const { return crowded_; }

 private:
  const Before before_;
  std::atomic<bool> inside_ = false;
  std::atomic<bool> crowded_ = false;
  mutable std::mutex mutex_;
  mutable std::condition_variable came_;
  Texts got_;
};

/// A subscriber that waits at its first message until it is let go.
class Gate {
 public:
  ~Gate() { open(); }
  Recorder::Before waits() {
    return [this, wait = go_.get_future().share()](std::span<const Message>) {
      is_reached_ = true;
      wait.wait();
    };
  }
  void wait_until_reached() const {
    const auto end = std::chrono::steady_clock::now() + long_enough;
    while (!is_reached_) {
      require(std::chrono::steady_clock::now() < end, "nothing was delivered for a minute");
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  void open() {
    if (!is_open_.exchange(true)) go_.set_value();
  }

 private:
  std::promise<void> go_;
  std::atomic<bool> is_reached_ = false;
  std::atomic<bool> is_open_ = false;
};

/// Leaves in time, whatever happens to the check.
class Subscribed {
 public:
  Subscribed(Bus& bus, Subscriber& subscriber) : bus_(bus), subscriber_(subscriber) {}
  Subscribed(Bus& bus, Subscriber& subscriber, const std::string& rest, const std::string& group = {})
      : Subscribed(bus, subscriber) {
    bus.subscribe(rest, subscriber, group);
  }
  ~Subscribed() { leave(); }
  Subscribed(const Subscribed&) = delete;
  Subscribed& operator=(const Subscribed&) = delete;
  void leave() {
    if (!has_left_) bus_.leave(subscriber_);
    has_left_ = true;
  }

 private:
  Bus& bus_;
  Subscriber& subscriber_;
  bool has_left_ = false;
};

}  // namespace astro::conformance
