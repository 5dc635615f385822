// SPDX-License-Identifier: BSD-3-Clause
#include "astro/telemetry/hub.hpp"

#include "astro/error.hpp"
#include "astro/telemetry/gaps.hpp"
#include "station.hpp"
#include "telemetry/thinning.hpp"

namespace astro::telemetry {
namespace {

using namespace astro::testing;
using detail::Thinning;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<std::int64_t> kept_of(const PointRule& rule, const std::vector<std::pair<int, double>>& points) {
  Thinning thinning({{"mast.*", rule}});
  std::vector<std::int64_t> kept;
  for (const auto& [second, value] : points) {
    if (thinning.keeps(measured(second, value, evening + second * 1s).point)) kept.push_back(second);
  }
  return kept;
}

TEST(Thinning, KeepsWhatLeavesTheDeadBandOfWhatWasKeptLast) {
  EXPECT_THAT(kept_of({.dead_band = 1.0}, {{1, 0}, {2, 0.6}, {3, 1.0}, {4, 1.2}, {5, 0.5}, {6, 0.1}}),
              ElementsAre(1, 4, 6));
}

TEST(Thinning, KeepsAtMostAndAtLeastOneInSoLong) {
  EXPECT_THAT(kept_of({.every = 3s}, {{1, 0}, {2, 9}, {3, 9}, {4, 9}, {5, 0}, {7, 0}}), ElementsAre(1, 4, 7));
  EXPECT_THAT(kept_of({.dead_band = 1.0, .at_least = 4s}, {{1, 0}, {3, 0}, {5, 0}, {6, 0}, {9, 0}}),
              ElementsAre(1, 5, 9));
  // A jump is not lost because it came too early.
  EXPECT_THAT(kept_of({.dead_band = 1.0, .every = 10s}, {{1, 0}, {2, 5}, {5, 5}, {11, 5}}), ElementsAre(1, 11));
}

TEST(Thinning, KeepsChangesOfQualityAndStatesAndWhatHasNoRule) {
  Thinning thinning({{"mast.*", {.dead_band = 1.0, .every = 1h}}});
  Point point = measured(1, 5.0).point;
  EXPECT_TRUE(thinning.keeps(point));
  EXPECT_FALSE(thinning.keeps(point));
  point.quality = Quality::bad;
  EXPECT_TRUE(thinning.keeps(point));
  point.time -= 1min;
  EXPECT_TRUE(thinning.keeps(point));  // it came late
  Point other{.id = "roof.state", .value = "open", .time = evening};
  EXPECT_TRUE(thinning.keeps(other));
  EXPECT_TRUE(thinning.keeps(other));
}

TEST(Thinning, ReadsADeadBandInThePointsUnit) {
  Thinning thinning({{"*", {.dead_band = "30 arcmin"}}});
  Point tilt{.id = "weather.tilt", .value = 10.0, .unit = "deg", .time = evening};
  EXPECT_TRUE(thinning.keeps(tilt));
  tilt.value = 10.4;
  EXPECT_FALSE(thinning.keeps(tilt));
  tilt.value = 10.6;
  EXPECT_TRUE(thinning.keeps(tilt));
}

TEST(Hub, KeepsWhatDevicesMeasure) {
  const Hill hill("telemetry:\n  points:\n    weather.wind: {dead_band: 1 m/s}\n");
  const Observatory site = hill.open();
  Hub hub(site);
  for (int i = 0; i < 100; ++i) Station::says("wind", 0.25 * i);
  Station::says("roof", "open");
  ASSERT_TRUE(settles(hub, 101));
  const HubStatus status = hub.status();
  EXPECT_EQ(status.stored + status.thinned, 101u);
  EXPECT_EQ(status.waiting, 0u);
  const auto kept = find_history(site.store("archive"), {.id = "weather.wind"});
  EXPECT_EQ(kept.size(), 20u);  // each fifth: more than 1 m/s from the one before
  EXPECT_EQ(kept[0].source, "weather");
  EXPECT_EQ(kept[0].boot, hub.boot());
  EXPECT_EQ(kept[1].value, Value(1.25));
  EXPECT_EQ(find_history(site.store("archive"), {.id = "weather.roof"}).at(0).value, Value("open"));
  EXPECT_THAT(site.store("archive").find<Gap>(), IsEmpty());
}

TEST(Hub, KeepsWhatANodeMeasuresThatNobodyHasAdmittedAndRaisesNoAlarmOfIt) {
  const Hill hill("telemetry:\n  alarms:\n    heat: {point: \"*.temperature\", high_alarm: 30}\n");
  const Observatory site = hill.open();
  Hub hub(site);
  const auto transport = site.transport("events");
  const std::string body = R"({"value":80.5,"unit":"degC","timestamp":"2026-01-15T20:00:01Z","boot":3,"sequence":1})";
  const auto kept = [&] { return find_history(site.store("archive"), {.id = "heater.temperature"}); };
  ASSERT_TRUE(eventually([&] {  // once it is subscribed; the same point is kept once
    Message message;
    message.topic = "astro/v1/hill/cellar/data/heater/temperature";
    message.body = std::as_bytes(std::span(body));
    (void)transport->publish(std::span(&message, 1));
    return hub.flush(30s) && !kept().empty();
  }));
  EXPECT_THAT(kept(), SizeIs(1));
  EXPECT_EQ(kept().at(0).source, "cellar/heater");
  EXPECT_EQ(kept().at(0).value, Value(80.5));
  std::this_thread::sleep_for(200ms);  // the alarms' thread looks each 50 ms
  EXPECT_THAT(hub.alarms(), IsEmpty());
}

TEST(Hub, GivesEachStartAHigherNumberAlsoWithoutTheFolder) {
  const Hill hill;
  std::vector<std::int64_t> boots;
  for (const char* state : {"state", "state", "another", "state"}) {
    const Observatory site = hill.open(state);
    boots.push_back(Hub(site).boot());
    std::this_thread::sleep_for(2ms);
  }
  EXPECT_TRUE(std::ranges::is_sorted(boots, std::ranges::less_equal())) << ::testing::PrintToString(boots);
}

std::string missing_of(const Gap& gap) {
  std::string text;
  for (const SequenceRange& range : gap.missing)
    text += std::to_string(range.first) + "-" + std::to_string(range.last) + " ";
  return text;
}

TEST(Hub, SeesGapsAndClosesThemWhenTheRestComesLate) {
  const Hill hill;
  const auto take = [](Hub& hub, std::vector<int> sequences) {
    std::vector<SourcedPoint> points;
    for (const int each : sequences) points.push_back(measured(each, 1.0, evening + each * 1s));
    hub.take(points);
    EXPECT_TRUE(hub.flush(30s));
  };
  {
    const Observatory site = hill.open();
    Hub hub(site);
    take(hub, {5, 6, 10, 11, 20});
    const auto gaps = site.store("archive").find<Gap>({.order_by = "first"});
    ASSERT_EQ(gaps.size(), 2u);  // what came before the first one is not known to be lost
    EXPECT_EQ(missing_of(gaps[0]), "7-9 ");
    EXPECT_EQ(missing_of(gaps[1]), "12-19 ");
    take(hub, {8, 15, 8});
    EXPECT_EQ(hub.status().repeated, 1u);
  }
  const Observatory site = hill.open();
  Hub hub(site);
  take(hub, {7, 9, 15, 12, 21});
  EXPECT_EQ(hub.status().repeated, 1u);
  const auto gaps = site.store("archive").find<Gap>({.order_by = "first"});
  ASSERT_EQ(gaps.size(), 2u);
  EXPECT_EQ(missing_of(gaps[0]), "");
  EXPECT_TRUE(gaps[0].closed.has_value());
  EXPECT_EQ(missing_of(gaps[1]), "13-14 16-19 ");
  EXPECT_FALSE(gaps[1].closed.has_value());
  const auto mark = site.store("archive").find<SourceMark>().at(0);
  EXPECT_EQ(mark.last, 21);
  EXPECT_EQ(mark.points, 5 + 2 + 4);
  EXPECT_EQ(mark.points, static_cast<std::int64_t>(count_history(site.store("archive"))));
}

TEST(Hub, MissesTheBeginningOfANewStartOfASourceItKnows) {
  const Hill hill;
  const Observatory site = hill.open();
  Hub hub(site);
  hub.take(std::vector{measured(5, 1.0, evening, 1), measured(3, 1.0, evening, 2)});
  ASSERT_TRUE(hub.flush(30s));
  const auto gaps = site.store("archive").find<Gap>();
  ASSERT_THAT(gaps, SizeIs(1));
  EXPECT_EQ(missing_of(gaps[0]), "1-2 ");
  EXPECT_EQ(gaps[0].boot, 2);
}

TEST(Hub, ShedsTheOldestWhileTheStoreIsAwayAndRecordsHowMany) {
  const Hill hill("telemetry: {waiting: 1000}\n");
  const Observatory site = hill.open();
  const Observatory other = hill.open("other");
  Hub hub(site);
  std::uint64_t measured_points = 1;
  hub.take(std::vector{measured(1, 1.0)});
  ASSERT_TRUE(hub.flush(30s));
  other.store("archive").transaction([&] {  // nobody else writes to this file
    other.store("archive").insert(history_point(measured(1, 1.0, evening, 1, "other/mast")));
    const auto shed = [&] { return hub.status().shed; };
    while (shed() < 500) {
      std::vector<SourcedPoint> points;
      for (int i = 0; i < 100; ++i)
        points.push_back(measured(static_cast<std::int64_t>(++measured_points), 1.0, evening + measured_points * 1ms));
      hub.take(points);
      std::this_thread::sleep_for(1ms);
    }
  });
  ASSERT_TRUE(eventually([&] { return hub.flush(1s); }));
  const HubStatus status = hub.status();
  EXPECT_EQ(status.received, measured_points);
  EXPECT_EQ(status.stored + status.shed, measured_points);
  EXPECT_EQ(status.trouble, "");
  const StoreHandle store = site.store("archive");
  EXPECT_EQ(count_history(store, {.limit = 0}), status.stored + 1);
  std::int64_t recorded = 0;
  for (const Loss& loss : store.find<Loss>()) recorded += loss.points;
  EXPECT_EQ(recorded, static_cast<std::int64_t>(status.shed));
  std::int64_t missing = 0;
  for (const Gap& gap : store.find<Gap>())
    for (const SequenceRange& range : gap.missing) missing += range.last - range.first + 1;
  EXPECT_EQ(missing, static_cast<std::int64_t>(status.shed));
}

TEST(Hub, WritesWhatItTookWhenItEnds) {
  const Hill hill("telemetry: {write_every: 1 h}\n");
  const Observatory site = hill.open();
  {
    Hub hub(site);
    hub.take(std::vector{measured(1, 1.0), measured(2, 2.0)});
  }
  EXPECT_EQ(count_history(site.store("archive")), 2u);
}

}  // namespace
}  // namespace astro::telemetry
