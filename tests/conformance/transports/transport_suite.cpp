// SPDX-License-Identifier: BSD-3-Clause
#include "conformance/transports/transport_suite.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <future>
#include <map>
#include <set>
#include <thread>
#include <utility>

namespace astro::testing {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

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

Open::Open(const TransportUnderTest& how, const Map& settings, std::string below)
    : Open(how.make(settings), std::move(below)) {}

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

namespace {

/// A subscriber that waits at its first message until it is let go.
class Gate {
 public:
  Recorder::Before waits() {
    return [this, wait = go_.get_future().share()](std::span<const Message>) {
      is_reached_ = true;
      wait.wait();
    };
  }
  void wait_until_reached() const {
    while (!is_reached_) std::this_thread::sleep_for(1ms);
  }
  void open() { go_.set_value(); }

 private:
  std::promise<void> go_;
  std::atomic<bool> is_reached_ = false;
};

TEST_P(TransportConformance, MatchesPatternsAsMqttDoes) {
  // Examples of MQTT 5 (OASIS 2019), sections 4.7.1.2, 4.7.1.3 and 4.7.3, below a level of our own.
  const std::map<std::string, std::set<std::string>> examples{
      {"sport/tennis/player1/#",
       {"sport/tennis/player1", "sport/tennis/player1/ranking", "sport/tennis/player1/score/wimbledon"}},
      {"sport/tennis/+", {"sport/tennis/player1"}},
      {"sport/+", {"sport/"}},
      {"+", {"sport", "ACCOUNTS", "Accounts"}},
      {"sport/+/player1", {"sport/tennis/player1"}},
      {"+/+", {"sport/", "/finance"}},
      {"/+", {"/finance"}},
      {"ACCOUNTS", {"ACCOUNTS"}},
      {"Accounts", {"Accounts"}}};
  std::set<std::string> topics;
  for (const auto& [pattern, matching] : examples) topics.insert(matching.begin(), matching.end());
  const Open bus(GetParam());
  std::map<std::string, Recorder> recorders;
  for (const auto& [pattern, matching] : examples) bus.subscribe(pattern, recorders[pattern]);
  for (const std::string& topic : topics) bus.send(topic, "x");
  for (const std::string& topic : topics) bus.send(topic, "end");
  for (const auto& [pattern, matching] : examples) {
    std::set<std::string> wanted;
    for (const std::string& topic : matching) wanted.insert({topic + "=x", topic + "=end"});
    EXPECT_TRUE(recorders[pattern].wait_for(wanted.size())) << pattern;
    const auto got = recorders[pattern].got();
    EXPECT_EQ(std::set<std::string>(got.begin(), got.end()), wanted) << pattern;
    bus->unsubscribe(recorders[pattern]);
  }
}

TEST_P(TransportConformance, RefusesWhatIsNoTopicBeforeAnyOfTheBatch) {
  const Open bus(GetParam());
  Recorder recorder;
  bus.subscribe("#", recorder);
  const std::string good = bus.topic("good");
  for (const std::string& topic : {std::string(), std::string("a/+"), std::string("a#"), std::string("a\0b", 3)}) {
    const Message batch[] = {{.topic = good}, {.topic = topic}};
    EXPECT_EQ(error_of([&] { bus->publish(batch); }).code(), ErrorCode::invalid_argument) << topic;
  }
  const Bytes large((8U << 20) + 1);
  const Message batch[] = {{.topic = good}, {.topic = "large", .body = large}};
  EXPECT_THAT(error_of([&] { bus->publish(batch); }).what(), HasSubstr("8388609 bytes"));
  for (const char* pattern : {"", "a/#/b", "a#", "+a", "a/b+"}) {
    EXPECT_EQ(error_of([&] { bus->subscribe(pattern, recorder); }).code(), ErrorCode::invalid_argument) << pattern;
  }
  EXPECT_EQ(bus->publish({}).ticket, 0U);
  bus.send("end", "");
  ASSERT_TRUE(recorder.wait_for("end="));
  bus->unsubscribe(recorder);
  EXPECT_THAT(recorder.got(), ElementsAre("end="));
}

TEST_P(TransportConformance, CopiesWhatWasBorrowedWithAllThatBelongsToIt) {
  const Open bus(GetParam());
  std::string seen;
  Time time{};
  Recorder recorder([&](std::span<const Message> messages) {
    const Message& message = messages.front();
    seen = std::string(message.key);
    for (const Header& header : message.headers)
      seen += "|" + std::string(header.name) + "=" + std::string(header.value);
    time = message.time;
  });
  bus.subscribe("a", recorder);
  {
    std::string topic = bus.topic("a"), body = "body", key = "key", name = "traceparent", value = "00-1";
    const std::vector<Header> headers{{name, value}, {"empty", ""}};
    const Message message{.topic = topic, .key = key, .body = bytes(body), .time = Time(1234ns), .headers = headers};
    bus->publish({&message, 1});
    for (std::string* text : {&topic, &body, &key, &name, &value}) text->assign(text->size(), '?');
  }
  ASSERT_TRUE(recorder.wait_for("a=body"));
  if (GetParam().has_headers) {
    EXPECT_EQ(seen, "key|traceparent=00-1|empty=");
    EXPECT_EQ(time, Time(1234ns));
  }
  const Time before = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  bus.send("a", "stamped by the transport");
  ASSERT_TRUE(recorder.wait_for(2));
  EXPECT_GE(time, before);
  bus->unsubscribe(recorder);
  EXPECT_THAT(recorder.got(), ElementsAre("a=body", "a=stamped by the transport"));
}

TEST_P(TransportConformance, CarriesTheLargestBody) {
  const Open bus(GetParam());
  Bytes large(8U << 20);
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<std::byte>(i * 7);
  bool is_same = false;
  Recorder recorder([&](std::span<const Message> messages) {
    is_same = std::equal(messages.front().body.begin(), messages.front().body.end(), large.begin(), large.end());
  });
  bus.subscribe("#", recorder);
  const std::string topic = bus.topic("a");
  const Message message{.topic = topic, .body = large};
  EXPECT_EQ(bus->publish({&message, 1}).accepted, 1U);
  EXPECT_EQ(bus->confirmed(1, 60s), 1U);
  ASSERT_TRUE(recorder.wait_for(1));
  EXPECT_TRUE(is_same);
  bus->unsubscribe(recorder);
}

TEST_P(TransportConformance, KeepsRetainedMessagesForWhoComesLater) {
  const Open bus(GetParam());
  bus.send("state/a", "old", true);
  bus.send("state/a", "new", true);
  bus.send("state/b", "b", true);
  bus.send("state/c", "not retained");
  bus.send("state/b", "", true);  // an empty one removes it
  const Ticket last = bus.send("other", "x", true).ticket;
  ASSERT_EQ(bus->confirmed(last, 60s), last);
  std::vector<bool> retained;
  Recorder recorder([&](std::span<const Message> messages) {
    for (const Message& message : messages) retained.push_back(message.retained);
  });
  bus.subscribe("state/+", recorder);
  bus.send("state/a", "live");
  ASSERT_TRUE(recorder.wait_for("state/a=live"));
  bus->unsubscribe(recorder);
  EXPECT_THAT(recorder.got(), ElementsAre("state/a=new", "state/a=live"));
  EXPECT_THAT(retained, ElementsAre(true, false));
}

TEST_P(TransportConformance, AcceptsNoMoreThanItHasRoomFor) {
  const Open bus(GetParam(), Map{{"queue", 1000}});
  Recorder recorder;
  bus.subscribe("a", recorder);
  std::vector<std::string> bodies;
  for (int i = 0; i < 3000; ++i) bodies.push_back(std::to_string(i));
  const std::string topic = bus.topic("a");
  std::vector<Message> batch;
  for (const std::string& body : bodies) batch.push_back({.topic = topic, .body = bytes(body)});
  const Published first = bus->publish(batch);
  EXPECT_LE(first.accepted, 1000U);
  EXPECT_GT(first.accepted, 0U);
  EXPECT_EQ(first.ticket, first.accepted);
  EXPECT_EQ(bus.send_all(std::span(batch).subspan(first.accepted)), 3000U);
  EXPECT_EQ(bus->confirmed(3000, 60s), 3000U);
  ASSERT_TRUE(recorder.wait_for(3000));
  bus->unsubscribe(recorder);
  for (std::size_t i = 0; i < 3000; ++i) ASSERT_EQ(recorder.got()[i], "a=" + bodies[i]);
}

TEST_P(TransportConformance, ConfirmsCumulatively) {
  const Open bus(GetParam());
  for (Ticket ticket = 1; ticket <= 10; ++ticket) EXPECT_EQ(bus.send("a", "x").ticket, ticket);
  EXPECT_EQ(bus->confirmed(10, 60s), 10U);
  EXPECT_EQ(bus->confirmed(3, 0s), 10U);
  EXPECT_EQ(bus->confirmed(11, 10ms), 10U);
}

TEST_P(TransportConformance, DeliversAgainInOrderWhenASubscriberThrows) {
  const Open bus(GetParam());
  int calls = 0;
  Recorder clumsy([&](std::span<const Message>) {
    ++calls;
    if (calls == 1) throw std::runtime_error("no disk");
    if (calls == 2) throw 42;  // NOLINT: anything may come
  });
  Recorder steady;
  bus.subscribe("#", clumsy);
  bus.subscribe("#", steady);
  bus.send("a", "1");
  bus.send("b", "2");
  bus.send("a", "3");
  ASSERT_TRUE(clumsy.wait_for(3));
  ASSERT_TRUE(steady.wait_for(3));
  bus->unsubscribe(clumsy);
  bus->unsubscribe(steady);
  EXPECT_THAT(clumsy.got(), ElementsAre("a=1", "b=2", "a=3"));
  EXPECT_THAT(steady.got(), ElementsAre("a=1", "b=2", "a=3"));
  ASSERT_EQ(bus.host.logged().size(), 1U);  // a row of failures is told once
  EXPECT_THAT(bus.host.logged()[0], HasSubstr("a subscriber of " + bus.topic("#") + " failed: no disk"));
}

TEST_P(TransportConformance, DoesNotDeliverWhatIsTooOld) {
  const Open bus(GetParam());
  Recorder recorder;
  bus.subscribe("#", recorder);
  const Time now = std::chrono::system_clock::now();
  const std::string topic = bus.topic("a");
  const Message batch[] = {{.topic = topic, .body = bytes("old"), .time = now - 2s, .lifetime = 1s},
                           {.topic = topic, .body = bytes("alive"), .time = now - 2s, .lifetime = 1h},
                           {.topic = topic, .body = bytes("for ever"), .time = now - 2s}};
  bus->publish(batch);
  EXPECT_EQ(bus->confirmed(3, 60s), 3U);
  ASSERT_TRUE(recorder.wait_for("a=for ever"));
  bus->unsubscribe(recorder);
  EXPECT_THAT(recorder.got(), ElementsAre("a=alive", "a=for ever"));
}

TEST_P(TransportConformance, ServesTwoPatternsOfOneSubscriberInOneCallAtATime) {
  const Open bus(GetParam());
  Recorder recorder;
  bus.subscribe("a", recorder);
  bus.subscribe("#", recorder);
  for (int i = 0; i < 1000; ++i) bus.send("a", "x");
  ASSERT_TRUE(recorder.wait_for(2000));
  bus->unsubscribe(recorder);
  EXPECT_EQ(recorder.count(), 2000U);
}

TEST_P(TransportConformance, LetsASlowSubscriberDelayNobodyElse) {
  const Open bus(GetParam());
  Gate gate;
  Recorder slow(gate.waits());
  Recorder fast;
  bus.subscribe("#", slow);
  bus.subscribe("#", fast);
  for (int i = 0; i < 500; ++i) bus.send("a", std::to_string(i));
  EXPECT_TRUE(fast.wait_for(500));
  EXPECT_EQ(slow.count(), 0U);
  gate.open();
  EXPECT_TRUE(slow.wait_for(500));
  bus->unsubscribe(slow);
  bus->unsubscribe(fast);
  EXPECT_EQ(slow.got(), fast.got());
}

TEST_P(TransportConformance, LetsASubscriberLeaveWithinItsDelivery) {
  const Open bus(GetParam());
  Recorder* self = nullptr;
  Recorder once([&](std::span<const Message>) { bus->unsubscribe(*self); });
  Recorder other;
  self = &once;
  bus.subscribe("#", once);
  bus.subscribe("#", other);
  bus.send("a", "1");
  ASSERT_TRUE(once.wait_for(1));
  bus->unsubscribe(once);
  bus.send("a", "2");
  ASSERT_TRUE(other.wait_for(2));
  bus->unsubscribe(other);
  EXPECT_THAT(once.got(), ElementsAre("a=1"));
}

TEST_P(TransportConformance, LetsASubscriberLeaveAndComeBackWithinItsDelivery) {
  const Open bus(GetParam());
  Recorder* self = nullptr;
  Recorder again([&](std::span<const Message>) {
    bus->unsubscribe(*self);
    bus.subscribe("b", *self);
    bus.send("b", "from within");
    std::this_thread::sleep_for(5ms);  // the recorder would notice a second call beside this one
  });
  self = &again;
  bus.subscribe("a", again);
  bus.send("a", "1");
  ASSERT_TRUE(again.wait_for(3));
  bus->unsubscribe(again);
  EXPECT_EQ(again.got()[0], "a=1");
  EXPECT_EQ(again.got()[1], "b=from within");
}

TEST_P(TransportConformance, CallsNobodyAfterUnsubscribeReturned) {
  const Open bus(GetParam());
  std::jthread publisher([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      bus.send("a", "x");
      if (GetParam().is_remote) std::this_thread::sleep_for(100us);
    }
  });
  const int rounds = GetParam().is_remote ? 6 : 200;
  for (int round = 0; round < rounds; ++round) {
    std::atomic<bool> is_gone = false;
    auto subscriber = std::make_unique<Recorder>([&](std::span<const Message>) { EXPECT_FALSE(is_gone); });
    bus.subscribe("#", *subscriber);
    if (round % 2 == 0) {
      EXPECT_TRUE(subscriber->wait_for(1));
    }
    bus->unsubscribe(*subscriber);
    is_gone = true;
    subscriber.reset();  // and it may go
  }
}

TEST_P(TransportConformance, SharesTheMessagesWithinAGroupAndRemembersItsPlace) {
  const Open bus(GetParam());
  const std::string group = "workers-" + unused_level();
  Recorder one, two, outside;
  bus.subscribe("#", one, group);
  bus.subscribe("#", two, group);
  bus.subscribe("#", outside);
  for (int i = 0; i < 1000; ++i) bus.send("a", std::to_string(i));
  ASSERT_TRUE(outside.wait_for(1000));
  const auto end = std::chrono::steady_clock::now() + 60s;
  while (one.count() + two.count() < 1000 && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(one.count() + two.count(), 1000U);
  EXPECT_EQ(outside.count(), 1000U);
  bus->unsubscribe(one);
  bus->unsubscribe(two);
  bus.send("a", "meanwhile");
  Recorder three;
  bus.subscribe("#", three, group);
  bus.send("a", "after");
  ASSERT_TRUE(three.wait_for("a=after"));
  bus->unsubscribe(three);
  bus->unsubscribe(outside);
  auto last = three.got();
  std::erase_if(last, [](const std::string& each) { return std::isdigit(each[2]) != 0; });  // once more, as it may come
  EXPECT_THAT(last, ElementsAre("a=meanwhile", "a=after"));
}

TEST_P(TransportConformance, EndsWaitsWhenItClosesAndCanBeOpenedAgain) {
  const Open bus(GetParam());
  Gate gate;
  Recorder slow(gate.waits());
  bus.subscribe("#", slow);
  bus.send("a", "1");
  auto waiting = std::async(std::launch::async, [&] { return bus->confirmed(1000, 1h); });
  gate.wait_until_reached();
  auto closing = std::async(std::launch::async, [&] { bus->close(); });
  EXPECT_EQ(waiting.wait_for(60s), std::future_status::ready);
  EXPECT_EQ(closing.wait_for(20ms), std::future_status::timeout);  // the delivery is under way
  gate.open();
  closing.get();
  EXPECT_EQ(error_of([&] { bus.send("a", "2"); }).code(), ErrorCode::transport);
  EXPECT_EQ(error_of([&] { bus.subscribe("a", slow); }).code(), ErrorCode::transport);
  EXPECT_EQ(error_of([&] { bus->confirmed(1, 0s); }).code(), ErrorCode::transport);
  bus->unsubscribe(slow);  // harmless
  PlainHost host;
  bus->open(host);
  EXPECT_EQ(bus.send("a", "2").ticket, 1U);
  bus->close();
}

TEST_P(TransportConformance, KeepsTheOrderOfEachKeyAmongManyThreads) {
  constexpr int publishers = 3;
  const int messages = GetParam().is_remote ? 3000 : 20000;
  const Open bus(GetParam(), Map{{"queue", 500}});
  std::atomic<int> disorder = 0;
  std::map<std::string, int> last;
  Recorder ordered([&](std::span<const Message> batch) {
    for (const Message& message : batch) {
      const std::string topic(message.topic);
      const int number = std::stoi(text_of(message.body));
      int& before = last.try_emplace(topic, -1).first->second;
      if (number != before + 1) ++disorder;
      before = number;
    }
  });
  bus.subscribe("data/#", ordered);
  std::jthread restless([&](const std::stop_token& stop) {  // others come and go meanwhile
    while (!stop.stop_requested()) {
      Recorder guest;
      bus.subscribe("data/+", guest);
      bus->unsubscribe(guest);
    }
  });
  std::vector<std::jthread> threads;
  for (int p = 0; p < publishers; ++p) {
    threads.emplace_back([&, p] {
      const std::string key = std::to_string(p);
      const std::string topic = bus.topic("data/" + key);
      std::vector<std::string> bodies;
      for (int i = 0; i < messages; ++i) bodies.push_back(std::to_string(i));
      std::vector<Message> batch;
      for (const auto& body : bodies) batch.push_back({.topic = topic, .key = key, .body = bytes(body)});
      for (std::size_t from = 0; from < batch.size(); from += 37)
        bus.send_all(std::span(batch).subspan(from, std::min<std::size_t>(37, batch.size() - from)));
    });
  }
  for (auto& thread : threads) thread.join();
  restless.request_stop();
  restless.join();
  EXPECT_TRUE(ordered.wait_for(static_cast<std::size_t>(publishers * messages)));
  bus->unsubscribe(ordered);
  EXPECT_EQ(disorder, 0);
  EXPECT_EQ(ordered.count(), static_cast<std::size_t>(publishers * messages));
}

TEST_P(TransportConformance, CarriesTenThousandTopics) {
  const Open bus(GetParam());
  Recorder recorder;
  bus.subscribe("#", recorder);
  std::vector<std::string> topics;
  for (int i = 0; i < 10000; ++i)
    topics.push_back(bus.topic("data/device" + std::to_string(i / 100) + "/point" + std::to_string(i % 100)));
  std::vector<Message> batch;
  for (const std::string& topic : topics) batch.push_back({.topic = topic, .body = bytes("x")});
  EXPECT_EQ(bus.send_all(batch), 10000U);
  EXPECT_EQ(bus->confirmed(10000, 60s), 10000U);
  ASSERT_TRUE(recorder.wait_for(10000));
  bus->unsubscribe(recorder);
  const auto got = recorder.got();
  EXPECT_EQ(std::set<std::string>(got.begin(), got.end()).size(), 10000U);
}

}  // namespace

}  // namespace astro::testing
