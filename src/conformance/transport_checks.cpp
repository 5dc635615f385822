// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <atomic>
#include <future>
#include <set>
#include <thread>

#include "conformance/transport_bench.hpp"

namespace astro::conformance {

namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr const char* transport_header = "astro/transport.hpp";

void expect_code(Bus& bus, ErrorCode code, const char* hook, const std::string& of,
                 const std::function<void()>& function) {
  const Error error = bus.error_of(hook, function);
  require(error.code() == code, std::string(hook) + " of " + of + " threw " + std::string(to_string(error.code())) +
                                    " (" + error.what() + "), and has to throw " + std::string(to_string(code)));
}

void matches_patterns(Trial& trial) {
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
  std::map<std::string, Recorder> recorders;
  Bus bus(trial);
  for (const auto& [pattern, matching] : examples) bus.subscribe(pattern, recorders[pattern]);
  for (const char* body : {"x", "end"}) {
    for (const std::string& topic : topics) bus.send(topic, body);
  }
  for (const auto& [pattern, matching] : examples) {
    std::set<std::string> wanted;
    for (const std::string& topic : matching) wanted.insert({topic + "=x", topic + "=end"});
    recorders[pattern].wait_for(wanted.size());
    const Texts got = recorders[pattern].got();
    require(std::set<std::string>(got.begin(), got.end()) == wanted, "the pattern \"" + pattern + "\" matched " +
                                                                         listed(got) + "; expected " +
                                                                         listed(Texts(wanted.begin(), wanted.end())));
    bus.leave(recorders[pattern]);
  }
}

void refuses_what_is_no_topic(Trial& trial) {
  Recorder recorder;
  Bus bus(trial);
  const Subscribed subscribed(bus, recorder, "#");
  const std::string good = bus.topic("good");
  for (const std::string& topic : {std::string(), std::string("a/+"), std::string("a#"), std::string("a\0b", 3)}) {
    const Message batch[] = {{.topic = good}, {.topic = topic}};
    expect_code(bus, ErrorCode::invalid_argument, "publish", "the topic \"" + topic + '"',
                [&] { bus->publish(batch); });
  }
  const Bytes large(trial.registered().transport.largest_body + 1);
  const Message batch[] = {{.topic = good}, {.topic = "large", .body = large}};
  expect_code(bus, ErrorCode::invalid_argument, "publish", "a body that is too large", [&] { bus->publish(batch); });
  for (const std::string pattern : {"", "a/#/b", "a#", "+a", "a/b+"}) {
    expect_code(bus, ErrorCode::invalid_argument, "subscribe", '"' + pattern + '"',
                [&] { bus->subscribe(pattern, recorder); });
  }
  require(bus->publish({}).ticket == 0, "an empty batch has got a ticket");
  bus.send("end", "");
  recorder.wait_for("end=");
  recorder.expect({"end="});
}

void copies_what_is_borrowed(Trial& trial) {
  Recorder recorder;
  Bus bus(trial);
  const Subscribed subscribed(bus, recorder, "a");
  {
    std::string topic = bus.topic("a");
    std::string body = "body";
    const Message message{.topic = topic, .body = bytes_of(body)};
    bus->publish({&message, 1});
    for (std::string* text : {&topic, &body}) text->assign(text->size(), '?');
  }
  recorder.wait_for(1);
  recorder.expect({"a=body"});
}

void carries_what_belongs_to_it(Trial& trial) {
  std::string seen;
  Time time{};
  Recorder recorder([&](std::span<const Message> messages) {
    const Message& message = messages.front();
    seen = std::string(message.key);
    for (const Header& each : message.headers) seen += "|" + std::string(each.name) + "=" + std::string(each.value);
    time = message.time;
  });
  Bus bus(trial);
  const Subscribed subscribed(bus, recorder, "a");
  const std::string topic = bus.topic("a");
  const std::vector<Header> headers{{"traceparent", "00-1"}, {"empty", ""}};
  const Message message{
      .topic = topic, .key = "key", .body = bytes_of("body"), .time = Time(1234ns), .headers = headers};
  bus->publish({&message, 1});
  recorder.wait_for(1);
  require(seen == "key|traceparent=00-1|empty=", "of key and headers came \"" + seen + '"');
  require(time == Time(1234ns), "the time of the message came as " + format_time(time, 9));
}

void stamps_what_has_no_time(Trial& trial) {
  Time time{};
  Recorder recorder([&](std::span<const Message> messages) { time = messages.front().time; });
  Bus bus(trial);
  const Subscribed subscribed(bus, recorder, "a");
  const Time before = std::chrono::floor<std::chrono::milliseconds>(trial.clock().now());
  bus.send("a", "x");
  recorder.wait_for(1);
  require(time >= before, "a message without a time came with " + format_time(time) + ", earlier than it was sent");
}

void carries_the_largest(Trial& trial) {
  Bytes large(trial.registered().transport.largest_body);
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<std::byte>(i * 7);
  bool is_same = false;
  Recorder recorder(
      [&](std::span<const Message> messages) { is_same = std::ranges::equal(messages.front().body, large); });
  Bus bus(trial);
  const Subscribed subscribed(bus, recorder, "#");
  const std::string topic = bus.topic("a");
  const Message message{.topic = topic, .body = large};
  require(bus->publish({&message, 1}).accepted == 1,
          "it does not accept a body of " + std::to_string(large.size()) + " bytes");
  require(bus->confirmed(1, long_enough) == 1, "the largest body is not confirmed within a minute");
  recorder.wait_for(1);
  require(is_same, "the largest body came changed");
}

void keeps_retained(Trial& trial) {
  std::vector<bool> retained;
  Recorder recorder([&](std::span<const Message> messages) {
    for (const Message& message : messages) retained.push_back(message.retained);
  });
  Bus bus(trial);
  bus.send("state/a", "old", true);
  bus.send("state/a", "new", true);
  bus.send("state/b", "b", true);
  bus.send("state/c", "not retained");
  bus.send("state/b", "", true);  // an empty one removes it
  const Ticket last = bus.send("other", "x", true);
  require(bus->confirmed(last, long_enough) == last, "what was retained is not confirmed within a minute");
  const Subscribed subscribed(bus, recorder, "state/+");
  bus.send("state/a", "live");
  recorder.wait_for("state/a=live");
  recorder.expect({"state/a=new", "state/a=live"});
  require(retained == std::vector<bool>{true, false},
          "what was kept has to be marked `retained`, and what is live not");
}

void accepts_what_it_has_room_for(Trial& trial) {
  constexpr std::size_t count = 3000;
  Recorder recorder;
  Bus bus(trial);
  const Subscribed subscribed(bus, recorder, "a");
  Texts bodies;
  for (std::size_t i = 0; i < count; ++i) bodies.push_back(std::to_string(i));
  const std::string topic = bus.topic("a");
  std::vector<Message> batch;
  for (const std::string& body : bodies) batch.push_back({.topic = topic, .body = bytes_of(body)});
  const Published first = bus->publish(batch);
  require(first.accepted > 0 && first.accepted <= count,
          "of 3000 messages it accepted " + std::to_string(first.accepted));
  require(first.ticket == first.accepted,
          "after " + std::to_string(first.accepted) + " messages the ticket is " + std::to_string(first.ticket));
  if (first.accepted < count) bus.send_all(std::span(batch).subspan(first.accepted));
  require(bus->confirmed(count, long_enough) == count, "3000 messages are not confirmed within a minute");
  recorder.wait_for(count);
  const Texts got = recorder.got();
  for (std::size_t i = 0; i < count; ++i)
    require(got[i] == "a=" + bodies[i], "message " + bodies[i] + " came as " + got[i]);
}

void confirms_cumulatively(Trial& trial) {
  Bus bus(trial);
  for (Ticket ticket = 1; ticket <= 10; ++ticket) {
    require(bus.send("a", "x") == ticket, "message " + std::to_string(ticket) + " has another ticket");
  }
  const auto expect = [&](Ticket asked, Duration at_most) {
    const Ticket confirmed = bus->confirmed(asked, at_most);
    require(confirmed == 10, "of ten messages " + std::to_string(confirmed) + " were confirmed");
  };
  expect(10, long_enough);
  expect(3, 0s);
  expect(11, 10ms);
}

void confirms_what_is_there(Trial& trial) {
  // Who comes by another connection finds all that was confirmed: retained, so that it need not have been there before.
  constexpr int count = 200;
  Bus bus(trial);
  Ticket last = 0;
  for (int i = 0; i < count; ++i) last = bus.send("kept/" + std::to_string(i), std::to_string(i), true);
  require(bus->confirmed(last, long_enough) == last, "200 messages are not confirmed within a minute");
  Recorder recorder;
  const Subscribed subscribed(bus, recorder, "kept/+");
  recorder.wait_for(count, 15s);
  const Texts got = recorder.got();
  require(std::set<std::string>(got.begin(), got.end()).size() == count, "not all that was confirmed is there");
  for (int i = 0; i < count; ++i) bus.send("kept/" + std::to_string(i), "", true);
}

void delivers_again(Trial& trial) {
  int calls = 0;
  Recorder clumsy([&](std::span<const Message>) {
    ++calls;
    if (calls == 1) throw std::runtime_error("no disk");
    if (calls == 2) throw 42;  // NOLINT: anything may come
  });
  Recorder steady;
  Bus bus(trial);
  Subscribed first(bus, clumsy, "#");
  Subscribed second(bus, steady, "#");
  bus.send("a", "1");
  bus.send("b", "2");
  bus.send("a", "3");
  clumsy.wait_for(3);
  steady.wait_for(3);
  first.leave();
  second.leave();
  clumsy.expect({"a=1", "b=2", "a=3"});
  steady.expect({"a=1", "b=2", "a=3"});
  const Texts logged = bus.host().logged();
  require(logged.size() == 1, "a row of failures has to be told once in the log; told was " + listed(logged));
  require(logged[0].find("no disk") != std::string::npos, "the log does not say why a subscriber failed: " + logged[0]);
}

void drops_what_is_too_old(Trial& trial) {
  Recorder recorder;
  Bus bus(trial);
  const Subscribed subscribed(bus, recorder, "#");
  const Time now = trial.clock().now();
  const std::string topic = bus.topic("a");
  const Message batch[] = {{.topic = topic, .body = bytes_of("old"), .time = now - 2s, .lifetime = 1s},
                           {.topic = topic, .body = bytes_of("alive"), .time = now - 2s, .lifetime = 1h},
                           {.topic = topic, .body = bytes_of("for ever"), .time = now - 2s}};
  bus.send_all(batch);
  require(bus->confirmed(3, long_enough) == 3, "what is too old has to be confirmed as well");
  recorder.wait_for("a=for ever");
  recorder.expect({"a=alive", "a=for ever"});
}

void serves_two_patterns(Trial& trial) {
  constexpr std::size_t count = 1000;
  Recorder recorder;
  Bus bus(trial);
  const Subscribed subscribed(bus, recorder);
  bus.subscribe("a", recorder);
  bus.subscribe("#", recorder);
  for (std::size_t i = 0; i < count; ++i) bus.send("a", "x");
  recorder.wait_for(2 * count);
  require(recorder.count() == 2 * count, "by two patterns came " + std::to_string(recorder.count()) + " of twice 1000");
  require(!recorder.was_crowded(), "a subscriber was called twice at a time");
}

void keeps_subscribers_apart(Trial& trial) {
  constexpr std::size_t count = 500;
  Gate gate;
  Recorder slow(gate.waits());
  Recorder fast;
  Bus bus(trial);
  Subscribed first(bus, slow, "#");
  Subscribed second(bus, fast, "#");
  for (std::size_t i = 0; i < count; ++i) bus.send("a", std::to_string(i));
  try {
    fast.wait_for(count);
  } catch (...) {
    gate.open();
    throw;
  }
  const std::size_t early = slow.count();
  gate.open();
  slow.wait_for(count);
  first.leave();
  second.leave();
  require(early == 0, "what waited has been counted");
  require(slow.got() == fast.got(), "two subscribers of one pattern got different messages");
}

void leaves_within_a_delivery(Trial& trial) {
  Recorder* self = nullptr;
  Bus bus(trial);
  Recorder once([&](std::span<const Message>) { bus.leave(*self); });
  Recorder other;
  self = &once;
  Subscribed first(bus, once, "#");
  Subscribed second(bus, other, "#");
  bus.send("a", "1");
  once.wait_for(1);
  first.leave();
  bus.send("a", "2");
  other.wait_for(2);
  second.leave();
  once.expect({"a=1"});
}

void comes_back_within_a_delivery(Trial& trial) {
  Recorder* self = nullptr;
  Bus bus(trial);
  int comes_back = 2;  // not for ever: who leaves from outside meanwhile would find it subscribed again
  Recorder again([&](std::span<const Message>) {
    bus.leave(*self);
    if (comes_back-- > 0) {
      bus.subscribe("b", *self);
      bus.send("b", "from within");
    }
    std::this_thread::sleep_for(5ms);  // a second call beside this one would be noticed
  });
  self = &again;
  Subscribed subscribed(bus, again, "a");
  bus.send("a", "1");
  again.wait_for(3);
  subscribed.leave();
  const Texts got = again.got();
  require(got[0] == "a=1" && got[1] == "b=from within" && !again.was_crowded(), "came " + listed(got));
}

void calls_nobody_who_left(Trial& trial) {
  Bus bus(trial);
  std::jthread publisher([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      try {
        bus.send("a", "x");
      } catch (const Error&) {  // it is closed, since the check has failed
        return;
      }
      std::this_thread::sleep_for(200us);
    }
  });
  for (int round = 0; round < 8; ++round) {
    const auto is_gone = std::make_shared<std::atomic<bool>>(false);
    const auto came_late = std::make_shared<std::atomic<bool>>(false);
    Recorder subscriber([=](std::span<const Message>) {
      if (*is_gone) *came_late = true;
    });
    bus.subscribe("#", subscriber);
    if (round % 2 == 0) subscriber.wait_for(1);
    bus.leave(subscriber);
    *is_gone = true;
    std::this_thread::sleep_for(10ms);
    require(!*came_late, "a subscriber was called after `unsubscribe` had returned");
  }
}

