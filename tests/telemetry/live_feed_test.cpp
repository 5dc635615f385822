// SPDX-License-Identifier: BSD-3-Clause
#include "astro/telemetry/live_feed.hpp"

#include <poll.h>

#include "astro/error.hpp"
#include "station.hpp"

namespace astro::telemetry {
namespace {

using namespace astro::testing;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

Point at(const std::string& id, Value value, Duration after = {}) {
  return {.id = id, .device = id.substr(0, id.find('.')), .value = std::move(value), .time = evening + after};
}

void add(LiveFeed& feed, const Point& point) { feed.add(std::span(&point, 1)); }

void add_series(LiveFeed& feed, const std::string& id, int from, int to) {
  std::vector<Point> points;
  for (int i = from; i < to; ++i) points.push_back(at(id, i));
  feed.add(points);
}

bool is_readable(const LiveFeed& feed) {
  pollfd asked{feed.descriptor(), POLLIN, 0};
  return ::poll(&asked, 1, 0) == 1;
}

Value only(LiveClient& client) {
  const auto texts = client.take();
  if (texts.size() != 1) throw std::runtime_error("expected one message, there are " + std::to_string(texts.size()));
  return parse_json(*texts.front());
}

std::vector<std::int64_t> values_of(const std::vector<LiveText>& texts) {
  std::vector<std::int64_t> values;
  for (const LiveText& text : texts) {
    const Value message = parse_json(*text);
    if (message.find("type")->as_text() == "data") values.push_back(message.find("value")->as_integer());
  }
  return values;
}

TEST(LiveMessages, AreThoseOfTheContract) {
  Point point = at("temperature", 22.5);
  point.time = parse_time("2026-01-01T12:00:00");
  EXPECT_EQ(point_message(point),
            R"({"type":"data","id":"temperature","value":22.5,"timestamp":"2026-01-01T12:00:00+00:00"})");
  point.unit = "degC";
  point.quality = Quality::doubtful;
  point.time += 1500us;
  EXPECT_EQ(point_message(point),
            R"({"type":"data","id":"temperature","value":22.5,"timestamp":"2026-01-01T12:00:00.001500+00:00",)"
            R"("unit":"degC","quality":"doubtful"})");
  EXPECT_EQ(
      event_message("log", Value(Map{{"a\"b", List{1, true, nullptr, "x"}}}), evening),
      R"({"type":"message","id":"log","value":{"a\"b":[1,true,null,"x"]},"timestamp":"2026-01-15T20:00:00+00:00"})");
}

TEST(LiveFeed, GivesEachClientTheSameBytesOnce) {
  LiveFeed feed;
  LiveClient one = feed.client();
  LiveClient two = feed.client();
  add_series(feed, "a.b", 0, 3);
  const auto first = one.take();
  const auto second = two.take();
  EXPECT_THAT(values_of(first), ElementsAre(0, 1, 2));
  EXPECT_EQ(first, second) << "the same texts, not copies";
  EXPECT_THAT(one.take(), IsEmpty());
  EXPECT_EQ(one.status().taken, 3u);
}

TEST(LiveFeed, BeginsAsTheClientWishes) {
  LiveFeed feed({.recent = 4, .waiting = 10});
  add_series(feed, "a.b", 0, 20);
  add(feed, at("a.c", 100));
  LiveClient recent = feed.client();
  LiveClient now = feed.client({.start = LiveStart::now});
  LiveClient latest = feed.client({.start = LiveStart::latest});
  EXPECT_THAT(values_of(recent.take()), ElementsAre(17, 18, 19, 100));
  EXPECT_THAT(now.take(), IsEmpty());
  EXPECT_THAT(values_of(latest.take()), ElementsAre(19, 100));
}

TEST(LiveFeed, GivesASubsetToWhoWantsOne) {
  LiveFeed feed;
  LiveClient some = feed.client({.ids = {{"weather.*", "dish.azimuth"}}});
  LiveClient none = feed.client({.ids = std::vector<std::string>{}});
  for (const auto* id : {"weather.wind", "dish.altitude", "dish.azimuth", "weathercock.wind"}) add(feed, at(id, 1));
  feed.tell("alarm", Value(Map{{"name", "wind"}}), evening);
  const auto texts = some.take();
  ASSERT_EQ(texts.size(), 3u);
  EXPECT_THAT(*texts[0], HasSubstr("weather.wind"));
  EXPECT_THAT(*texts[1], HasSubstr("dish.azimuth"));
  EXPECT_THAT(*texts[2], HasSubstr("alarm"));
  EXPECT_THAT(*none.take().at(0), HasSubstr("alarm")) << "events come to all";
}

