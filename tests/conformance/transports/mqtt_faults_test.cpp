// SPDX-License-Identifier: BSD-3-Clause
// What breaks around an MQTT broker: the link, the broker, its rules, the password.
#include <gmock/gmock.h>

#include <chrono>
#include <thread>

#include "conformance/transports/flow.hpp"
#include "testing/relay.hpp"
#include "testing/server.hpp"
#include "testing/testing.hpp"

namespace astro::testing {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

/// Writes down each change at once, so that it goes on where it was when it is killed.
const std::vector<std::string> careful{"autosave_on_changes true", "autosave_interval 1"};

std::unique_ptr<Transport> make(int port, Map settings = {}, const std::string& scheme = "mqtt") {
  settings.emplace_back("url", scheme + "://127.0.0.1:" + std::to_string(port));
  return make_driver<Transport>(DeviceKind::transport, "mqtt", patiently(settings));
}

std::string level() { return "conformance/" + unused_level(); }

class MqttFaults : public ::testing::TestWithParam<const char*> {
 protected:
  static Map version() { return Map{{"version", GetParam()}}; }
};
INSTANTIATE_TEST_SUITE_P(Versions, MqttFaults, ::testing::Values("5", "3.1.1"),
                         [](const auto& one) { return one.param[0] == '5' ? "mqtt5" : "mqtt311"; });

TEST_P(MqttFaults, LosesNothingWhenTheLinkBreaks) {
  const Server server("mosquitto");
  Relay link(server.port());
  const Open bus(make(link.port(), version()), level());
  Flow::Judge all, some;
  bus.subscribe("flow/#", all);
  bus.subscribe("flow/#", some, "group");
  Flow flow(bus);
  for (int round = 1; round <= (is_long() ? 30 : 3); ++round) {
    flow.wait_for(static_cast<std::size_t>(round) * 200);
    link.cut();
    std::this_thread::sleep_for(100ms);
    link.mend();
  }
  const std::size_t accepted = flow.end();
  EXPECT_EQ(bus->confirmed(accepted, 1min), accepted);
  EXPECT_TRUE(all.wait_for(accepted)) << all.distinct() << " of " << accepted;
  EXPECT_TRUE(some.wait_for(accepted)) << some.distinct() << " of " << accepted;
  std::printf("accepted %zu, delivered %zu (again: %d), to the group %zu (again: %d)\n", accepted, all.distinct(),
              all.repeated(), some.distinct(), some.repeated());
  bus->unsubscribe(all);
  bus->unsubscribe(some);
  EXPECT_EQ(all.disorder(), 0);
  EXPECT_EQ(some.disorder(), 0);
}

TEST_P(MqttFaults, LosesNothingWhenTheBrokerIsKilled) {
  Server server("mosquitto", careful);
  Map settings = version();
  settings.emplace_back("queue", 1000);  // such a broker is slow, and what waits here comes through it in the end
  const Open bus(make(server.port(), settings), level());
  Flow::Judge all;  // no group: mosquitto before 2.0.12 forgets shared subscriptions when it ends
  bus.subscribe("flow/#", all);
  Flow flow(bus);
  for (int round = 0; round < (is_long() ? 20 : 2); ++round) {
    EXPECT_TRUE(all.wait_for(flow.last() + 100)) << "after " << round << " kills";
    // Mosquitto answers a publisher before it writes down what it has for a subscriber: it is killed when it has
    // nothing.
    flow.pause();
    EXPECT_TRUE(all.wait_for(flow.last())) << "after " << round << " kills";
    server.kill();
    flow.go_on();
    std::this_thread::sleep_for(100ms);
    server.start();
  }
  const std::size_t accepted = flow.end();
  EXPECT_EQ(bus->confirmed(accepted, 5min), accepted);
  EXPECT_TRUE(all.wait_for(accepted)) << all.distinct() << " of " << accepted;
  std::printf("accepted %zu, delivered %zu (again: %d)\n", accepted, all.distinct(), all.repeated());
  bus->unsubscribe(all);
  EXPECT_EQ(all.disorder(), 0);
}

TEST_P(MqttFaults, AcceptsWhatItHasRoomForWhileTheBrokerIsAway) {
  Server server("mosquitto", {}, 1, false);
  Map settings = version();
  settings.emplace_back("queue", 100);
  settings.emplace_back("timeout", 1.0);
  const Open bus(make(server.port(), settings), level());
  EXPECT_THAT(bus.host.logged(), ElementsAre(HasSubstr("connecting to mqtt://127.0.0.1")));
  Recorder recorder;
  EXPECT_EQ(error_of([&] { bus.subscribe("a", recorder); }).code(), ErrorCode::transport);
  const std::string topic = bus.topic("a");
  const std::vector<Message> batch(150, Message{.topic = topic, .body = bytes("x"), .retained = true});
  EXPECT_EQ(bus->publish(batch).accepted, 100U);
  EXPECT_EQ(bus->publish(batch).accepted, 0U);
  EXPECT_EQ(bus->confirmed(100, 10ms), 0U);
  server.start();
  EXPECT_EQ(bus->confirmed(100, 1min), 100U);
  bus.subscribe_patiently("a", recorder);
  EXPECT_TRUE(recorder.wait_for(1));
  bus->unsubscribe(recorder);
}

TEST_P(MqttFaults, SaysThatThePasswordIsWrong) {
  const TemporaryFolder folder;
  const std::string file = (folder.path() / "passwords").string();
  ASSERT_EQ(std::system(("mosquitto_passwd -b -c '" + file + "' teide right").c_str()), 0);
  const Server server("mosquitto", {"allow_anonymous false", "password_file " + file});
  for (const char* password : {"wrong", "right"}) {
    Map settings = version();
    settings.emplace_back("user", "teide");
    settings.emplace_back("password", password);
    const auto transport = make(server.port(), settings);
    PlainHost host;
    if (std::string(password) == "right") {
      transport->open(host);
      const Message message{.topic = "a"};
      transport->publish({&message, 1});
      EXPECT_EQ(transport->confirmed(1, 1min), 1U);
      transport->close();
    } else {
      const Error error = error_of([&] { transport->open(host); });
      EXPECT_EQ(error.code(), ErrorCode::transport);
      EXPECT_THAT(error.what(), AnyOf(HasSubstr("Not authorized"), HasSubstr("not authorized"), HasSubstr("password")));
      EXPECT_THAT(error.what(), Not(HasSubstr("wrong")));
    }
  }
}

TEST_P(MqttFaults, TrustsOnlyWhomItIsToldTo) {
  const Certificates certificates;
  const Server server("mosquitto", {"cafile " + certificates["ca.pem"], "certfile " + certificates["server.pem"],
                                    "keyfile " + certificates["server.key"], "require_certificate true"});
  const auto settings = [&](const char* ca, const char* client) {
    Map map = version();
    map.emplace_back("ca", certificates[ca]);
    map.emplace_back("certificate", certificates[std::string(client) + ".pem"]);
    map.emplace_back("key", certificates[std::string(client) + ".key"]);
    return map;
  };
  {
    const Open bus(make(server.port(), settings("ca.pem", "client"), "mqtts"), level());
    Recorder recorder;
    bus.subscribe("a", recorder);
    bus.send("a", "secret");
    EXPECT_TRUE(recorder.wait_for("a=secret"));
    bus->unsubscribe(recorder);
  }
  PlainHost host;
  const auto deceived = make(server.port(), settings("other.pem", "client"), "mqtts");
  const Error error = error_of([&] { deceived->open(host); });
  EXPECT_EQ(error.code(), ErrorCode::transport);
  EXPECT_THAT(error.what(), HasSubstr("certificate verify failed"));
}

TEST_P(MqttFaults, PublishesTheLastWillOfWhoVanishes) {
  const Server server("mosquitto");
  const Open observer(make(server.port(), version()), level());
  Recorder recorder;
  observer.subscribe("state/#", recorder);
  const std::string topic = observer.topic("state/node");
  Relay link(server.port());
  {
    auto transport = make(link.port(), version());
    transport->last_will({.topic = topic, .body = bytes("gone"), .retained = true});
    const Open vanishing(std::move(transport), observer.below());
    link.cut();
    EXPECT_TRUE(recorder.wait_for("state/node=gone"));
    link.mend();
    vanishing.send("state/node", "back");
    EXPECT_TRUE(recorder.wait_for("state/node=back"));
  }
  observer.send("state/end", "");  // who closes leaves no will
  EXPECT_TRUE(recorder.wait_for("state/end="));
  observer->unsubscribe(recorder);
  EXPECT_THAT(recorder.got(), ElementsAre("state/node=gone", "state/node=back", "state/end="));
}

TEST_P(MqttFaults, LetsAGroupGoOnAfterARestart) {
  const Server server("mosquitto");
  const TemporaryFolder state;
  const std::string below = level();
  const Open elsewhere(make(server.port(), version()), below);
  Map settings = version();
  settings.emplace_back("client_id", "recorder-" + unused_level());
  const auto transport = make(server.port(), settings);
  PlainHost host(state.path());
  transport->open(host);
  // It takes messages from the broker, and ends before it has delivered any.
  Recorder failing([](std::span<const Message>) { throw std::runtime_error("no disk"); });
  transport->subscribe(below + "/#", failing, "recorders");
  for (int i = 0; i < 50; ++i) elsewhere.send("a", std::to_string(i));
  EXPECT_EQ(elsewhere->confirmed(50, 1min), 50U);
  for (int i = 0; i < 500 && host.logged().empty(); ++i) std::this_thread::sleep_for(10ms);
  transport->close();
  for (int i = 50; i < 100; ++i) elsewhere.send("a", std::to_string(i));
  EXPECT_EQ(elsewhere->confirmed(100, 1min), 100U);
  transport->open(host);
  Flow::Judge judge;
  transport->subscribe(below + "/#", judge, "recorders");
  EXPECT_TRUE(judge.wait_for(100)) << judge.distinct();
  EXPECT_EQ(judge.disorder(), 0);
  transport->close();
}

TEST_P(MqttFaults, LeavesWithTheBrokerWhatItHasNoRoomFor) {
  const Server server("mosquitto");
  Map settings = version();
  settings.emplace_back("queue", 200);
  const Open bus(make(server.port(), settings), level());
  std::atomic<bool> may_go = false;
  Recorder slow([&](std::span<const Message>) {
    while (!may_go) std::this_thread::sleep_for(1ms);
  });
  bus.subscribe("a", slow);
  std::vector<std::string> bodies;
  for (int i = 0; i < 2000; ++i) bodies.push_back(std::to_string(i));
  const std::string topic = bus.topic("a");
  std::vector<Message> batch;
  for (const std::string& body : bodies) batch.push_back({.topic = topic, .body = bytes(body)});
  EXPECT_EQ(bus.send_all(batch), 2000U);
  EXPECT_EQ(bus->confirmed(2000, 1min), 2000U);
  may_go = true;
  EXPECT_TRUE(slow.wait_for("a=1999"));
  bus->unsubscribe(slow);
  auto got = slow.got();
  std::vector<std::string> first;
  for (const std::string& one : got) {
    if (std::find(first.begin(), first.end(), one) == first.end()) first.push_back(one);
  }
  ASSERT_EQ(first.size(), 2000U);
  for (std::size_t i = 0; i < 2000; ++i) ASSERT_EQ(first[i], "a=" + bodies[i]);
}

TEST(MqttSettings, RefusesWhatItWouldNotDo_mqtt) {
  const auto problem = [](const Map& settings) {
    PlainHost host;
    const auto transport = make_driver<Transport>(DeviceKind::transport, "mqtt", settings);
    const Error error = error_of([&] { transport->open(host); });
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    return std::string(error.what());
  };
  for (const char* url : {"http://broker:1883", "broker:1883", "", "mqtt://", "mqtt://:1883"})
    EXPECT_THAT(problem({{"url", url}}), HasSubstr("expected a url like")) << url;
  EXPECT_THAT(problem({{"url", "mqtt://broker"}, {"ca", "ca.pem"}}), HasSubstr("nothing is encrypted"));
}

TEST(MqttLimits, TellsOnceWhatTheBrokerRefuses_mqtt5) {
  const Server server("mosquitto", {"message_size_limit 1000"});
  const Open bus(make(server.port()), level());
  const Bytes large(2000);
  const std::string topic = bus.topic("a");
  const Message batch[] = {
      {.topic = topic, .body = bytes("1")}, {.topic = topic, .body = large}, {.topic = topic, .body = bytes("3")}};
  EXPECT_EQ(bus->publish(batch).ticket, 3U);
  const Error error = error_of([&] { bus->confirmed(3, 1min); });
  EXPECT_EQ(error.code(), ErrorCode::transport);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("message 2"), HasSubstr("refused"), HasSubstr("too large")));
  EXPECT_EQ(bus->confirmed(3, 1min), 3U);
}

