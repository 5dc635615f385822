// SPDX-License-Identifier: BSD-3-Clause
#include "astro/messaging/telescope_topics.hpp"

#include <gmock/gmock.h>

#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>

#include "astro/error.hpp"
#include "astro/json.hpp"
#include "astro/messaging/telescope.hpp"
#include "astro/observing/observe.hpp"
#include "testing/server.hpp"
#include "testing/testing.hpp"

namespace astro::messaging {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto long_enough = 120s;  // on a machine that has much else to do

std::string site_text(const std::filesystem::path& folder) {
  return R"(
site: {name: Hill, latitude: 28.3 deg, longitude: -16.5 deg, height: 2390 m}
clock: {start: 2026-01-15T20:00:00, speed: 20}
transports: {control: {driver: local}}
mounts: {dish: {driver: simulator}}
receivers: {hydrogen: {driver: simulator, mount: dish, frequency: 1420.4 MHz, sample_rate: 100 kHz}}
telescope: {node: hill, encoding: json, channels: 64}
stores: {archive: {driver: sqlite, path: )" +
         (folder / "hill.db").string() + "}}\n";
}

/// What is said on one topic, by key.
class Heard final : public Subscriber {
 public:
  void deliver(std::span<const Message> messages) override {
    const std::lock_guard lock(mutex_);
    for (const Message& message : messages) {
      said_[std::string(message.key)].push_back(
          parse_json({reinterpret_cast<const char*>(message.body.data()), message.body.size()}));
    }
    changed_.notify_all();
  }
  /// Of a key, once there is enough of it.
  template <class Enough>
  List wait(const std::string& key, Enough is_enough) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, long_enough, [&] { return is_enough(said_[key]); }));
    return said_[key];
  }
  List wait_for_end(const std::string& key, int times = 1) {
    return wait(key, [&](const List& said) {
      return std::ranges::count_if(said, [](const Value& one) { return is_end(one); }) >= times;
    });
  }
  static std::string status(const Value& acknowledgment) { return acknowledgment.find("status")->as_text(); }
  static std::string code(const Value& acknowledgment) { return acknowledgment.find("error_code")->as_text(); }

 private:
  static bool is_end(const Value& acknowledgment) {
    return status(acknowledgment) != "received" && status(acknowledgment) != "started";
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, List> said_;
};

class TelescopeTopicsTest : public ::testing::Test {
 protected:
  TelescopeTopicsTest() {
    control_->subscribe("telescope/acknowledgments", acknowledgments_);
    control_->subscribe("telescope/data", data_);
    control_->subscribe("telescope/commands.dlq", dead_);
    serve();
  }
  ~TelescopeTopicsTest() override {
    topics_.reset();
    for (Heard* each : {&acknowledgments_, &data_, &dead_}) control_->unsubscribe(*each);
  }

  void serve() {
    topics_ = telescope_topics_of(site_, "hill");
    ASSERT_TRUE(topics_->wait_heard(long_enough));
  }
  void publish(const std::string& key, const std::string& body) {
    Message message;
    message.topic = "telescope/commands";
    message.key = key;
    message.body = std::as_bytes(std::span(body));
    ASSERT_EQ(control_->publish(std::span(&message, 1)).accepted, 1U);
  }
  void send(const TelescopeCommand& command) { publish(command.command_id, to_json(command)); }
  TelescopeCommand start(const std::string& id, double seconds) const {
    ObservationBase asked;
    asked.target_name = "Cas A";
    asked.ra = 350.85;
    asked.dec = 58.81;
    asked.center_frequency = 1420.4;
    asked.observation_type = "TARGET_OBSERVATION";
    asked.integration_time = seconds;
    asked.observation_id = "observation " + id;
    return {.command_id = id, .observation_request = asked};
  }

  const testing::TemporaryFolder folder_;
  const Observatory site_ = Observatory::open(parse_site(site_text(folder_.path())), {.state_folder = folder_.path()});
  const std::shared_ptr<Transport> control_ = site_.transport("control");
  Heard acknowledgments_;
  Heard data_;
  Heard dead_;
  std::unique_ptr<TelescopeTopics> topics_;
};