void shares_within_a_group(Trial& trial) {
  constexpr std::size_t count = 1000;
  Recorder one;
  Recorder two;
  Recorder outside;
  Recorder three;
  Bus bus(trial);
  const std::string group = "workers-" + trial.nonce();
  Subscribed first(bus, one, "#", group);
  Subscribed second(bus, two, "#", group);
  Subscribed third(bus, outside, "#");
  for (std::size_t i = 0; i < count; ++i) bus.send("a", std::to_string(i));
  outside.wait_for(count);
  const auto end = Steady::now() + long_enough;
  while (one.count() + two.count() < count && Steady::now() < end) std::this_thread::sleep_for(1ms);
  require(one.count() + two.count() == count, "a group of two got " + std::to_string(one.count()) + " and " +
                                                  std::to_string(two.count()) + " of 1000 messages");
  first.leave();
  second.leave();
  bus.send("a", "meanwhile");
  const Subscribed fourth(bus, three, "#", group);
  bus.send("a", "after");
  three.wait_for("a=after");
  Texts last = three.got();
  std::erase_if(last, [](const std::string& each) { return std::isdigit(each[2]) != 0; });  // once more, as it may come
  require(last == Texts{"a=meanwhile", "a=after"}, "a group that was left for a while went on with " + listed(last));
}

