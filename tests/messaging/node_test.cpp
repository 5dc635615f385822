// SPDX-License-Identifier: BSD-3-Clause
#include "astro/messaging/node.hpp"

#include <gmock/gmock.h>
#include <sqlite3.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "astro/error.hpp"
#include "astro/messaging/node_client.hpp"
#include "astro/messaging/telescope.hpp"
#include "testing/log_lines.hpp"
#include "testing/relay.hpp"
#include "testing/server.hpp"
#include "testing/testing.hpp"

namespace astro::messaging {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

const testing::Server& broker() {
  static const testing::Server server("mosquitto");
  return server;
}

/// Unlike that of any other test, since a broker remembers.
std::string site_name() {
  static int count = 0;
  return "hill-" + std::to_string(++count);
}

std::string site_text(int port, const std::string& name = "hill") {
  return "site: {name: " + name + R"(, latitude: 28.3 deg, longitude: -16.5 deg, height: 2390 m}
transports:
  broker: {driver: mqtt, url: "mqtt://127.0.0.1:)" +
         std::to_string(port) + R"("}
mounts:
  dish: {driver: simulator, runs: {node: movement}}
receivers:
  hydrogen: {driver: simulator, mount: dish, sample_rate: 2.4 MHz, runs: {node: movement}}
controllers:
  weather: {driver: simulator.environment, runs: {node: movement}}
nodes: {unsynchronised_clock: true}
)";
}

/// A node and whoever commands it, both in this process, over a real broker.
class NodeTest : public ::testing::Test {
 protected:
  Node serve(int port) {
    return Node::open(parse_site(site_text(port, name_), {.node = "movement"}), "movement",
                      {.state_folder = folder_.path() / "movement", .beat = 500ms});
  }
  Node serve() { return serve(broker().port()); }
  Observatory control(int port) {
    OpenOptions options;
    options.state_folder = folder_.path() / "control";
    return Observatory::open(parse_site(site_text(port, name_)), options);
  }
  Observatory control() { return control(broker().port()); }

  template <class Condition>
  static bool becomes(Condition condition, Duration at_most = 10s) {
    const auto end = std::chrono::steady_clock::now() + at_most;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(10ms);
    }
    return true;
  }

  const std::string name_ = site_name();
  const testing::TemporaryFolder folder_;
};

template <class Call>
Error refused(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was refused";
  return {ErrorCode::internal, ""};
}

TEST_F(NodeTest, MovesAMountOfAnotherNodeAsIfItWereHere) {
  const Node node = serve();
  const Observatory site = control();
  const MountHandle dish = site.mount("dish");
  ASSERT_TRUE(becomes([&] { return dish.status().time != Time{}; }));
  EXPECT_TRUE(dish.description().follows);
  const Axes goal{dish.status().axes.first + degrees(3), dish.status().axes.second + degrees(2)};
  dish.move_to(goal);
  dish.wait_until_on_target(60s);
  const MountReport there = node.observatory().mount("dish").status();
  EXPECT_NEAR(there.axes.first.degrees(), goal.first.degrees(), 0.2);
  EXPECT_NEAR(there.axes.second.degrees(), goal.second.degrees(), 0.2);
}

TEST_F(NodeTest, PointsByTheModelOfAMountOnceOnly) {
  std::string text = site_text(broker().port(), name_);
  const std::string before = "dish: {driver: simulator, ";
  text.insert(text.find(before) + before.size(), "pointing: {IA: 3 deg, IE: -2 deg}, ");
  const Node node =
      Node::open(parse_site(text, {.node = "movement"}), "movement", {.state_folder = folder_.path() / "movement"});
  OpenOptions options;
  options.state_folder = folder_.path() / "control";
  const Observatory site = Observatory::open(parse_site(text), options);
  const MountHandle dish = site.mount("dish");
  ASSERT_TRUE(becomes([&] { return dish.status().time != Time{}; }));
  const AltAz goal{dish.status().place.azimuth + degrees(2), dish.status().place.altitude + degrees(3)};
  const auto is_there = [&](const MountReport& report) {
    return separation(report.place, goal) < degrees(0.2) &&
           (report.axes.first - goal.azimuth - degrees(3)).abs() < degrees(0.2) &&
           (report.axes.second - goal.altitude + degrees(2)).abs() < degrees(0.2);
  };
  dish.slew_to(goal);
  dish.wait_until_on_target(60s);
  EXPECT_TRUE(is_there(dish.status()));
  EXPECT_TRUE(is_there(node.observatory().mount("dish").status()));
  dish.track(goal);  // by the node itself
  dish.wait_until_on_target(60s);
  EXPECT_TRUE(is_there(node.observatory().mount("dish").status()));
}

