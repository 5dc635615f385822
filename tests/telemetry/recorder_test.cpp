// SPDX-License-Identifier: BSD-3-Clause
#include "astro/telemetry/recorder.hpp"
#include "astro/messaging/telescope.hpp"

#include <algorithm>

#include "astro/error.hpp"
#include "astro/telemetry/gaps.hpp"
#include "astro/telemetry/history.hpp"
#include "station.hpp"

namespace astro::telemetry {
namespace {

using namespace astro::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr const char* section = R"(
recorder:
  transport: events
  store: archive
  topics:
    - {pattern: "astro/v1/hill/+/data/#", holds: points}
    - {pattern: "astro/v1/hill/+/shed", holds: shed}
    - {pattern: telescope/data, holds: data, encoding: json}
)";

/// A recorder at work, in its own thread.
class Recording {
 public:
  explicit Recording(const Observatory& site, const std::string& group = "recorder")
      : recorder_(site, section_of(site, group)),
        thread_([this](const std::stop_token& stop) { recorder_.run(stop); }) {}
  RecorderStatus status() const { return recorder_.status(); }
  bool has_dealt_with(std::uint64_t messages) const {
    return eventually([&] { return status().messages >= messages; });
  }

 private:
  static RecorderSection section_of(const Observatory& site, const std::string& group) {
    auto made = site.site().section<RecorderSection>("recorder");
    made.group = group;
    return made;
  }
  Recorder recorder_;
  std::jthread thread_;
};

void publish(const Observatory& site, const std::string& topic, const std::string& body, const std::string& key = {}) {
  const Message message{.topic = topic, .key = key, .body = std::as_bytes(std::span(body))};
  ASSERT_EQ(site.transport("events")->publish(std::span(&message, 1)).accepted, 1u);
}

/// The subscription is there once a message comes through: a group without members has no place in the stream yet.
void await_subscription(const Observatory& site, const Recording& recording) {
  ASSERT_TRUE(eventually([&] {
    publish(site, "astro/v1/hill/probe/data/mast/probe", R"({"value":0,"timestamp":"2026-01-15T19:00:00Z"})");
    publish(site, "telescope/data", "{}");
    return recording.status().messages > 1 && recording.status().dead > 0;
  }));
}

struct DeadLetters final : Subscriber {
  struct Letter {
    std::string body{}, key{}, error{}, origin{};
  };
  std::mutex mutex;
  std::vector<Letter> all;
  void deliver(std::span<const Message> messages) override {
    const std::lock_guard lock(mutex);
    for (const Message& message : messages) {
      Letter letter{.body = {reinterpret_cast<const char*>(message.body.data()), message.body.size()},
                    .key = std::string(message.key)};
      for (const Header& header : message.headers) {
        if (header.name == "astro-error") letter.error = header.value;
        if (header.name == "astro-origin") letter.origin = header.value;
      }
      all.push_back(std::move(letter));
    }
  }
};

TEST(Recorder, KeepsPointsEachOnceHoweverOftenTheyCome) {
  const Hill hill(section);
  const Observatory site = hill.open();
  const Recording recording(site);
  await_subscription(site, recording);
  for (int round = 0; round < 3; ++round) {
    for (int i = 1; i <= 50; ++i) {
      publish(
          site, "astro/v1/hill/movement/data/dish/altitude",
          R"({"value":)" + std::to_string(i) +
              R"(.5,"unit":"deg","timestamp":"2026-01-15T20:00:00.25+01:00","quality":"doubtful","boot":7,"sequence":)" +
              std::to_string(i) + R"(,"historical":true,"more":"of third parties"})");
    }
  }
  ASSERT_TRUE(eventually([&] { return count_history(site.store("archive"), {.id = "dish.altitude"}) == 50; }));
  ASSERT_TRUE(eventually([&] { return recording.status().there >= 100; }));
  EXPECT_EQ(count_history(site.store("archive"), {.id = "dish.altitude"}), 50u);
  const auto found =
      site.store("archive").find<HistoryPoint>({.where = {{"key", Compare::equal, "movement/dish/7/2"}}});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].value, Value(2.5));
  EXPECT_EQ(found[0].time, parse_time("2026-01-15T19:00:00.25"));
  EXPECT_EQ(found[0].quality, Quality::doubtful);
  EXPECT_EQ(found[0].unit, "deg");
  EXPECT_TRUE(found[0].historical);
}

