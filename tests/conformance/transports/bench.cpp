// SPDX-License-Identifier: BSD-3-Clause
#include "conformance/transports/bench.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

namespace astro::testing {

using namespace std::chrono_literals;

Map patiently(Map settings) {
  const bool has_one =
      std::any_of(settings.begin(), settings.end(), [](const auto& one) { return one.first == "timeout"; });
  if (!has_one) settings.emplace_back("timeout", 60.0);
  return settings;
}

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }
std::string text_of(std::span<const std::byte> body) {
  return {reinterpret_cast<const char*>(body.data()), body.size()};
}

std::string unused_level() {
  static std::atomic<int> count = 0;
  const auto now = std::chrono::system_clock::now().time_since_epoch() / 1us;
  return "t" + std::to_string(now) + "-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

Open::Open(std::unique_ptr<Transport> transport, std::string below)
    : below_(below.empty() ? "conformance/" + unused_level() : std::move(below)), transport_(std::move(transport)) {
  transport_->open(host);
}

Published Open::send(std::string_view rest, std::string_view body, bool retained) const {
  const std::string name = topic(rest);
  const Message message{.topic = name, .body = bytes(body), .retained = retained};
  return transport_->publish({&message, 1});
}

Ticket Open::send_all(std::span<const Message> messages) const {
  Published published;
  for (std::size_t sent = 0; sent < messages.size();) {
    published = transport_->publish(messages.subspan(sent));
    sent += published.accepted;
    if (sent < messages.size()) transport_->confirmed(published.ticket, 10ms);
  }
  return published.ticket;
}

void Open::subscribe_patiently(const std::string& rest, Subscriber& subscriber) const {
  for (int tries = 0; tries < 30; ++tries) {
    try {
      return subscribe(rest, subscriber);
    } catch (const Error&) {
      std::this_thread::sleep_for(200ms);
    }
  }
  subscribe(rest, subscriber);
}

void Recorder::deliver(std::span<const Message> messages) {
  EXPECT_EQ(inside_.exchange(true), false) << "two calls at a time";
  struct Leave {
    std::atomic<bool>& inside;
    ~Leave() { inside = false; }
  } const leave{inside_};
  if (before_) before_(messages);
  const std::lock_guard lock(mutex_);
  for (const Message& message : messages) {
    std::string_view topic = message.topic;
    for (int level = 0; level < 2; ++level) topic.remove_prefix(std::min(topic.find('/') + 1, topic.size()));
    got_.push_back(std::string(topic) + "=" + text_of(message.body));
  }
  came_.notify_all();
}

std::vector<std::string> Recorder::got() const {
  const std::lock_guard lock(mutex_);
  return got_;
}

std::size_t Recorder::count() const {
  const std::lock_guard lock(mutex_);
  return got_.size();
}

bool Recorder::wait_until(const std::function<bool()>& is_over) const {
  std::unique_lock lock(mutex_);
  return came_.wait_for(lock, 60s, is_over);
}

bool Recorder::wait_for(std::size_t count) const {
  return wait_until([&] { return got_.size() >= count; });
}

bool Recorder::wait_for(const std::string& what) const {
  return wait_until([&] { return std::find(got_.begin(), got_.end(), what) != got_.end(); });
}

Error error_of(const std::function<void()>& function) {
  try {
    function();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "expected an astro::Error";
  return {ErrorCode::internal, "none"};
}

}  // namespace astro::testing
