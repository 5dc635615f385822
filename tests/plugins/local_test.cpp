// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "astro/transport.hpp"
#include "plain_host.hpp"

namespace {

using namespace astro;
using namespace std::chrono_literals;
using astro::testing::PlainHost;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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
    EXPECT_EQ(inside_.exchange(true), false) << "two calls at a time";
    struct Leave {
      std::atomic<bool>& inside;
      ~Leave() { inside = false; }
    } const leave{inside_};
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
  std::atomic<bool> inside_ = false;
  mutable std::mutex mutex_;
  std::condition_variable came_;
  std::vector<std::string> got_;
};

template <class Function>
Error error_of(Function function) {
  try {
    function();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "expected an astro::Error";
  return {ErrorCode::internal, "none"};
}

TEST(Local, MatchesTopicsAsMqttDoes) {
  // Examples of MQTT 5 (OASIS 2019), sections 4.7.1.2, 4.7.1.3, 4.7.2 and 4.7.3.
  const struct {
    const char* pattern;
    const char* topic;
    bool matches;
  } examples[] = {{"sport/tennis/player1/#", "sport/tennis/player1", true},
                  {"sport/tennis/player1/#", "sport/tennis/player1/ranking", true},
                  {"sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true},
                  {"sport/#", "sport", true},
                  {"#", "any/thing", true},
                  {"sport/tennis/+", "sport/tennis/player1", true},
                  {"sport/tennis/+", "sport/tennis/player1/ranking", false},
                  {"sport/+", "sport", false},
                  {"sport/+", "sport/", true},
                  {"+", "sport", true},
                  {"+/tennis/#", "sport/tennis", true},
                  {"sport/+/player1", "sport/tennis/player1", true},
                  {"+/+", "/finance", true},
                  {"/+", "/finance", true},
                  {"+", "/finance", false},
                  {"#", "$SYS/uptime", false},
                  {"+/monitor/Clients", "$SYS/monitor/Clients", false},
                  {"$SYS/#", "$SYS/uptime", true},
                  {"$SYS/monitor/+", "$SYS/monitor/Clients", true},
                  {"ACCOUNTS", "Accounts", false},
                  {"a/b", "a/b/", false},
                  {"a/b", "a/b", true},
                  {"a/b", "a/bc", false}};
  for (const auto& example : examples) {
    const Bus bus;
    Recorder recorder;
    bus->subscribe(example.pattern, recorder);
    bus.send(example.topic, "x");
    ASSERT_TRUE(bus.settle());
    EXPECT_EQ(recorder.got().size(), example.matches ? 1U : 0U) << example.pattern << " and " << example.topic;
    bus->unsubscribe(recorder);
  }
}

TEST(Local, RefusesWhatIsNoTopicBeforeAnyOfTheBatch) {
  const Bus bus;
  Recorder recorder;
  bus->subscribe("#", recorder);
  for (const std::string& topic : {std::string(), std::string("a/+"), std::string("a#"), std::string("a\0b", 3)}) {
    const Message batch[] = {{.topic = "good"}, {.topic = topic}};
    EXPECT_EQ(error_of([&] { bus->publish(batch); }).code(), ErrorCode::invalid_argument) << topic;
  }
  const Bytes large((8U << 20) + 1);
  const Message batch[] = {{.topic = "good"}, {.topic = "large", .body = large}};
  EXPECT_THAT(error_of([&] { bus->publish(batch); }).what(), HasSubstr("8388609 bytes"));
  for (const char* pattern : {"", "a/#/b", "a#", "+a", "a/b+"}) {
    EXPECT_EQ(error_of([&] { bus->subscribe(pattern, recorder); }).code(), ErrorCode::invalid_argument) << pattern;
  }
  EXPECT_EQ(bus->publish({}).ticket, 0U);
  bus->unsubscribe(recorder);
  EXPECT_THAT(recorder.got(), IsEmpty());
}

TEST(Local, CopiesWhatWasBorrowedWithAllThatBelongsToIt) {
  const Bus bus;
  std::string seen;
  Time time{};
  Recorder recorder([&](std::span<const Message> messages) {
    const Message& message = messages.front();
    seen = std::string(message.key) + "|" + std::string(message.headers[0].name) + "=" +
           std::string(message.headers[0].value) + "|" + std::string(message.headers[1].name);
    time = message.time;
  });
  bus->subscribe("a", recorder);
  {
    std::string topic = "a", body = "body", key = "key", name = "traceparent", value = "00-1";
    const std::vector<Header> headers{{name, value}, {"empty", ""}};
    const Message message{.topic = topic, .key = key, .body = bytes(body), .time = Time(1234ns), .headers = headers};
    bus->publish({&message, 1});
    for (std::string* text : {&topic, &body, &key, &name, &value}) text->assign(text->size(), '?');
  }
  ASSERT_TRUE(bus.settle());
  EXPECT_EQ(seen, "key|traceparent=00-1|empty");
  EXPECT_EQ(time, Time(1234ns));
  EXPECT_THAT(recorder.got(), ElementsAre("a=body"));
  const Time before = std::chrono::system_clock::now();
  const std::vector<Header> headers{{"a", "b"}, {"c", "d"}};
  const Message stamped_by_the_bus{.topic = "a", .headers = headers};
  bus->publish({&stamped_by_the_bus, 1});
  ASSERT_TRUE(bus.settle());
  EXPECT_GE(time, before);
  bus->unsubscribe(recorder);
}

TEST(Local, CarriesTheLargestBody) {
  const Bus bus;
  std::size_t size = 0;
  Recorder recorder([&](std::span<const Message> messages) { size = messages.front().body.size(); });
  bus->subscribe("#", recorder);
  const Bytes large(8U << 20);
  const Message message{.topic = "a", .body = large};
  EXPECT_EQ(bus->publish({&message, 1}).accepted, 1U);
  ASSERT_TRUE(bus.settle());
  EXPECT_EQ(size, large.size());
  bus->unsubscribe(recorder);
}

TEST(Local, KeepsRetainedMessagesForWhoComesLater) {
  const Bus bus;
  bus.send("state/a", "old", true);
  bus.send("state/a", "new", true);
  bus.send("state/b", "b", true);
  bus.send("state/c", "not retained");
  bus.send("state/b", "", true);  // an empty one removes it
  bus.send("other", "x", true);
  Recorder recorder;
  bus->subscribe("state/+", recorder);
  bus.send("state/a", "live");
  ASSERT_TRUE(recorder.wait_for(2));
  EXPECT_THAT(recorder.got(), ElementsAre("state/a=new", "state/a=live"));
  bus->unsubscribe(recorder);
}

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

TEST(Local, DeliversAgainInOrderWhenASubscriberThrows) {
  const Bus bus;
  int calls = 0;
  Recorder clumsy([&](std::span<const Message>) {
    ++calls;
    if (calls == 1) throw std::runtime_error("no disk");
    if (calls == 2) throw 42;  // NOLINT: anything may come
  });
  Recorder steady;
  bus->subscribe("#", clumsy);
  bus->subscribe("#", steady);
  const Message batch[] = {{.topic = "a", .body = bytes("1")}, {.topic = "b", .body = bytes("2")}};
  bus->publish(batch);
  bus.send("a", "3");
  ASSERT_TRUE(bus.settle());
  EXPECT_THAT(clumsy.got(), ElementsAre("a=1", "b=2", "a=3"));
  EXPECT_THAT(steady.got(), ElementsAre("a=1", "b=2", "a=3"));
  ASSERT_EQ(bus.host.logged().size(), 1U);  // a row of failures is told once
  EXPECT_THAT(bus.host.logged()[0], HasSubstr("a subscriber of # failed: no disk"));
  bus->unsubscribe(clumsy);
  bus->unsubscribe(steady);
}

TEST(Local, DoesNotDeliverWhatIsTooOld) {
  const Bus bus;
  Recorder recorder;
  bus->subscribe("#", recorder);
  const Time now = std::chrono::system_clock::now();
  const Message batch[] = {{.topic = "a", .body = bytes("old"), .time = now - 2s, .lifetime = 1s},
                           {.topic = "a", .body = bytes("alive"), .time = now - 2s, .lifetime = 1h},
                           {.topic = "a", .body = bytes("for ever"), .time = now - 2s}};
  bus->publish(batch);
  ASSERT_TRUE(bus.settle());
  EXPECT_THAT(recorder.got(), ElementsAre("a=alive", "a=for ever"));
  bus->unsubscribe(recorder);
}

TEST(Local, ServesTwoPatternsOfOneSubscriberInOneCallAtATime) {
  const Bus bus;
  Recorder recorder;
  bus->subscribe("a", recorder);
  bus->subscribe("#", recorder);
  for (int i = 0; i < 1000; ++i) bus.send("a", "x");
  ASSERT_TRUE(bus.settle());
  EXPECT_EQ(recorder.got().size(), 2000U);
  bus->unsubscribe(recorder);
}

TEST(Local, LetsASubscriberLeaveWithinItsDelivery) {
  const Bus bus;
  Recorder* self = nullptr;
  Recorder once([&](std::span<const Message>) { bus->unsubscribe(*self); });
  self = &once;
  bus->subscribe("#", once);
  bus.send("a", "1");
  ASSERT_TRUE(once.wait_for(1));
  bus->unsubscribe(once);
  bus.send("a", "2");
  ASSERT_TRUE(bus.settle());
  EXPECT_THAT(once.got(), ElementsAre("a=1"));
}

TEST(Local, LetsASubscriberLeaveAndComeBackWithinItsDelivery) {
  const Bus bus;
  Recorder* self = nullptr;
  Recorder again([&](std::span<const Message>) {
    bus->unsubscribe(*self);
    bus->subscribe("b", *self);
    bus.send("b", "from within");
    std::this_thread::sleep_for(5ms);  // the recorder would notice a second call beside this one
  });
  self = &again;
  bus->subscribe("a", again);
  bus.send("a", "1");
  ASSERT_TRUE(again.wait_for(3));
  EXPECT_EQ(again.got()[0], "a=1");
  EXPECT_EQ(again.got()[1], "b=from within");
  bus->unsubscribe(again);
}

TEST(Local, CallsNobodyAfterUnsubscribeReturned) {
  const Bus bus;
  std::atomic<bool> is_over = false;
  std::thread publisher([&] {
    while (!is_over) bus.send("a", "x");
  });
  for (int round = 0; round < 200; ++round) {
    std::atomic<bool> is_gone = false;
    auto subscriber = std::make_unique<Recorder>([&](std::span<const Message>) { EXPECT_FALSE(is_gone); });
    bus->subscribe("#", *subscriber);
    if (round % 2 == 0) {
      EXPECT_TRUE(subscriber->wait_for(1));
    }
    bus->unsubscribe(*subscriber);
    is_gone = true;
    subscriber.reset();  // and it may go
  }
  is_over = true;
  publisher.join();
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

TEST(Local, EndsWaitsWhenItClosesAndCanBeOpenedAgain) {
  const Bus bus;
  std::promise<void> go;
  Recorder slow([wait = go.get_future().share()](std::span<const Message>) { wait.wait(); });
  bus->subscribe("#", slow);
  bus.send("a", "1");
  auto waiting = std::async(std::launch::async, [&] { return bus->confirmed(1, 1h); });
  std::this_thread::sleep_for(10ms);
  auto closing = std::async(std::launch::async, [&] { bus->close(); });
  EXPECT_EQ(waiting.wait_for(10s), std::future_status::ready);
  EXPECT_EQ(closing.wait_for(20ms), std::future_status::timeout);  // the delivery is under way
  go.set_value();
  closing.get();
  EXPECT_EQ(error_of([&] { bus.send("a", "2"); }).code(), ErrorCode::transport);
  EXPECT_EQ(error_of([&] { bus->subscribe("a", slow); }).code(), ErrorCode::transport);
  EXPECT_EQ(error_of([&] { bus->confirmed(1, 0s); }).code(), ErrorCode::transport);
  bus->unsubscribe(slow);  // harmless
  PlainHost host;
  bus->open(host);
  EXPECT_EQ(bus.send("a", "2").ticket, 1U);
  bus->close();
}

TEST(Local, KeepsTheOrderOfEachKeyAmongManyThreads) {
  constexpr int publishers = 3;
  constexpr int messages = 20000;
  const Bus bus(Map{{"queue", 500}});
  std::atomic<int> disorder = 0;
  std::map<std::string, int> last;
  std::size_t count = 0;
  Recorder ordered([&](std::span<const Message> batch) {
    for (const Message& message : batch) {
      const int number = std::stoi(text_of(message.body));
      int& before = last.try_emplace(std::string(message.key), -1).first->second;
      if (number != before + 1) ++disorder;
      before = number;
    }
    count += batch.size();
  });
  bus->subscribe("data/#", ordered);
  std::atomic<bool> is_over = false;
  std::thread restless([&] {  // others come and go meanwhile
    while (!is_over) {
      Recorder guest;
      bus->subscribe("data/+", guest);
      bus->unsubscribe(guest);
    }
  });
  std::vector<std::thread> threads;
  for (int p = 0; p < publishers; ++p) {
    threads.emplace_back([&, p] {
      const std::string key = std::to_string(p);
      const std::string topic = "data/" + key;
      for (int sent = 0; sent < messages;) {
        std::vector<std::string> bodies;
        for (int i = sent; i < std::min(messages, sent + 37); ++i) bodies.push_back(std::to_string(i));
        std::vector<Message> batch;
        for (const auto& body : bodies) batch.push_back({.topic = topic, .key = key, .body = bytes(body)});
        sent += static_cast<int>(bus->publish(batch).accepted);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  is_over = true;
  restless.join();
  ASSERT_TRUE(bus.settle());
  bus->unsubscribe(ordered);
  EXPECT_EQ(disorder, 0);
  EXPECT_EQ(count, static_cast<std::size_t>(publishers * messages));
}

}  // namespace