void ends_waits_when_it_closes(Trial& trial) {
  Gate gate;
  Recorder slow(gate.waits());
  Bus bus(trial);
  bus.subscribe("#", slow);
  bus.send("a", "1");
  auto waiting = std::async(std::launch::async, [&] { return bus->confirmed(1000, 30s); });
  gate.wait_until_reached();
  auto closing = std::async(std::launch::async, [&] { bus.close(); });
  const bool returned = waiting.wait_for(20s) == std::future_status::ready;
  const bool waited = closing.wait_for(20ms) == std::future_status::timeout;
  gate.open();
  closing.get();
  require(returned, "`confirmed` waits on after `close`");
  require(waited, "`close` does not wait for a delivery that is under way");
  const auto refused = [&](const char* hook, const std::function<void()>& function) {
    expect_code(bus, ErrorCode::transport, hook, "a transport that is closed", function);
  };
  refused("publish", [&] { bus.send("a", "2"); });
  refused("subscribe", [&] { bus.subscribe("a", slow); });
  refused("confirmed", [&] { bus->confirmed(1, 0s); });
  bus.leave(slow);  // harmless
  bus.open_again();
  require(bus.send("a", "2") == 1, "tickets do not begin anew when it is opened again");
}

void keeps_the_order_of_keys(Trial& trial) {
  constexpr int publishers = 3;
  constexpr int messages = 3000;
  constexpr std::size_t all = std::size_t{publishers} * messages;
  std::atomic<int> disorder = 0;
  std::map<std::string, int> last;
  Bus bus(trial);
  Recorder ordered([&](std::span<const Message> batch) {
    for (const Message& message : batch) {
      const int number = std::stoi(text_of(message.body));
      int& before = last.try_emplace(std::string(message.topic), -1).first->second;
      if (number != before + 1) ++disorder;
      before = number;
    }
  });
  const Subscribed subscribed(bus, ordered, "data/#");
  std::jthread restless([&](const std::stop_token& stop) {  // others come and go meanwhile
    while (!stop.stop_requested()) {
      Recorder guest;
      const Subscribed visit(bus, guest, "data/+");
    }
  });
  std::vector<std::future<void>> threads;
  for (int p = 0; p < publishers; ++p) {
    threads.push_back(std::async(std::launch::async, [&, p] {
      const std::string key = std::to_string(p);
      const std::string topic = bus.topic("data/" + key);
      Texts bodies;
      for (int i = 0; i < messages; ++i) bodies.push_back(std::to_string(i));
      std::vector<Message> batch;
      for (const auto& body : bodies) batch.push_back({.topic = topic, .key = key, .body = bytes_of(body)});
      for (std::size_t from = 0; from < batch.size(); from += 37)
        bus.send_all(std::span(batch).subspan(from, std::min<std::size_t>(37, batch.size() - from)));
    }));
  }
  for (auto& thread : threads) thread.get();
  restless.request_stop();
  restless.join();
  ordered.wait_for(all);
  require(disorder == 0,
          std::to_string(disorder) + " messages came in another order than they were published with one key");
  require(ordered.count() == all, "more came than was published");
}