TEST_F(NodeTest, TheNodeFollowsTheSkyByItself) {
  const Node node = serve();
  const Observatory site = control();
  const MountHandle dish = site.mount("dish");
  ASSERT_TRUE(becomes([&] { return dish.status().time != Time{}; }));
  dish.track(parse_target("altaz 180 45"));
  EXPECT_TRUE(becomes([&] { return node.observatory().mount("dish").status().tracking; }));
  EXPECT_TRUE(dish.status().tracking);
  dish.stop();
  EXPECT_TRUE(becomes([&] { return !node.observatory().mount("dish").status().tracking; }));
}

TEST_F(NodeTest, WhatTheNodeRefusesIsRefusedInItsWords) {
  const Node node = serve();
  const Observatory site = control();
  const MountHandle dish = site.mount("dish");
  ASSERT_TRUE(becomes([&] { return dish.status().time != Time{}; }));
  node.observatory().mount("dish", {"handset", Rank::handset}).take();
  const Error error = refused([&] { dish.move_to(dish.status().axes); });
  EXPECT_EQ(error.code(), ErrorCode::not_holder);
  EXPECT_THAT(error.what(), HasSubstr("handset"));
}

TEST_F(NodeTest, IsHeldWhereItIsServedAndSeenByEveryone) {
  const Node node = serve();
  const Observatory town = control();
  const Observatory pedestal =
      Observatory::open(parse_site(site_text(broker().port(), name_)), {.state_folder = folder_.path() / "pedestal"});
  const MountHandle ben = town.mount("dish", {"ben", Rank::operator_});
  const MountHandle hand = pedestal.mount("dish", {"hand", Rank::handset});
  ASSERT_TRUE(becomes([&] { return ben.status().time != Time{} && hand.status().time != Time{}; }));
  const auto is_held_by = [](const MountHandle& dish, const std::string& name) {
    const auto holder = dish.holder();
    return (holder ? holder->issuer.name : "") == name;
  };

  ben.take(10min);
  EXPECT_TRUE(is_held_by(ben, "ben"));
  EXPECT_TRUE(is_held_by(node.observatory().mount("dish"), "ben"));
  EXPECT_TRUE(becomes([&] { return is_held_by(hand, "ben"); }));
  EXPECT_EQ(refused([&] { pedestal.mount("dish", {"eva", Rank::operator_}).take(); }).code(), ErrorCode::not_holder);

  hand.move_rate({.first = degrees(1)}, 300ms);  // who outranks the holder takes the device over
  EXPECT_TRUE(becomes([&] { return is_held_by(ben, "hand"); }));
  EXPECT_THAT(refused([&] { ben.park(); }).what(), HasSubstr("handset hand"));
  ben.release();
  EXPECT_TRUE(is_held_by(ben, "hand"));

  hand.release();
  EXPECT_TRUE(is_held_by(hand, ""));
  EXPECT_TRUE(becomes([&] { return is_held_by(ben, ""); }));
  ben.park();
}

TEST_F(NodeTest, WhoHoldsAReceiverHearsIt) {
  const Node node = serve();
  const Observatory site = control();
  const ReceiverHandle held = site.receiver("hydrogen", {"survey", Rank::observation});
  held.tune({.sample_rate = kilohertz(250)});
  held.take();
  BlockStream stream = held.stream();
  EXPECT_NE(stream.next(20s), nullptr);
  const ReceiverHandle other = site.receiver("hydrogen", {"other", Rank::observation});
  EXPECT_THAT(refused([&] { (void)other.tune({.sample_rate = kilohertz(500)}); }).what(), HasSubstr("survey"));
}