TEST(Recorder, KeepsWhatNodesTellOfPointsThatTheyLetGo) {
  const Hill hill(section);
  const Observatory site = hill.open();
  const Recording recording(site);
  await_subscription(site, recording);
  const auto tell = [&](int first, int count) {
    publish(site, "astro/v1/hill/movement/shed",
            R"({"source":"dish","boot":7,"first":)" + std::to_string(first) + R"(,"last":250,"count":)" +
                std::to_string(count) + R"(,"from":"2026-01-15T20:00:00Z","to":"2026-01-15T20:10:00Z"})");
  };
  for (int round = 0; round < 3; ++round) tell(100, 90);
  tell(120, 0);  // none: among the dead letters
  tell(200, 5);
  const auto losses = [&] { return site.store("archive").find<Loss>({}); };
  ASSERT_TRUE(eventually([&] { return losses().size() >= 2; }));
  const auto found = losses();
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_EQ(found[0].id, "movement/dish/7/100");
  EXPECT_EQ(found[0].reason, LossReason::shed);
  EXPECT_EQ(found[0].points, 90);
  EXPECT_EQ(found[0].from, parse_time("2026-01-15T20:00:00"));
  EXPECT_THAT(found[0].says, HasSubstr("100 to 250"));
  EXPECT_EQ(found[1].points, 5);
}

TEST(Recorder, KeepsChunksOfDataAsTheTableOfTheContractHasThem) {
  const Hill hill(section);
  const Observatory site = hill.open();
  const Recording recording(site);
  await_subscription(site, recording);
  const std::string chunk =
      R"({"data_id":"d1","observation_id":"o1","sequence_number":3,"timestamp":1700000000123,"data_payload":"AQID"})";
  publish(site, "telescope/data", chunk, "o1");
  publish(site, "telescope/data", chunk, "o1");
  publish(site, "telescope/data", R"({"data_id":"d2","observation_id":"o1","sequence_number":4,"timestamp":0})", "o1");
  ASSERT_TRUE(eventually([&] { return site.store("archive").count<messaging::TelescopeDataRaw>() == 2; }));
  auto found = site.store("archive").find<messaging::TelescopeDataRaw>();
  EXPECT_EQ(found.back().data_payload, std::nullopt);
  found.pop_back();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].data_id, "d1");
  EXPECT_EQ(found[0].observation_id, "o1");
  EXPECT_EQ(found[0].sequence_number, 3);
  EXPECT_EQ(found[0].timestamp, 1700000000123);
  EXPECT_EQ(found[0].data_payload, (Bytes{std::byte{1}, std::byte{2}, std::byte{3}}));
}

TEST(Recorder, PutsAmongTheDeadLettersWhatItCannotReadAndGoesOn) {
  const Hill hill(section);
  const Observatory site = hill.open();
  const Recording recording(site);
  await_subscription(site, recording);
  DeadLetters dead;
  site.transport("events")->subscribe("telescope/data.dlq", dead, "");
  const std::string topic = "astro/v1/hill/movement/data/dish/altitude";
  publish(site, topic, "{\"value\":", "k");
  publish(site, topic, R"({"value":1})");
  publish(site, topic, R"({"value":1,"timestamp":"yesterday"})");
  publish(site, topic, R"({"value":1,"timestamp":9223372036854775807})");
  publish(site, topic, R"({"value":1,"timestamp":0,"quality":"superb"})");
  publish(site, topic, R"({"value":1,"timestamp":0,"sequence":-1})");
  publish(site, topic, "[]");
  publish(site, "astro/v1/hill/movement/data/dish", R"({"value":1,"timestamp":0})");
  publish(site, "telescope/data", R"({"data_id":"","observation_id":"o","sequence_number":1,"timestamp":0})");
  publish(site, "telescope/data", R"({"data_id":"a","observation_id":"o","sequence_number":3000000000,"timestamp":0})");
  publish(site, topic, R"({"value":1,"timestamp":1700000000000,"boot":1,"sequence":1})");
  ASSERT_TRUE(eventually([&] { return count_history(site.store("archive"), {.id = "dish.altitude"}) == 1; }));
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard lock(dead.mutex);
    return dead.all.size() >= 10;
  }));
  site.transport("events")->unsubscribe(dead);
  const auto first = std::ranges::find(dead.all, std::string("{\"value\":"), &DeadLetters::Letter::body);
  ASSERT_NE(first, dead.all.end());
  EXPECT_EQ(first->key, "k");
  EXPECT_EQ(first->origin, topic);
  EXPECT_THAT(first->error, HasSubstr("JSON"));
  EXPECT_EQ(std::ranges::count_if(dead.all, [](const auto& each) { return each.error.empty(); }), 0);
}