void carries_many_topics(Trial& trial) {
  constexpr std::size_t count = 10000;
  Recorder recorder;
  Bus bus(trial);
  const Subscribed subscribed(bus, recorder, "#");
  Texts topics;
  for (std::size_t i = 0; i < count; ++i)
    topics.push_back(bus.topic("data/device" + std::to_string(i / 100) + "/point" + std::to_string(i % 100)));
  std::vector<Message> batch;
  for (const std::string& topic : topics) batch.push_back({.topic = topic, .body = bytes_of("x")});
  bus.send_all(batch);
  require(bus->confirmed(count, long_enough) == count, "10000 topics are not confirmed within a minute");
  recorder.wait_for(count);
  const Texts got = recorder.got();
  require(std::set<std::string>(got.begin(), got.end()).size() == count, "some topics did not come");
}

}  // namespace

void exercise_transport(Trial& trial, Transport& transport) {
  Recorder recorder;
  const std::string topic = "conformance/" + trial.nonce() + "/exercise";
  const Message message{.topic = topic, .body = bytes_of("x")};
  trial.call("subscribe", long_enough, [&] { transport.subscribe(topic, recorder); });
  const Published published = trial.call("publish", long_enough, [&] { return transport.publish({&message, 1}); });
  trial.call("confirmed", long_enough, [&] { transport.confirmed(published.ticket, 10s); });
  recorder.wait_for(1);
  trial.call("unsubscribe", long_enough, [&] { transport.unsubscribe(recorder); });
}