TEST(LiveFeed, PutsAllThatWaitsIntoOneArrayThatIsMadeOnce) {
  LiveFeed feed;
  LiveClient one = feed.client({.batches = true});
  LiveClient two = feed.client({.batches = true});
  add_series(feed, "a.b", 0, 3);
  const auto first = one.take();
  ASSERT_EQ(first.size(), 1u);
  const Value array = parse_json(*first[0]);
  ASSERT_EQ(array.as_list().size(), 3u);
  EXPECT_EQ(array.as_list()[2].find("value")->as_integer(), 2);
  EXPECT_EQ(first, two.take());
  EXPECT_EQ(two.status().taken, 3u);
  EXPECT_THAT(one.take(), IsEmpty());
  add_series(feed, "a.b", 3, 13);
  EXPECT_EQ(parse_json(*one.take(4).at(0)).as_list().size(), 4u);
  EXPECT_EQ(parse_json(*one.take().at(0)).as_list().size(), 6u);
}

TEST(LiveFeed, WritesWebSocketFramesOfAllLengths) {
  LiveFeed feed;
  LiveClient one = feed.client();
  LiveClient two = feed.client();
  const std::vector<std::size_t> lengths{1, 125, 126, 65535, 65536};
  for (const std::size_t length : lengths) {
    const std::string frame =
        "{\"type\":\"message\",\"id\":\"x\",\"value\":\"\",\"timestamp\":\"2026-01-15T20:00:00+00:00\"}";
    const std::size_t padding = length > frame.size() ? length - frame.size() : 0;
    feed.tell("x", std::string(padding, 'y'), evening);
    const LiveText made = one.take_websocket();
    ASSERT_NE(made, nullptr);
    EXPECT_EQ(made, two.take_websocket());
    const std::string& bytes = *made;
    const std::size_t size = frame.size() + padding;
    EXPECT_EQ(static_cast<unsigned char>(bytes[0]), 0x81);
    const auto second = static_cast<std::size_t>(static_cast<unsigned char>(bytes[1]));
    const std::size_t extra = size < 126 ? 0 : size < 65536 ? 2 : 8;
    EXPECT_EQ(second, extra == 0 ? size : extra == 2 ? 126u : 127u);
    std::size_t told = extra == 0 ? second : 0;
    for (std::size_t i = 0; i < extra; ++i) told = told << 8U | static_cast<unsigned char>(bytes[2 + i]);
    EXPECT_EQ(told, size);
    EXPECT_EQ(bytes.size(), 2 + extra + size);
    EXPECT_THAT(bytes.substr(2 + extra), AllOf(StartsWith("{\"type\""), EndsWith("}")));
  }
  EXPECT_EQ(one.take_websocket(), nullptr);
}

TEST(LiveFeed, ThinsWhoDoesNotReadAndTellsItHowMuchItMissed) {
  LiveFeed feed({.recent = 5, .waiting = 5});
  LiveClient slow = feed.client();
  LiveClient quick = feed.client();
  std::uint64_t seen = 0;
  add(feed, at("rare.point", 7));
  for (int i = 0; i < 100; ++i) {
    add_series(feed, "often.point", i, i + 1);
    seen += quick.take().size();
  }
  EXPECT_EQ(seen, 101u);
  EXPECT_EQ(quick.status().missed, 0u);
  const auto texts = slow.take();
  ASSERT_EQ(texts.size(), 12u) << "the rare one, what was missed, and ten that wait";
  EXPECT_THAT(*texts[0], HasSubstr("rare.point"));
  const Value missed = parse_json(*texts[1]);
  EXPECT_EQ(missed.find("id")->as_text(), "missed");
  EXPECT_EQ(missed.find("value")->find("messages")->as_integer(), 90);
  EXPECT_THAT(values_of(texts), ElementsAre(7, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99));
  EXPECT_EQ(slow.status().missed, 90u);
  EXPECT_THAT(slow.take(), IsEmpty());
}

TEST(LiveFeed, AccountsForEveryMessageWhateverOrderTheyComeIn) {
  LiveFeed feed({.recent = 3, .waiting = 4});
  LiveClient slow = feed.client();
  std::uint64_t put = 0;
  std::uint64_t got = 0;
  for (unsigned i = 0; i < 5000; ++i) {
    add(feed, at("p." + std::to_string((i * 7919U) % 11U % (1 + i % 5)), static_cast<int>(i)));
    ++put;
    if (i % 97 == 0) got += values_of(slow.take()).size();
  }
  got += values_of(slow.take()).size();
  EXPECT_EQ(got + slow.status().missed, put);
  EXPECT_GT(slow.status().missed, 100u);
}

