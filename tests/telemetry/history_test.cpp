// SPDX-License-Identifier: BSD-3-Clause
#include "astro/telemetry/history.hpp"

#include "astro/error.hpp"
#include "astro/telemetry/aggregates.hpp"
#include "astro/telemetry/gaps.hpp"
#include "station.hpp"
#ifdef ASTRO_HAS_POSTGRES
#include "testing/postgres_server.hpp"
#endif

namespace astro::telemetry {
namespace {

using namespace astro::testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<SourcedPoint> series(int count, Duration every = 1s) {
  std::vector<SourcedPoint> points;
  for (int i = 1; i <= count; ++i) points.push_back(measured(i, 0.5 * i, evening + i * every));
  return points;
}

std::vector<double> values_of(const std::vector<HistoryPoint>& points) {
  std::vector<double> values;
  for (const HistoryPoint& point : points) values.push_back(point.value.as_number());
  return values;
}

struct Heard final : Listener {
  std::vector<Point> all;
  void points(std::span<const Point> points, std::uint64_t) override {
    all.insert(all.end(), points.begin(), points.end());
  }
};

TEST(History, KeepsEachPointOnceHoweverOftenItComes) {
  const Hill hill;
  const Observatory site = hill.open();
  const StoreHandle store = site.store("archive");
  const auto points = series(5);
  EXPECT_EQ(store_points(store, points), 5u);
  EXPECT_EQ(store_points(store, points), 0u);
  auto of_another_start = points;
  for (SourcedPoint& point : of_another_start) point.boot = 2;
  EXPECT_EQ(store_points(store, of_another_start), 5u);
  EXPECT_EQ(count_history(store), 10u);
}

TEST(History, GivesAPointBackAsItWas) {
  const Hill hill;
  const Observatory site = hill.open();
  const StoreHandle store = site.store("archive");
  SourcedPoint point = measured(7, Map{{"speed", 3.5}, {"gusts", List{4.0, "many"}}});
  point.point.quality = Quality::doubtful;
  point.historical = true;
  store_points(store, std::span(&point, 1));
  const auto found = find_history(store);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(to_value(found[0]), to_value(history_point(point)));
  EXPECT_EQ(to_value(point_of(found[0])), to_value(point.point));
}

TEST(History, LeavesBothEndsOutAndGivesTheNewestOldestFirst) {
  const Hill hill;
  const Observatory site = hill.open();
  const StoreHandle store = site.store("archive");
  store_points(store, series(10));
  EXPECT_THAT(values_of(find_history(store, {.from = evening + 3s, .to = evening + 6s})), ElementsAre(2.0, 2.5));
  EXPECT_THAT(values_of(find_history(store, {.limit = 3})), ElementsAre(4.0, 4.5, 5.0));
  EXPECT_THAT(find_history(store, {.id = "mast.pressure"}), IsEmpty());
  EXPECT_EQ(count_history(store, {.id = "mast.temperature", .from = evening + 3s, .limit = 1}), 7u);
}

TEST(History, IsClearedByHandAloneAndSaysByWhom) {
  const Hill hill;
  const Observatory site = hill.open();
  const StoreHandle store = site.store("archive");
  store_points(store, series(10));
  EXPECT_EQ(clear_history(store, {.to = evening + 5s, .limit = 1}, "anna", evening), 4u);
  EXPECT_EQ(count_history(store), 6u);
  const auto losses = store.find<Loss>();
  ASSERT_EQ(losses.size(), 1u);
  EXPECT_EQ(losses[0].points, 4);
  EXPECT_EQ(losses[0].reason, LossReason::cleared);
  EXPECT_THAT(losses[0].says, ::testing::HasSubstr("anna"));
}

TEST(History, IsReplayedInOrderOfTimeEachPointOnceAlsoManyOfOneInstant) {
  const Hill hill;
  const Observatory site = hill.open();
  const StoreHandle store = site.store("archive");
  auto points = series(3000, 1ms);
  for (int i = 3001; i <= 9000; ++i) points.push_back(measured(i, 0.5 * i, evening + 4s));  // more than a page
  for (int i = 9001; i <= 9100; ++i) points.push_back(measured(i, 0.5 * i, evening + 5s));
  store_points(store, points);
  Heard heard;
  EXPECT_EQ(replay_history(store, {.limit = 0}, heard, {.speed = 0}), 9100u);
  ASSERT_EQ(heard.all.size(), 9100u);
  std::set<std::uint32_t> seen;
  for (std::size_t i = 0; i < heard.all.size(); ++i) {
    EXPECT_TRUE(seen.insert(heard.all[i].sequence).second);
    if (i > 0) {
      EXPECT_LE(heard.all[i - 1].time, heard.all[i].time);
    }
  }
  Heard few;
  EXPECT_EQ(replay_history(store, {.limit = 100}, few, {.speed = 0}), 100u);
  EXPECT_EQ(few.all.front().sequence, 9001u);
}

TEST(History, IsReplayedAtItsPaceUntilItIsStopped) {
  const Hill hill;
  const Observatory site = hill.open();
  const StoreHandle store = site.store("archive");
  store_points(store, series(3, 1s));
  Heard heard;
  const auto began = std::chrono::steady_clock::now();
  replay_history(store, {}, heard, {.speed = 10});
  EXPECT_GE(std::chrono::steady_clock::now() - began, 200ms);  // it waits; how much longer is the machine's affair
  EXPECT_EQ(heard.all.size(), 3u);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(replay_history(store, {}, heard, {.speed = 10, .stop = stop.get_token()}), 0u);
  EXPECT_THROW(replay_history(store, {}, heard, {.speed = -1}), Error);
}

TEST(Aggregates, BeginWithTheHourAndTheDayOfUtc) {
  EXPECT_EQ(begin_of(Period::hour, parse_time("2026-01-15T20:00:00")), parse_time("2026-01-15T20:00:00"));
  EXPECT_EQ(begin_of(Period::minute, parse_time("2026-01-15T20:59:59.9")), parse_time("2026-01-15T20:59:00"));
  EXPECT_EQ(begin_of(Period::hour, parse_time("2026-01-15T20:59:59.999999999")), parse_time("2026-01-15T20:00:00"));
  EXPECT_EQ(begin_of(Period::day, parse_time("2026-01-15T20:59:59")), parse_time("2026-01-15T00:00:00"));
  EXPECT_EQ(begin_of(Period::day, parse_time("1969-12-31T12:00:00")), parse_time("1969-12-31T00:00:00"));
}

TEST(Aggregates, CountWhatIsANumberAndNotBad) {
  EXPECT_EQ(number_of({.value = 2}), 2.0);
  EXPECT_EQ(number_of({.value = true}), 1.0);
  EXPECT_EQ(number_of({.value = 2.5, .quality = Quality::doubtful}), 2.5);
  EXPECT_EQ(number_of({.value = 2.5, .quality = Quality::bad}), std::nullopt);
  EXPECT_EQ(number_of({.value = "2.5"}), std::nullopt);
  EXPECT_EQ(number_of({.value = std::numeric_limits<double>::quiet_NaN()}), std::nullopt);
}

void expect_averages_right(const Hill& hill, const std::string& first, const std::string& second) {
  // 3 hours, a point each 10 s, in two runs of the hub, the second of which also brings some of the first again and
  // the middle of it late.
  std::vector<SourcedPoint> all;
  for (int i = 1; i <= 1080; ++i) all.push_back(measured(i, i % 7 + 0.1 * (i % 3), evening + (i - 1) * 10s));
  const std::span<const SourcedPoint> points(all);
  {
    const Observatory site = hill.open(first);
    Hub hub(site);
    hub.take(points.subspan(0, 300));
    hub.take(points.subspan(500, 100));
    ASSERT_TRUE(hub.flush(30s));
  }
  const Observatory site = hill.open(second);
  {
    Hub hub(site);
    hub.take(points.subspan(550, 530));
    hub.take(points.subspan(250, 260));
    ASSERT_TRUE(hub.flush(30s));
    EXPECT_EQ(hub.status().repeated, 50u + 50u + 10u);
  }
  const StoreHandle store = site.store("archive");
  EXPECT_EQ(count_history(store), all.size());
  const auto hours = find_aggregates(store, {.id = "mast.temperature"});
  ASSERT_EQ(hours.size(), 3u);
  for (std::size_t hour = 0; hour < 3; ++hour) {
    double sum = 0, min = 1e9, max = -1e9;
    for (std::size_t i = hour * 360; i < (hour + 1) * 360; ++i) {
      const double value = all[i].point.value.as_number();
      sum += value;
      min = std::min(min, value);
      max = std::max(max, value);
    }
    EXPECT_EQ(hours[hour].begin, evening + static_cast<int>(hour) * 1h);
    EXPECT_EQ(hours[hour].count, 360);
    EXPECT_NEAR(hours[hour].average, sum / 360, 1e-12);
    EXPECT_EQ(hours[hour].min, min);
    EXPECT_EQ(hours[hour].max, max);
    EXPECT_EQ(hours[hour].unit, "degC");
  }
  const auto days = find_aggregates(store, {.period = Period::day});
  ASSERT_EQ(days.size(), 1u);
  EXPECT_EQ(days[0].count, 1080);
  EXPECT_EQ(rebuild_aggregates(store, {.id = "mast.temperature"}), 3u);
  const auto anew = find_aggregates(store, {.id = "mast.temperature"});
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(anew[i].count, hours[i].count);
    EXPECT_NEAR(anew[i].average, hours[i].average, 1e-12);
  }
  EXPECT_EQ(find_aggregates(store, {.from = evening + 1h, .to = evening + 2h}).size(), 1u);
}

TEST(Aggregates, AreRightAcrossRestartsRepetitionsAndPointsThatComeLate) {
  expect_averages_right(Hill(), "state", "state");
}

#ifdef ASTRO_HAS_POSTGRES
TEST(Aggregates, AreAsRightInPostgresql) {
  const Value settings = PostgresServer::shared().settings("telemetry_" + new_id().substr(24));
  expect_averages_right(Hill({}, "driver: postgres, " + to_json(settings).substr(1, to_json(settings).size() - 2)), "a",
                        "a");
}
#endif

TEST(Aggregates, LoseNothingWhenTwoHubsAddToTheSameHour) {
  const Hill hill;
  const Observatory one_site = hill.open("one");
  const Observatory other_site = hill.open("other");
  {
    Hub one(one_site);
    Hub other(other_site);
    for (int i = 1; i <= 200; ++i) {
      one.take(std::vector{measured(i, 1.0, evening, 1, "hill/mast")});
      other.take(std::vector{measured(i, 3.0, evening, 1, "valley/mast")});
      if (i % 20 != 0) continue;
      EXPECT_TRUE(one.flush(30s) && other.flush(30s));
    }
  }
  const auto hours = find_aggregates(one_site.store("archive"), {});
  ASSERT_EQ(hours.size(), 1u);
  EXPECT_EQ(hours[0].count, 400);
  EXPECT_DOUBLE_EQ(hours[0].average, 2.0);
}

}  // namespace
}  // namespace astro::telemetry