std::vector<Check> transport_checks() {
  constexpr const char* borrowed =
      "One message: bytes under a topic. Everything is borrowed for the length of the call.";
  constexpr const char* subscribing =
      "Two subscriptions are independent, also to one pattern; it is in force when this returns.";
  constexpr const char* leaving =
      "Ends all its patterns; waits for a delivery that is under way, except from within `deliver`.";
  constexpr const char* never =
      "A message that can never be sent (a topic with a wildcard, a body that is too large) throws `invalid_argument`, "
      "before any of the batch is accepted.";
  return {
      {{"T-01", transport_header,
        "Topics are levels between `/`; a pattern has `+` for one level and `#` for all that follow, as in MQTT 5 "
        "(OASIS "
        "2019), section 4.7.",
        "the examples of that section"},
       matches_patterns},
      {{"T-02", transport_header, never, "publishes and subscribes to what is no topic, and a body that is too large"},
       refuses_what_is_no_topic},
      {{"T-03", transport_header, borrowed, "overwrites topic and body as soon as `publish` has returned"},
       copies_what_is_borrowed},
      {{"T-04", transport_header, borrowed, "sends a message with key, time and headers, and compares what comes"},
       carries_what_belongs_to_it},
      {{"T-05", transport_header, "when it was sent; zero: now", "sends one without a time"}, stamps_what_has_no_time},
      {{"T-06", transport_header, never, "sends the largest body of its description"}, carries_the_largest},
      {{"T-07", transport_header, "the last one of its topic is kept for who subscribes later",
        "retains, replaces and removes messages, and subscribes then"},
       keeps_retained},
      {{"T-08", transport_header, "the first of the batch; fewer than given: no room, try the rest later",
        "publishes 3000 messages at once, and the rest later"},
       accepts_what_it_has_room_for},
      {{"T-09", transport_header, "How far a publisher has come: the number of messages since `open`, cumulatively.",
        "sends ten, and asks for the third, the tenth and the eleventh"},
       confirms_cumulatively},
      {{"T-10", transport_header, "All up to this ticket are confirmed by the other side.",
        "retains 200 messages, and looks for each of them once they are confirmed"},
       confirms_what_is_there},
      {{"T-11", transport_header,
        "When it returns, they count as delivered; when it throws, they are delivered again later.",
        "a subscriber throws twice; another beside it does not"},
       delivers_again},
      {{"T-12", transport_header, "zero: for ever; a message that is older is not delivered",
        "sends one that is too old, one that is not, and one that never is"},
       drops_what_is_too_old},
      {{"T-13", transport_header, "Receives messages, in batches, from a thread of the transport; one call at a time.",
        "subscribes one subscriber to two patterns that match the same"},
       serves_two_patterns},
      {{"T-14", transport_header, subscribing, "one subscriber waits, and another gets all that comes"},
       keeps_subscribers_apart},
      {{"T-15", transport_header, leaving, "a subscriber leaves within its delivery"}, leaves_within_a_delivery},
      {{"T-16", transport_header, leaving, "a subscriber leaves and comes back within its delivery"},
       comes_back_within_a_delivery},
      {{"T-17", transport_header, leaving, "subscribers come and go while messages flow"}, calls_nobody_who_left},
      {{"T-18", transport_header,
        "`group`: subscribers of one group share the messages and go on where the group stopped, also after a restart; "
        "empty: all messages, from now.",
        "two of a group and one outside it; then all of the group leave, and another comes"},
       shares_within_a_group},
      {{"T-19", transport_header, "`close` makes waiting calls return; after it the others throw `transport`.",
        "closes it beside one that waits and one that is delivering, and opens it again"},
       ends_waits_when_it_closes},
      {{"T-20", transport_header, "messages of one topic and key keep their order",
        "three threads publish 3000 messages each, with a key of their own"},
       keeps_the_order_of_keys},
      {{"T-21", transport_header,
        "Carries bytes by topic: at least once, in order by key, and says when the other side has them.",
        "10000 topics"},
       carries_many_topics},
  };
}

}  // namespace astro::conformance