TEST_F(NodeTest, IsTakenByACommandOfADriverToo) {
  const Node node = serve();
  const Observatory site = control();
  ASSERT_TRUE(becomes([&] { return site.mount("dish").status().time != Time{}; }));
  Value lease;
  lease.set("lease", 60.0);
  const auto ended = [&](const char* name, const Value& parameters) {
    return site
        .execute({.id = new_id(),
                  .device = "dish",
                  .name = name,
                  .parameters = parameters,
                  .issuer = {"pedestal", Rank::handset}})
        .wait_completed(10s);
  };
  EXPECT_EQ(ended("take", lease).state, CommandState::completed);
  ASSERT_TRUE(node.observatory().mount("dish").holder());
  EXPECT_EQ(node.observatory().mount("dish").holder()->issuer, (Issuer{"pedestal", Rank::handset}));
  EXPECT_EQ(ended("release", {}).state, CommandState::completed);
  EXPECT_TRUE(becomes([&] { return !node.observatory().mount("dish").holder(); }));
  lease.set("lease", -1.0);
  EXPECT_THAT(refused([&] { ended("take", lease); }).what(), HasSubstr("lease"));
}

TEST_F(NodeTest, CarriesOutCommandsOfAController) {
  const Node node = serve();
  const Observatory site = control();
  const ControllerHandle weather = site.controller("weather");
  ASSERT_TRUE(becomes([&] { return site.latest("weather.temperature").has_value(); }));
  Value parameters;
  parameters.set("duration", 1.0);
  const Acknowledgment done = weather.perform("calibrate_sensors", parameters).wait_completed(30s);
  EXPECT_EQ(done.state, CommandState::completed);
  parameters = Value{};
  parameters.set("interval", 1000.0);
  const Error error = refused([&] { weather.perform("set_update_interval", parameters); });
  EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
}

TEST_F(NodeTest, StreamsTheSamplesOfAReceiver) {
  const Node node = serve();
  const Observatory site = control();
  const ReceiverHandle hydrogen = site.receiver("hydrogen");
  const Tuning taken = hydrogen.tune({.frequency = megahertz(1420.4), .sample_rate = kilohertz(250)});
  EXPECT_NEAR(taken.sample_rate.hertz(), 250e3, 1.0);
  BlockStream stream = hydrogen.stream();
  std::uint64_t items = 0;
  std::optional<std::uint64_t> next;
  while (items < 500'000) {
    const BlockPtr block = stream.next(5s);
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(block->first - next.value_or(block->first - block->lost), block->lost) << "what was lost is counted";
    next = block->first + block->items();
    items += block->items();
  }
  EXPECT_EQ(stream.next(5s)->settings().dtype, node.observatory().receiver("hydrogen").settings()->dtype);
}

TEST_F(NodeTest, DoesACommandOnceHoweverOftenItComes) {
  const Node node = serve();
  NodeClient client(parse_site(site_text(broker().port(), name_)));
  Command command;
  command.id = new_id();
  command.device = "weather";
  command.name = "reset_sensors";
  command.issuer = {"alice", Rank::operator_};
  const Acknowledgment first = client.send(command, 10s);
  EXPECT_EQ(first.state, CommandState::completed);
  EXPECT_EQ(first.issuer.name, "alice");
  const Acknowledgment again = client.send(command, 10s);
  EXPECT_EQ(again.state, CommandState::completed);
  EXPECT_EQ(again.time, first.time) << "it was done a second time";
}

TEST_F(NodeTest, AnExpiredCommandDoesNotRun) {
  const Node node = serve();
  NodeClient client(parse_site(site_text(broker().port(), name_)));
  Command command;
  command.device = "weather";
  command.name = "reset_sensors";
  command.issued = Clock::system()->now() - 1h;
  command.expires = command.issued + 59min;
  EXPECT_EQ(client.send(command, 10s).state, CommandState::timeout);
}

