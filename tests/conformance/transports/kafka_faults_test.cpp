// SPDX-License-Identifier: BSD-3-Clause
// What breaks around Kafka, and what others see of what we send.
#include <gmock/gmock.h>

#include <chrono>
#include <random>
#include <thread>

#include "conformance/transports/flow.hpp"
#include "conformance/transports/kafka_broker.hpp"
#include "testing/server.hpp"
#include "testing/testing.hpp"

namespace astro::testing {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

namespace {

std::unique_ptr<Transport> make(int port, Map settings = {}) {
  settings.emplace_back("brokers", "127.0.0.1:" + std::to_string(port));
  return make_driver<Transport>(DeviceKind::transport, "kafka", patiently(settings));
}

std::string level() { return "conformance/" + unused_level(); }

TEST(KafkaFaults, LosesNothingWhenTheBrokerIsKilled_kafka) {
  Server server("kafka", {}, 2);
  const Open bus(make(server.port(), Map{{"queue", 2000}}), level());
  Flow::Judge all, some;
  bus.subscribe("flow/#", all);
  bus.subscribe("flow/#", some, "group");
  Flow flow(bus);
  for (int round = 1; round <= (is_long() ? 10 : 1); ++round) {
    flow.wait_for(static_cast<std::size_t>(round) * 400);
    server.kill();
    std::this_thread::sleep_for(200ms);
    server.start();
  }
  const std::size_t accepted = flow.end();
  EXPECT_EQ(bus->confirmed(accepted, 2min), accepted);
  EXPECT_TRUE(all.wait_for(accepted)) << all.distinct() << " of " << accepted;
  EXPECT_TRUE(some.wait_for(accepted)) << some.distinct() << " of " << accepted;
  std::printf("accepted %zu, delivered %zu (again: %d), to the group %zu (again: %d)\n", accepted, all.distinct(),
              all.repeated(), some.distinct(), some.repeated());
  bus->unsubscribe(all);
  bus->unsubscribe(some);
  EXPECT_EQ(all.disorder(), 0);
  EXPECT_EQ(some.disorder(), 0);
}

TEST(KafkaFaults, AcceptsWhatItHasRoomForWhileTheBrokersAreAway_kafka) {
  Server server("kafka", {}, 2, false);
  const Open bus(make(server.port(), Map{{"queue", 100}, {"timeout", 1.0}}), level());
  EXPECT_THAT(bus.host.logged(), ::testing::Contains(HasSubstr("connecting to 127.0.0.1")));
  Recorder recorder;
  EXPECT_EQ(error_of([&] { bus.subscribe("a", recorder); }).code(), ErrorCode::transport);
  const std::string topic = bus.topic("a");
  const std::vector<Message> batch(150, Message{.topic = topic, .body = bytes("x"), .retained = true});
  EXPECT_EQ(bus->publish(batch).accepted, 100U);
  EXPECT_EQ(bus->publish(batch).accepted, 0U);
  EXPECT_EQ(bus->confirmed(100, 10ms), 0U);
  server.start();
  EXPECT_EQ(bus->confirmed(100, 2min), 100U);
  bus.subscribe_patiently("a", recorder);
  EXPECT_TRUE(recorder.wait_for(1));
  bus->unsubscribe(recorder);
}

TEST(KafkaFaults, TrustsOnlyWhomItIsToldToAndSaysThatThePasswordIsWrong_kafka) {
  const Certificates certificates;
  const std::string pem = read_file(certificates["server.key"]) + read_file(certificates["server.pem"]);
  const TemporaryFolder folder;
  const std::string keystore = folder.write("server-both.pem", pem).string();
  const int controller = free_port();
  const Server server(
      "kafka",
      {"controller.quorum.voters=1@127.0.0.1:" + std::to_string(controller),
       "listeners=SASL_SSL://127.0.0.1:{PORT},CONTROLLER://127.0.0.1:" + std::to_string(controller),
       "listener.security.protocol.map=SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT", "inter.broker.listener.name=SASL_SSL",
       "sasl.enabled.mechanisms=PLAIN", "sasl.mechanism.inter.broker.protocol=PLAIN", "ssl.keystore.type=PEM",
       "ssl.keystore.location=" + keystore, "ssl.truststore.type=PEM",
       "ssl.truststore.location=" + certificates["ca.pem"],
       "listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule "
       "required username=\"broker\" password=\"inside\" user_broker=\"inside\" user_teide=\"right\";"},
      2);
  const auto settings = [&](const char* ca, const char* password) {
    return Map{{"tls", true}, {"ca", certificates[ca]}, {"sasl", "plain"}, {"user", "teide"}, {"password", password}};
  };
  {
    const Open bus(make(server.port(), settings("ca.pem", "right")), level());
    Recorder recorder;
    bus.subscribe("a", recorder);
    bus.send("a", "secret");
    EXPECT_TRUE(recorder.wait_for("a=secret"));
    bus->unsubscribe(recorder);
  }
  PlainHost host;
  const auto unknown = make(server.port(), settings("ca.pem", "wrong"));
  const Error refused = error_of([&] { unknown->open(host); });
  EXPECT_EQ(refused.code(), ErrorCode::transport);
  EXPECT_THAT(refused.what(), HasSubstr("Authentication failed"));
  const auto deceived = make(server.port(), settings("other.pem", "right"));
  const Error untrusted = error_of([&] { deceived->open(host); });
  EXPECT_EQ(untrusted.code(), ErrorCode::transport);
  EXPECT_THAT(untrusted.what(), HasSubstr("certificate"));
}

TEST(KafkaGroups, GoOnAfterARestart_kafka) {
  const int port = kafka_broker().port();
  const std::string below = level();
  const std::string group = "recorders-" + unused_level();
  const Open elsewhere(make(port), below);
  const auto transport = make(port);
  PlainHost host;
  transport->open(host);
  Recorder failing([](std::span<const Message>) { throw std::runtime_error("no disk"); });
  transport->subscribe(below + "/#", failing, group);
  for (int i = 0; i < 50; ++i) elsewhere.send("a", std::to_string(i));
  EXPECT_EQ(elsewhere->confirmed(50, 1min), 50U);
  for (int i = 0; i < 500 && host.logged().empty(); ++i) std::this_thread::sleep_for(10ms);
  transport->close();
  for (int i = 50; i < 100; ++i) elsewhere.send("a", std::to_string(i));
  EXPECT_EQ(elsewhere->confirmed(100, 1min), 100U);
  transport->open(host);
  Flow::Judge judge;
  transport->subscribe(below + "/#", judge, group);
  EXPECT_TRUE(judge.wait_for(100)) << judge.distinct();
  EXPECT_EQ(judge.disorder(), 0);
  transport->close();
}

TEST(KafkaTopics, KcatSeesTheTopicsOfTheContract_kafka) {
  const std::string broker = "127.0.0.1:" + std::to_string(kafka_broker().port());
  const Open bus(make(kafka_broker().port()), "telescope");
  Recorder recorder;
  bus.subscribe("commands", recorder);
  const Header header{"traceparent", "00-1"};
  const Message message{.topic = "telescope/commands", .key = "id-1", .body = bytes("point"), .headers = {&header, 1}};
  const Message deeper{.topic = "telescope/commands/dish", .key = "id-2", .body = bytes("stop")};
  bus->publish({&message, 1});
  bus->publish({&deeper, 1});
  ASSERT_EQ(bus->confirmed(2, 1min), 2U);
  const TemporaryFolder folder;
  const std::string out = (folder.path() / "out").string();
  ASSERT_EQ(
      std::system(
          ("kcat -q -e -b " + broker + " -C -t telescope.commands -o beginning -f '%k %h %s\\n' >" + out).c_str()),
      0);
  EXPECT_EQ(read_file(out), "id-1 traceparent=00-1 point\nid-2 astro-topic=telescope/commands/dish stop\n");
  ASSERT_EQ(std::system(("kcat -q -b " + broker + " -L -J -t telescope.commands >" + out).c_str()), 0);
  EXPECT_THAT(read_file(out), HasSubstr("\"partition\":0"));
  ASSERT_EQ(std::system(("echo foreign | kcat -b " + broker + " -P -t telescope.commands").c_str()), 0);
  EXPECT_TRUE(recorder.wait_for("commands=foreign"));
  bus->unsubscribe(recorder);
}

TEST(KafkaTopics, AWildcardFindsTopicsThatComeLater_kafka) {
  const std::string first = unused_level();
  const Open bus(make(kafka_broker().port()), first);
  Recorder recorder;
  bus->subscribe(first + "/+/x", recorder);
  bus.send("one/x", "1");
  bus.send("one/y", "not asked for");
  bus.send("two/x", "2");
  EXPECT_TRUE(recorder.wait_for(2));
  bus->unsubscribe(recorder);
  EXPECT_THAT(recorder.got(), UnorderedElementsAre("x=1", "x=2"));
}

TEST(KafkaTopics, KeysKeepTheirOrderOverPartitions_kafka) {
  const std::string name = unused_level();
  const Value rule = Map{{"pattern", name + "/#"}, {"topic", "many." + name}, {"partitions", 5}};
  const Open bus(make(kafka_broker().port(), Map{{"topics", List{rule}}}), name + "/deep");
  Flow::Judge all;
  bus.subscribe("#", all);
  Flow flow(bus);
  flow.wait_for(2000);
  const std::size_t accepted = flow.end();
  EXPECT_EQ(bus->confirmed(accepted, 1min), accepted);
  EXPECT_TRUE(all.wait_for(accepted));
  bus->unsubscribe(all);
  EXPECT_EQ(all.disorder(), 0);
}

TEST(KafkaLimits, TellsOnceWhatTheBrokersRefuse_kafka) {
  const std::string broker = "127.0.0.1:" + std::to_string(kafka_broker().port());
  const std::string name = unused_level();
  const Open small(make(kafka_broker().port(), Map{{"largest_body", 1000}}),
                   "small/" + name);  // the topic's limit follows
  ASSERT_EQ(small->confirmed(small.send("a", "x").ticket, 1min), 1U);
  const Open bus(make(kafka_broker().port()), "small/" + name);
  Bytes large(3U << 20);
  const std::string topic = bus.topic("a");
  std::minstd_rand random(1);  // so that it cannot be compressed
  for (std::byte& one : large) one = static_cast<std::byte>(random() >> 8);
  const Message batch[] = {
      {.topic = topic, .body = bytes("1")}, {.topic = topic, .body = large}, {.topic = topic, .body = bytes("3")}};
  EXPECT_EQ(bus->publish(batch).ticket, 3U);
  const Error error = error_of([&] { bus->confirmed(3, 1min); });
  EXPECT_EQ(error.code(), ErrorCode::transport);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("message "), HasSubstr("refused"), HasSubstr("too large")));
}

TEST(KafkaSettings, RefusesWhatItWouldPassBy_kafka) {
  const auto problem = [](Map settings) {
    const Error error = error_of([&] { const Open bus(make(1, std::move(settings)), level()); });
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    return std::string(error.what());
  };
  EXPECT_THAT(problem({{"ca", "ca.pem"}}), HasSubstr("tls: true"));
  EXPECT_THAT(problem({{"user", "teide"}, {"password", "x"}}), HasSubstr("SASL"));
}

TEST(KafkaLimits, HasNoLastWill_kafka) {
  const auto transport = make(kafka_broker().port());
  EXPECT_EQ(error_of([&] { transport->last_will({.topic = "a"}); }).code(), ErrorCode::unsupported);
}

}  // namespace

}  // namespace astro::testing
