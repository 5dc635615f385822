// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "astro/transport.hpp"
#include "plain_host.hpp"

// What is local's alone; what is true of every transport is in tests/conformance.
namespace {

using namespace astro;
using namespace std::chrono_literals;
using astro::testing::PlainHost;
using ::testing::ElementsAre;

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }
std::string text_of(std::span<const std::byte> body) {
  return {reinterpret_cast<const char*>(body.data()), body.size()};
}

/// An open bus of the real plugin.
class Bus {
 public:
  explicit Bus(const Value& settings = Map{})
      : transport_(astro::testing::make_driver<Transport>(DeviceKind::transport, "local", settings)) {
    transport_->open(host);
  }
  ~Bus() { transport_->close(); }
  Transport* operator->() const { return transport_.get(); }

  Published send(std::string_view topic, std::string_view body, bool retained = false) const {
    const Message message{.topic = topic, .body = bytes(body), .retained = retained};
    return transport_->publish({&message, 1});
  }
  /// All that was sent until now has been delivered.
  bool settle() const {
    const Ticket now = transport_->publish({}).ticket;
    return transport_->confirmed(now, 10s) >= now;
  }

  PlainHost host;

 private:
  std::unique_ptr<Transport> transport_;
};

/// Remembers what it got; before, it does what it is told.
class Recorder : public Subscriber {
 public:
  explicit Recorder(std::function<void(std::span<const Message>)> before = {}) : before_(std::move(before)) {}

  void deliver(std::span<const Message> messages) override {
    if (before_) before_(messages);
    const std::lock_guard lock(mutex_);
    for (const Message& message : messages) got_.emplace_back(std::string(message.topic) + "=" + text_of(message.body));
    came_.notify_all();
  }
  std::vector<std::string> got() const {
    const std::lock_guard lock(mutex_);
    return got_;
  }
  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    return came_.wait_for(lock, 10s, [&] { return got_.size() >= count; });
  }

 private:
  std::function<void(std::span<const Message>)> before_;
  mutable std::mutex mutex_;
  std::condition_variable came_;
  std::vector<std::string> got_;
};

TEST(Local, HasNoMoreRoomThanItSays) {
  const Bus bus(Map{{"queue", 1000}});
  std::promise<void> go;
  Recorder slow([wait = go.get_future().share()](std::span<const Message>) { wait.wait(); });
  Recorder fast;
  bus->subscribe("#", slow);
  bus->subscribe("#", fast);
  std::vector<std::string> bodies;
  for (int i = 0; i < 3000; ++i) bodies.push_back(std::to_string(i));
  std::vector<Message> batch;
  for (const std::string& body : bodies) batch.push_back({.topic = "a", .body = bytes(body)});
  const std::span<const Message> all(batch);
  const Published first = bus->publish(all);
  EXPECT_EQ(first.accepted, 1000U);
  EXPECT_EQ(first.ticket, 1000U);
  EXPECT_EQ(bus->publish(all.subspan(1000)).accepted, 0U);
  ASSERT_TRUE(fast.wait_for(1000));  // the slow one delays nobody before that
  go.set_value();
  std::size_t sent = 1000;
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (sent < batch.size() && std::chrono::steady_clock::now() < end)
    sent += bus->publish(all.subspan(sent)).accepted;
  ASSERT_TRUE(bus.settle());
  ASSERT_EQ(slow.got().size(), 3000U);
  EXPECT_EQ(slow.got(), fast.got());
  for (std::size_t i = 0; i < 3000; ++i) ASSERT_EQ(fast.got()[i], "a=" + bodies[i]);
  bus->unsubscribe(slow);
  bus->unsubscribe(fast);
}

TEST(Local, BoundsTheMemoryToo) {
  const Bus bus(Map{{"memory", 1 << 20}});
  std::promise<void> go;
  Recorder slow([wait = go.get_future().share()](std::span<const Message>) { wait.wait(); });
  bus->subscribe("#", slow);
  const Bytes large(300 << 10);
  const std::vector<Message> batch(10, Message{.topic = "a", .body = large});
  EXPECT_EQ(bus->publish(batch).accepted, 3U);
  const Bytes larger_than_all(2 << 20);
  const Message message{.topic = "a", .body = larger_than_all};
  EXPECT_EQ(bus->publish({&message, 1}).accepted, 0U);
  go.set_value();
  ASSERT_TRUE(bus.settle());
  EXPECT_EQ(bus->publish({&message, 1}).accepted, 1U);  // alone it may pass
  bus->unsubscribe(slow);
}

TEST(Local, ConfirmsWhatAllSubscribersOfTheMomentHave) {
  const Bus bus;
  EXPECT_EQ(bus.send("a", "1").ticket, 1U);
  EXPECT_EQ(bus->confirmed(1, 0s), 1U);  // nobody to wait for
  std::promise<void> go;
  Recorder slow([wait = go.get_future().share()](std::span<const Message>) { wait.wait(); });
  bus->subscribe("a", slow);
  const Ticket ticket = bus.send("a", "2").ticket;
  EXPECT_EQ(bus->confirmed(ticket, 20ms), 1U);
  go.set_value();
  EXPECT_EQ(bus->confirmed(ticket, 10s), 2U);
  bus->unsubscribe(slow);
}

TEST(Local, SharesTheMessagesWithinAGroupAndRemembersItsPlace) {
  const Bus bus;
  Recorder one, two, outside;
  bus->subscribe("#", one, "workers");
  bus->subscribe("#", two, "workers");
  bus->subscribe("#", outside);
  for (int i = 0; i < 1000; ++i) bus.send("a", std::to_string(i));
  ASSERT_TRUE(bus.settle());
  EXPECT_EQ(one.got().size() + two.got().size(), 1000U);
  EXPECT_EQ(outside.got().size(), 1000U);
  bus->unsubscribe(one);
  bus->unsubscribe(two);
  bus.send("a", "meanwhile");
  Recorder three;
  bus->subscribe("#", three, "workers");
  bus.send("a", "after");
  ASSERT_TRUE(bus.settle());
  EXPECT_THAT(three.got(), ElementsAre("a=meanwhile", "a=after"));
  for (Recorder* each : {&three, &outside}) bus->unsubscribe(*each);
}

}  // namespace