TEST(Recorder, SharesTheMessagesWithTheOthersOfItsGroup) {
  const Hill hill(section);
  const Observatory site = hill.open();
  const Recording one(site);
  const Recording other(site);
  await_subscription(site, one);
  const std::uint64_t before = one.status().messages + other.status().messages;
  for (int i = 1; i <= 500; ++i) {
    publish(site, "astro/v1/hill/movement/data/dish/altitude",
            R"({"value":1,"timestamp":1700000000000,"boot":1,"sequence":)" + std::to_string(i) + "}");
  }
  ASSERT_TRUE(eventually([&] { return count_history(site.store("archive"), {.id = "dish.altitude"}) == 500; }));
  ASSERT_TRUE(eventually([&] { return one.status().messages + other.status().messages >= before + 500; }));
}

TEST(Recorder, GivesBareDevicesTheirNames) {
  const Hill hill(section);
  Site whole = hill.site();
  whole.devices.push_back({.kind = DeviceKind::controller, .name = "environment", .driver = "station", .bare = true});
  const Observatory site = hill.open();
  Recorder recorder(site, site.site().section<RecorderSection>("recorder"), whole);
  const std::jthread thread([&](const std::stop_token& stop) { recorder.run(stop); });
  ASSERT_TRUE(eventually([&] {
    publish(site, "astro/v1/hill/shed/data/environment/temperature",
            R"({"value":21,"timestamp":0,"boot":1,"sequence":1})");
    return count_history(site.store("archive"), {.id = "temperature"}) == 1;
  }));
}

TEST(Recorder, WaitsForAStoreThatIsAwayAndEndsWhileItWaits) {
  const Hill hill(section);
  const Observatory site = hill.open();
  const Observatory other = hill.open("other");
  {
    const Recording recording(site);
    await_subscription(site, recording);
    other.store("archive").transaction([&] {  // nobody else writes to this file
      other.store("archive").insert(history_point(measured(1, 1.0)));
      publish(site, "astro/v1/hill/movement/data/dish/altitude", R"({"value":1,"timestamp":0,"boot":1,"sequence":1})");
      std::this_thread::sleep_for(6s);  // longer than the store itself waits
      EXPECT_EQ(count_history(other.store("archive"), {.id = "dish.altitude"}), 0u);
    });
    ASSERT_TRUE(eventually([&] { return count_history(site.store("archive"), {.id = "dish.altitude"}) == 1; }));
  }
  const Recording recording(site);
  await_subscription(site, recording);
  other.store("archive").transaction([&] {
    other.store("archive").insert(history_point(measured(2, 1.0)));
    publish(site, "astro/v1/hill/movement/data/dish/altitude", R"({"value":1,"timestamp":0,"boot":1,"sequence":2})");
    std::this_thread::sleep_for(100ms);
  });
}

TEST(RecorderSection, RefusesToReadItsOwnDeadLetters) {
  const Hill hill(R"(
recorder:
  transport: events
  store: archive
  topics:
    - {pattern: "telescope/#", holds: data}
    - {pattern: "a/#/b", holds: points}
)");
  try {
    (void)hill.site();
    FAIL() << "expected problems";
  } catch (const SiteError& error) {
    EXPECT_THAT(error.what(), HasSubstr("what is dead would come again"));
    EXPECT_THAT(error.problems(), SizeIs(2));
  }
}

TEST(RecorderSection, NeedsARegistryForAvro) {
  const Hill hill("recorder: {transport: events, store: archive, topics: [{pattern: telescope/data, holds: data}]}\n");
  const Observatory site = hill.open();
  EXPECT_THROW(Recorder(site, site.site().section<RecorderSection>("recorder")), Error);
}

}  // namespace
}  // namespace astro::telemetry