TEST_F(NodeTest, NothingMovesWhileTheTimeIsNotKnown) {
  std::string text = site_text(broker().port(), name_);
  text.erase(text.find("nodes:"));
  text.replace(text.find("simulator, runs"), 9, "simulator, max_speed: 60 deg, acceleration: 60 deg");
  std::atomic<bool> is_synchronised = false;
  const Node node = Node::open(parse_site(text, {.node = "movement"}), "movement",
                               {.state_folder = folder_.path() / "movement", .beat = 500ms, .is_synchronised = [&] {
                                  return is_synchronised.load();
                                }});
  NodeClient client(parse_site(text));
  Command command;
  command.device = "dish";
  command.name = "move_to";
  command.parameters.set("first", 20.0).set("second", 50.0);
  command.id = new_id();
  const Acknowledgment refused = client.send(command, 30s);
  EXPECT_EQ(refused.state, CommandState::rejected);
  EXPECT_EQ(refused.error_code, "unsafe");
  EXPECT_THAT(refused.message, HasSubstr("synchronised with nothing"));
  Command park;
  park.device = "dish";
  park.name = "park";
  EXPECT_EQ(client.send(park, 60s).state, CommandState::completed) << "to park is to be safe";
  Command reset;
  reset.device = "weather";
  reset.name = "reset_sensors";
  EXPECT_EQ(client.send(reset, 30s).state, CommandState::completed) << "it moves nothing";
  is_synchronised = true;
  EXPECT_EQ(client.send(command, 30s).state, CommandState::rejected) << "an id is for one command";
  command.id.clear();
  EXPECT_EQ(client.send(command, 60s).state, CommandState::completed);
}