TEST_F(TelescopeTopicsTest, ObservesWhatIsAskedForAndTellsEachSpectrumOnce) {
  send(start("a", 5));
  const List told = acknowledgments_.wait_for_end("a");
  EXPECT_EQ(Heard::status(told.front()), "received");
  EXPECT_EQ(Heard::status(told[1]), "started");
  ASSERT_EQ(Heard::status(told.back()), "completed");
  const List rows = data_.wait("observation a", [](const List& said) { return said.size() >= 5; });
  ASSERT_EQ(rows.size(), 5U);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].find("sequence_number")->as_integer(), static_cast<std::int64_t>(i));
  }
  const Value link = parse_json(told.back().find("details")->as_text());
  const auto stored = site_.store("archive").find<Integration>(
      {.where = {{.field = "observation_id", .value = link.find("observation")->as_text()}}});
  EXPECT_EQ(stored.size(), 5U);

  send(start("a", 5));
  const List again = acknowledgments_.wait_for_end("a", 2);
  EXPECT_EQ(again.size(), told.size() + 1);
  EXPECT_EQ(Heard::status(again.back()), "completed");
  EXPECT_EQ(site_.store("archive").count<Observation>({}), 1U);
}

TEST_F(TelescopeTopicsTest, UnderstandsTimesInMillisecondsToo) {
  std::string body = to_json(start("m", 1));
  for (const std::string name : {"submitted_at", "created_at", "updated_at"}) {
    const std::size_t begin = body.find('"' + name + "\":") + name.size() + 3;
    body.replace(begin, body.find_first_of(",}", begin) - begin, "1768507200123");
  }
  publish("m", body);
  EXPECT_EQ(Heard::status(acknowledgments_.wait_for_end("m").back()), "completed");
}

TEST_F(TelescopeTopicsTest, AppliesTheGainOfAReceiverThatHasOne) {
  const double before = site_.receiver("hydrogen").settings()->tuning.gain_db.value_or(0.0);
  send(start("k", 1));
  EXPECT_EQ(Heard::status(acknowledgments_.wait_for_end("k").back()), "completed");
  EXPECT_EQ(site_.receiver("hydrogen").settings()->tuning.gain_db.value_or(0.0), before) << "nobody asked";
  TelescopeCommand asked = start("l", 1);
  asked.observation_request->rf_gain = 17.0;
  send(asked);
  EXPECT_EQ(Heard::status(acknowledgments_.wait_for_end("l").back()), "completed");
  EXPECT_EQ(site_.receiver("hydrogen").settings()->tuning.gain_db, 17.0);
  asked.command_id = "m";
  asked.observation_request->rf_gain = 1e6;
  send(asked);
  const Value end = acknowledgments_.wait_for_end("m").back();
  EXPECT_EQ(Heard::status(end), "rejected");
  EXPECT_THAT(end.find("message")->as_text(), HasSubstr("gain"));
}

TEST_F(TelescopeTopicsTest, CancelsWhatRunsByTheCommandThatAskedForIt) {
  send(start("b", 5000));
  data_.wait("observation b", [](const List& said) { return !said.empty(); });
  send({.command_id = "c", .command_type = "cancel_observation", .parent_id = "b"});
  EXPECT_EQ(Heard::status(acknowledgments_.wait_for_end("c").back()), "completed");
  const Value end = acknowledgments_.wait_for_end("b").back();
  EXPECT_EQ(Heard::status(end), "failed");
  EXPECT_EQ(Heard::code(end), "cancelled");
}