TEST(MqttLimits, KnowsTheBrokersLargestPacket_mqtt5) {
  const Server server("mosquitto", {"max_packet_size 2000"});
  const Open bus(make(server.port()), level());
  const Bytes large(2000);
  const std::string topic = bus.topic("a");
  const Message message{.topic = topic, .body = large};
  const Error error = error_of([&] { bus->publish({&message, 1}); });
  EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
  EXPECT_THAT(error.what(), HasSubstr("at most 2000 bytes"));
  bus.send("a", "small");
  EXPECT_EQ(bus->confirmed(1, 1min), 1U);
}

TEST(MqttLimits, RefusesTextsThatABrokerClosesTheConnectionOn_mqtt5) {
  const Server server("mosquitto");
  const Open bus(make(server.port()), level());
  const std::string topic = bus.topic("a");
  for (const std::string& text : {std::string("\xff"), std::string("\xc0\x80"), std::string("a\nb"),
                                  std::string("\xed\xa0\x80"), std::string(70000, 'a')}) {
    const Header header{text, "x"};
    const std::string odd = bus.topic(text);
    const Message batch[] = {{.topic = topic, .key = text}, {.topic = topic, .headers = {&header, 1}}, {.topic = odd}};
    for (const Message& message : batch)
      EXPECT_EQ(error_of([&] {
                  bus->publish({&message, 1});
                }).code(),
                ErrorCode::invalid_argument)
          << text.substr(0, 9);
  }
  const Header header{"größe", "5 µm, 星"};
  const Message good{.topic = topic, .key = "clé", .headers = {&header, 1}};
  EXPECT_EQ(bus->publish({&good, 1}).ticket, 1U);
  EXPECT_EQ(bus->confirmed(1, 1min), 1U);
}