TEST(LiveFeed, DropsWhoTakesNothingForTooLong) {
  LiveFeed feed({.recent = 10, .waiting = 10, .patience = 50ms});
  LiveClient stalled = feed.client();
  LiveClient quick = feed.client();
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (!stalled.status().is_dropped && std::chrono::steady_clock::now() < end) {
    add(feed, at("a.b", 1));
    quick.take();
    std::this_thread::sleep_for(5ms);
  }
  EXPECT_TRUE(stalled.status().is_dropped);
  EXPECT_FALSE(quick.status().is_dropped);
  EXPECT_THAT(stalled.take(), IsEmpty());
  EXPECT_THAT(feed.ready(), ElementsAre(stalled.id()));
  EXPECT_THAT(feed.ready(), IsEmpty()) << "it is told of once";
}

TEST(LiveFeed, WakesWhoWatchesItsDescriptor) {
  LiveFeed feed;
  EXPECT_FALSE(is_readable(feed));
  LiveClient one = feed.client();
  LiveClient other = feed.client({.ids = {{"other.*"}}});
  add_series(feed, "a.b", 0, 3);
  EXPECT_TRUE(is_readable(feed));
  EXPECT_THAT(feed.ready(), ElementsAre(one.id()));
  EXPECT_FALSE(is_readable(feed));
  EXPECT_THAT(values_of(one.take(2)), ElementsAre(0, 1));
  EXPECT_TRUE(is_readable(feed)) << "something is left";
  one.take();
  EXPECT_THAT(feed.ready(), IsEmpty());
  { const LiveClient late = feed.client(); }
  EXPECT_THAT(feed.ready(), IsEmpty()) << "it has gone";
  EXPECT_EQ(feed.clients(), 2u);
}

TEST(LiveFeed, TellsOfPointsCommandsAndNoticesOfAnObservatory) {
  const Hill hill;
  const Observatory site = hill.open();
  LiveFeed feed(site);
  LiveClient client = feed.client({.start = LiveStart::now});
  Station::says("wind", 7.5, evening);
  ASSERT_TRUE(eventually([&] { return !feed.ready().empty(); }));
  const Value wind = only(client);
  EXPECT_EQ(wind.find("id")->as_text(), "weather.wind");
  EXPECT_EQ(wind.find("unit")->as_text(), "m/s");
  const auto fate = [&](const char* name, Value parameters) {
    site.execute({.id = new_id(), .device = "weather", .name = name, .parameters = std::move(parameters)}).wait(10s);
    std::vector<Value> told;
    EXPECT_TRUE(eventually([&] {
      for (const LiveText& text : client.take()) {
        const Value message = parse_json(*text);
        if (message.find("id")->as_text() == "command_result") told.push_back(*message.find("value"));
      }
      return !told.empty() && told.back().find("status")->as_text() != "pending";
    }));
    return told;
  };
  const auto done = fate("notify", Map{{"text", "hello"}});
  ASSERT_EQ(done.size(), 2u);
  EXPECT_EQ(done[0].find("status")->as_text(), "pending");
  EXPECT_EQ(done[1].find("status")->as_text(), "success");
  EXPECT_EQ(done[1].find("command")->as_text(), "weather.notify");
  EXPECT_EQ(done[1].find("command_id")->as_text(), done[0].find("command_id")->as_text());
  Station::refuses = true;
  const auto failed = fate("park", {});
  EXPECT_EQ(failed.back().find("status")->as_text(), "error");
  EXPECT_THAT(failed.back().find("message")->as_text(), HasSubstr("it is stuck"));
  EXPECT_EQ(failed.back().find("error_code")->as_text(), "device_fault");
  const auto wrong = fate("notify", Map{{"txt", "hello"}});
  EXPECT_EQ(wrong.back().find("state")->as_text(), "rejected");
}

TEST(LiveFeed, NeedsRoomForWhatWaits) { EXPECT_THROW(LiveFeed({.waiting = 0}), Error); }

TEST(LiveFeed, GivesTheHistoryAsItWasSent) {
  const Hill hill;
  const Observatory site = hill.open();
  const StoreHandle store = site.store("archive");
  const std::vector points{measured(1, 1.5), measured(2, "warm", evening + 1s)};
  store_points(store, points);
  EXPECT_EQ(history_messages(store), "[" + point_message(points[0].point) + "," + point_message(points[1].point) + "]");
  EXPECT_EQ(history_messages(store, {.id = "none"}), "[]");
}

}  // namespace
}  // namespace astro::telemetry