TEST_F(TelescopeTopicsTest, WhatIsUnderWayWhenItEndsIsInterrupted) {
  send(start("d", 5000));
  send(start("e", 5000));
  data_.wait("observation d", [](const List& said) { return !said.empty(); });
  topics_.reset();
  for (const char* id : {"d", "e"}) {
    const List told = acknowledgments_.wait_for_end(id);
    EXPECT_EQ(Heard::status(told.back()), "failed");
    EXPECT_EQ(Heard::code(told.back()), "interrupted");
  }
  serve();
  send(start("d", 5000));
  EXPECT_EQ(Heard::code(acknowledgments_.wait_for_end("d", 2).back()), "interrupted");
}

TEST_F(TelescopeTopicsTest, MovesADeviceOnceHoweverOftenItIsAsked) {
  const TelescopeCommand move{.command_id = "f",
                              .command_type = "device_command",
                              .device = "dish",
                              .name = "move_to",
                              .parameters = R"({"first": 170, "second": 50})",
                              .issuer = "anna",
                              .issuer_rank = "operator"};
  send(move);
  const List told = acknowledgments_.wait_for_end("f");
  std::vector<std::string> states;
  for (const Value& one : told) states.push_back(Heard::status(one));
  EXPECT_THAT(states, ElementsAre("received", "started", "completed"));
  send(move);
  EXPECT_EQ(acknowledgments_.wait_for_end("f", 2).size(), 4U);
  EXPECT_EQ(site_.find_command("f")->state, CommandState::completed);
  send({.command_id = "g", .command_type = "device_command", .device = "dish", .name = "stop"});
  EXPECT_EQ(Heard::status(acknowledgments_.wait_for_end("g").back()), "completed");
}

TEST_F(TelescopeTopicsTest, WhatCannotBeReadIsPutAsideAndTheNextIsObeyed) {
  publish("h", R"({"command_id": "h", "timestamp": "yesterday"})");
  publish("h", R"({"command_type": "start_observation"})");
  send({.command_id = "i", .command_type = "dance"});
  const Value end = acknowledgments_.wait_for_end("i").back();
  EXPECT_EQ(Heard::status(end), "rejected");
  EXPECT_EQ(Heard::code(end), "invalid_argument");
  EXPECT_EQ(dead_.wait("h", [](const List& said) { return said.size() >= 2; }).size(), 2U);
  TelescopeCommand late = start("j", 5);
  late.expires = 1'000;
  send(late);
  EXPECT_EQ(Heard::status(acknowledgments_.wait_for_end("j").back()), "timeout");
}

TEST(TelescopeSection, SaysWhatItLacks) {
  const auto problem_of = [](const std::string& section) {
    try {
      const std::string text = R"(
site: {name: Hill, latitude: 28.3 deg, longitude: -16.5 deg, height: 2390 m}
transports: {control: {driver: local}}
mounts: {dish: {driver: simulator, runs: {node: movement}}}
)" + section;
      (void)parse_site(text);
    } catch (const SiteError& error) {
      return error.problems().front().message + error.problems().front().suggestion;
    }
    return std::string();
  };
  EXPECT_EQ(problem_of("telescope: {node: movement, encoding: json}"), "");
  EXPECT_THAT(problem_of("telescope: {node: movement}"), HasSubstr("nothing says where the schemas are"));
  EXPECT_THAT(problem_of("telescope: {node: movment, encoding: json}"), HasSubstr("nobody would serve the topics"));
}

TEST(SchemaRegistry, GoesOnWithWhatItKeptWhileTheRegistryIsAway) {
  const testing::TemporaryFolder folder;
  testing::Server server("registry");
  const RegistryOptions options{.url = "http://127.0.0.1:" + std::to_string(server.port()),
                                .kept_in = folder.path() / "schemas.json"};
  const std::string schema = avro_schema(schema_of<TelescopeStatus>());
  const std::int32_t id = SchemaRegistry(options).register_schema("telescope.status-value", schema);
  server.kill();
  SchemaRegistry after(options);
  EXPECT_EQ(after.register_schema("telescope.status-value", schema), id);
  EXPECT_EQ(after.schema(id), schema);
  EXPECT_THROW((void)after.schema(id + 1), Error);
}

}  // namespace
}  // namespace astro::messaging