TEST(MqttForeign, MosquittosOwnClientsSeeWhatWeSend_mqtt5) {
  const Server server("mosquitto");
  const Open bus(make(server.port()), level());
  const std::string port = std::to_string(server.port());
  const TemporaryFolder folder;
  const std::string out = (folder.path() / "out").string();
  const Header header{"traceparent", "00-1"};
  const Time now = std::chrono::system_clock::now();
  const std::string topic = bus.topic("a");
  const Message message{.topic = topic,
                        .key = "key",
                        .body = bytes("body"),
                        .time = now,
                        .retained = true,
                        .headers = {&header, 1},
                        .lifetime = 1h};
  bus->publish({&message, 1});
  ASSERT_EQ(bus->confirmed(1, 1min), 1U);
  ASSERT_EQ(
      std::system(
          ("mosquitto_sub -h 127.0.0.1 -V 5 -p " + port + " -t '" + topic + "' -C 1 -W 10 -F '%p|%P' >" + out).c_str()),
      0);
  EXPECT_THAT(read_file(out), HasSubstr("body|traceparent:00-1 astro-key:key astro-time:" + format_time(now, 9) +
                                        " astro-lifetime:3600"));
  Recorder recorder;
  bus.subscribe("b", recorder);
  ASSERT_EQ(
      std::system(
          ("mosquitto_pub -h 127.0.0.1 -V 311 -p " + port + " -q 1 -t '" + bus.topic("b") + "' -m foreign").c_str()),
      0);
  EXPECT_TRUE(recorder.wait_for("b=foreign"));
  bus->unsubscribe(recorder);
}

}  // namespace

}  // namespace astro::testing