TEST_F(NodeTest, DoesNotServeWhileACommandIsStuck) {
  const Node node = Node::open(parse_site(site_text(broker().port(), name_), {.node = "movement"}), "movement",
                               {.state_folder = folder_.path() / "movement", .beat = 100ms});
  EXPECT_TRUE(node.serves());
  sqlite3* journal = nullptr;
  ASSERT_EQ(sqlite3_open((folder_.path() / "movement" / "journal.db").c_str(), &journal), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(journal, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  NodeClient client(parse_site(site_text(broker().port(), name_)));
  Command command;
  command.id = new_id();
  command.device = "weather";
  command.name = "reset_sensors";
  EXPECT_FALSE(is_final(client.send(command, 1ms).state));
  EXPECT_TRUE(becomes([&] { return !node.serves(); }, 60s));
  sqlite3_exec(journal, "ROLLBACK", nullptr, nullptr, nullptr);
  sqlite3_close(journal);
  EXPECT_TRUE(becomes([&] { return node.serves(); }, 60s));
  EXPECT_EQ(client.send(command, 60s).state, CommandState::completed) << "it came again";
}

TEST_F(NodeTest, ACommandWaitsForANodeThatIsAway) {
  { const Node node = serve(); }  // so that its session is known
  NodeClient client(parse_site(site_text(broker().port(), name_)));
  Command command;
  command.device = "weather";
  command.name = "reset_sensors";
  const Acknowledgment waits = client.send(command, 200ms);
  EXPECT_EQ(waits.state, CommandState::unanswered);
  EXPECT_FALSE(is_final(waits.state));
  EXPECT_THAT(waits.message, HasSubstr("waits at the broker until the node takes it, and never expires"));
  const Node node = serve();
  EXPECT_TRUE(becomes([&] {
    const auto told = node.observatory().find_command(waits.command_id);
    return told && told->state == CommandState::completed;
  }));
}

TEST_F(NodeTest, ACommandToANodeThatNeverWasIsNotSaidToWait) {
  NodeClient client(parse_site(site_text(broker().port(), name_)));
  Command command;
  command.device = "weather";
  command.name = "reset_sensors";
  command.issuer = {"alice", Rank::operator_};
  const Acknowledgment told = client.send(command, 200ms);
  EXPECT_EQ(told.state, CommandState::unanswered);
  EXPECT_THAT(told.message, HasSubstr("has never been heard of"));
  EXPECT_EQ(told.issuer.name, "alice");
}

TEST_F(NodeTest, SaysWhoIsAwayAndGoesOnWhenItIsBack) {
  auto node = std::make_unique<Node>(serve());
  const std::int64_t first = node->boot();
  const Observatory site = control();
  const MountHandle dish = site.mount("dish");
  ASSERT_TRUE(becomes([&] { return dish.status().time != Time{}; }));
  node.reset();
  ASSERT_TRUE(becomes([&] { return dish.status().state == MountState::fault; }));
  const Error error = refused([&] { dish.move_to({degrees(10), degrees(45)}); });
  EXPECT_EQ(error.code(), ErrorCode::device_fault);
  EXPECT_THAT(error.what(), HasSubstr("node 'movement' was closed"));
  node = std::make_unique<Node>(serve());
  EXPECT_GT(node->boot(), first);
  EXPECT_TRUE(becomes([&] { return dish.status().state != MountState::fault; }));
}

TEST_F(NodeTest, SaysThatAnotherHasItsName) {
  const testing::LogLines said(LogLevel::error, "another node has the name");
  { const Node before = serve(); }
  const Node node = serve();  // its own start before is no other node
  std::this_thread::sleep_for(3s);
  EXPECT_THAT(said.messages(), ::testing::IsEmpty());
  const Node other = Node::open(parse_site(site_text(broker().port(), name_), {.node = "movement"}), "movement",
                                {.state_folder = folder_.path() / "elsewhere", .beat = 500ms});
  ASSERT_NE(other.boot(), node.boot());
  EXPECT_TRUE(becomes([&] { return said.messages().size() == 2; }, 60s)) << "each of them says so";
  std::this_thread::sleep_for(2s);
  EXPECT_EQ(said.messages().size(), 2u) << "once";
}

TEST_F(NodeTest, ClosesWithoutASingleWarning) {
  const testing::LogLines said(LogLevel::warning, "is closed");
  for (int i = 0; i < 5; ++i) {
    const Node node = serve();
    EXPECT_TRUE(becomes([&] { return !node.observatory().latest().empty(); }));
  }
  EXPECT_THAT(said.messages(), ::testing::IsEmpty());
}

TEST_F(NodeTest, OpensASiteWhoseNodesAreNotThereYet) {
  const Observatory site = control();
  const Error error = refused([&] { site.mount("dish").move_to({degrees(10), degrees(45)}); });
  EXPECT_EQ(error.code(), ErrorCode::device_fault);
  EXPECT_THAT(error.what(), HasSubstr("has not been heard of"));
}

TEST_F(NodeTest, PutsABrokenCommandAsideWithTheReason) {
  const Node node = serve();
  const Observatory wire = Observatory::open(
      parse_site("site: {name: Hill, latitude: 0 deg, longitude: 0 deg}\ntransports:\n  broker: {driver: mqtt, url: "
                 "\"mqtt://127.0.0.1:" +
                 std::to_string(broker().port()) + "\"}\n"),
      {.state_folder = folder_.path() / "wire"});
  std::mutex mutex;
  std::vector<std::string> aside;
  NodeClient client(parse_site(site_text(broker().port(), name_)));
  client.watch([&](std::string_view topic, std::span<const std::byte> body) {
    const std::lock_guard lock(mutex);
    if (topic.ends_with("/dlq")) aside.emplace_back(reinterpret_cast<const char*>(body.data()), body.size());
  });
  for (const std::string body : {R"({"command_id": 7})", "not JSON", R"({"command_type": "device_command"})"}) {
    Message message;
    const std::string topic = "astro/v1/" + name_ + "/movement/command/dish";
    message.topic = topic;
    message.body = std::as_bytes(std::span(body));
    ASSERT_EQ(wire.transport("broker")->publish(std::span(&message, 1)).accepted, 1U);
  }
  EXPECT_TRUE(becomes([&] {
    const std::lock_guard lock(mutex);
    return aside.size() == 3;
  }));
  const std::lock_guard lock(mutex);
  EXPECT_THAT(aside, ::testing::Each(HasSubstr("reason")));
}

TEST_F(NodeTest, KeepsWhatItMeasuresWhileTheBrokerIsAway) {
  testing::Relay link(broker().port());
  std::mutex mutex;
  std::map<std::int64_t, int> seen;  // how often each number of the controller came
  std::int64_t late = 0;
  NodeClient client(parse_site(site_text(broker().port(), name_)));
  client.watch([&](std::string_view topic, std::span<const std::byte> body) {
    if (topic.find("/data/weather/") == std::string_view::npos) return;
    const auto point = from_value<PointMessage>(parse_json({reinterpret_cast<const char*>(body.data()), body.size()}));
    const std::lock_guard lock(mutex);
    ++seen[point.sequence];
    if (point.historical) ++late;
  });
  Node node = serve(link.port());
  const auto newest = [&] {
    std::int64_t sequence = 0;
    for (const Point& point : node.observatory().latest()) {
      if (point.device == "weather") sequence = std::max<std::int64_t>(sequence, point.sequence);
    }
    return sequence;
  };
  const auto came = [&](std::int64_t sequence) {
    const std::lock_guard lock(mutex);
    return seen.contains(sequence);
  };
  ASSERT_TRUE(becomes([&] { return newest() > 0; }));
  const std::int64_t before = newest();
  ASSERT_TRUE(becomes([&] { return came(before); }));
  link.cut();
  ASSERT_TRUE(becomes([&] { return newest() > before + 24; }, 60s));
  link.mend();
  const std::int64_t last = newest();
  EXPECT_TRUE(becomes([&] { return came(last); }, 60s));
  EXPECT_TRUE(becomes(
      [&] {
        const std::lock_guard lock(mutex);
        return static_cast<std::int64_t>(seen.size()) >= last;
      },
      60s));
  const std::lock_guard lock(mutex);
  for (std::int64_t i = 1; i <= last; ++i) EXPECT_TRUE(seen.contains(i)) << i << " was lost";
  EXPECT_GT(late, 0) << "nothing says that it is late";
}

TEST(NodeSite, ANodeWithoutDevicesIsNoNode) {
  const Error error = refused([] { (void)Node::open(parse_site(site_text(1), {.node = "handset"}), "handset"); });
  EXPECT_EQ(error.code(), ErrorCode::not_found);
  EXPECT_THAT(error.what(), HasSubstr("runs: {node: handset}"));
}

/// The site with a transport within the process.
std::string local_site_text(const std::string& settings) {
  std::string text = site_text(1);
  const std::size_t begin = text.find("{driver: mqtt");
  return text.replace(begin, text.find('}', begin) + 1 - begin, "{driver: local" + settings + "}");
}

TEST(NodeSite, WithinOneProcessNoBrokerIsNeeded) {
  const testing::TemporaryFolder folder;
  const std::string text = local_site_text(", shared: hill");
  const Node node = Node::open(parse_site(text, {.node = "movement"}), "movement",
                               {.state_folder = folder.path() / "movement", .beat = 500ms});
  const Observatory site = Observatory::open(parse_site(text), {.state_folder = folder.path() / "control"});
  NodeClient client(parse_site(text));
  Command command;
  command.device = "weather";
  command.name = "reset_sensors";
  EXPECT_EQ(client.send(command, 30s).state, CommandState::completed);
  const MountHandle dish = site.mount("dish");
  const auto until = std::chrono::steady_clock::now() + 30s;
  while (dish.status().time == Time{} && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(10ms);
  dish.track(parse_target("altaz 180 45"));
  EXPECT_TRUE(node.observatory().mount("dish").target().has_value());
}

TEST(NodeSite, ALocalTransportOfOneDeviceIsNoWayToOthers) {
  const std::string text = local_site_text("");
  const Error serving = refused([&] { (void)Node::open(parse_site(text, {.node = "movement"}), "movement"); });
  EXPECT_EQ(serving.code(), ErrorCode::invalid_site);
  EXPECT_THAT(serving.what(), HasSubstr("shared: NAME"));
  const Error reaching = refused([&] { NodeClient client(parse_site(text)); });
  EXPECT_EQ(reaching.code(), ErrorCode::invalid_site);
  EXPECT_THAT(reaching.what(), HasSubstr("shared: NAME"));
}

TEST(NodeSite, ADeviceBelongsToOneNodeAndIsRemoteToOthers) {
  const Site here = parse_site(site_text(1), {.node = "movement"});
  EXPECT_EQ(here.find(DeviceKind::mount, "dish")->driver, "simulator");
  const Site there = parse_site(site_text(1));
  EXPECT_EQ(there.find(DeviceKind::mount, "dish")->driver, "remote");
  EXPECT_EQ(there.find(DeviceKind::mount, "dish")->node, "movement");
  const Site simulated = parse_site(site_text(1), {.simulate = true});
  EXPECT_EQ(simulated.find(DeviceKind::mount, "dish")->driver, "simulator");
}

}  // namespace
}  // namespace astro::messaging
