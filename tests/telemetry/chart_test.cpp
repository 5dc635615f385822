// SPDX-License-Identifier: BSD-3-Clause
#include "astro/telemetry/chart.hpp"

#include <cmath>
#include <numeric>

#include "astro/error.hpp"
#include "station.hpp"

namespace astro::telemetry {
namespace {

using namespace astro::testing;
using ::testing::DoubleNear;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pointwise;

const std::string id = "mast.temperature";
const double evening_s = 1'768'507'200.0;

double value_at(int second) { return std::sin(second / 700.0) + 0.01 * (second % 7); }

std::vector<SourcedPoint> a_point_each_second(int count) {
  std::vector<SourcedPoint> points;
  for (int i = 0; i < count; ++i) points.push_back(measured(i + 1, value_at(i), evening + i * 1s));
  return points;
}

/// What the chart should be, of one bucket after the other with so many points each.
Chart truth(int count, int each) {
  Chart made;
  for (int begin = 0; begin < count; begin += each) {
    double sum = 0, min = 1e9, max = -1e9;
    for (int i = begin; i < begin + each; ++i) {
      sum += value_at(i);
      min = std::min(min, value_at(i));
      max = std::max(max, value_at(i));
    }
    made.min.push_back(min);
    made.max.push_back(max);
    made.average.push_back(sum / each);
    made.count.push_back(each);
  }
  return made;
}

void expect_same(const Chart& made, const Chart& wanted) {
  EXPECT_EQ(made.min, wanted.min);
  EXPECT_EQ(made.max, wanted.max);
  EXPECT_EQ(made.count, wanted.count);
  EXPECT_THAT(made.average, Pointwise(DoubleNear(1e-9), wanted.average));
}

TEST(Chart, ShowsWhatIsANumberAtItsTimeAndLeavesGaps) {
  const Hill hill;
  const Observatory site = hill.open();
  const StoreHandle store = site.store("archive");
  auto bad = measured(5, 1e6, evening + 71s);
  bad.point.quality = Quality::bad;
  store_points(store,
               std::vector{measured(1, 1.0, evening), measured(2, 3, evening + 4s), measured(3, true, evening + 70s),
                           measured(4, "cold", evening + 72s), bad, measured(6, 9.0, evening + 100s)});
  const Chart made = chart(store, id, evening, evening + 100s, 10);
  EXPECT_EQ(made.unit, "degC");
  EXPECT_EQ(made.period, std::nullopt);
  EXPECT_THAT(made.time, ElementsAre(evening_s + 2, evening_s + 70));
  EXPECT_THAT(made.min, ElementsAre(1, 1));
  EXPECT_THAT(made.max, ElementsAre(3, 1));
  EXPECT_THAT(made.average, ElementsAre(2, 1));
  EXPECT_THAT(made.count, ElementsAre(2, 1));
  EXPECT_THAT(chart(store, "mast.pressure", evening, evening + 100s).time, IsEmpty());
}

TEST(Chart, IsMadeOfPointsAsLongAsTheyAreFewAndThenOfMinutes) {
  const Hill hill;
  const Observatory site = hill.open();
  const StoreHandle store = site.store("archive");
  constexpr int count = 8 * 3600;
  {
    Hub hub(site);
    hub.take(a_point_each_second(count));
    ASSERT_TRUE(hub.flush(60s));
  }
  const Chart whole = chart(store, id, evening, evening + count * 1s, 48);
  EXPECT_EQ(whole.period, Period::minute);
  EXPECT_EQ(whole.unit, "degC");
  expect_same(whole, truth(count, 600));
  EXPECT_NEAR(whole.time[1], evening_s + 900, 1.0);
  const Chart part = chart(store, id, evening, evening + 3600s, 60);
  EXPECT_EQ(part.period, std::nullopt);
  expect_same(part, truth(3600, 60));
}

TEST(Chart, OfManyDaysIsMadeOfHoursAndOfManyYearsOfDays) {
  const Hill hill;
  const Observatory site = hill.open();
  const StoreHandle store = site.store("archive");
  std::vector<Aggregate> all;
  const Time begin = parse_time("2020-01-01T00:00:00");
  const auto add = [&](Period period, int count, double average) {
    for (int i = 0; i < count; ++i) {
      const std::string key = std::to_string(static_cast<int>(period)) + '/' + std::to_string(i);
      const auto length = length_of(period);
      all.push_back({.key = key,
                     .revision = 1,
                     .id = id,
                     .period = period,
                     .begin = begin + i * length,
                     .count = length / 1s,
                     .average = average,
                     .min = average - 1,
                     .max = average + 1});
    }
  };
  add(Period::hour, 24 * 60, 60.0);
  add(Period::day, 4 * 365, 24.0);
  store.insert(std::span<const Aggregate>(all));
  const Chart month = chart(store, id, begin, begin + 24h * 30, 100);
  EXPECT_EQ(month.period, Period::hour);
  EXPECT_THAT(month.average, Each(DoubleNear(60, 1e-9)));
  EXPECT_EQ(std::accumulate(month.count.begin(), month.count.end(), std::int64_t{0}), 30 * 86400);
  const Chart years = chart(store, id, begin, begin + 24h * 4 * 365, 100);
  EXPECT_EQ(years.period, Period::day);
  EXPECT_EQ(years.time.size(), 100u);
  EXPECT_THAT(years.max, Each(25.0));
}

TEST(Chart, ReadsAllPointsWhereNobodyKeptAverages) {
  const Hill hill;
  const Observatory site = hill.open();
  const StoreHandle store = site.store("archive");
  constexpr int count = 24000;
  store_points(store, a_point_each_second(count));
  const Chart made = chart(store, id, evening, evening + count * 1s, 24);
  EXPECT_EQ(made.period, std::nullopt);
  expect_same(made, truth(count, 1000));
  EXPECT_EQ(rebuild_aggregates(store, {.id = id, .period = Period::minute}), 400u);
  EXPECT_EQ(chart(store, id, evening, evening + count * 1s, 24).period, Period::minute);
}

TEST(Chart, RefusesASpanThatEndsBeforeItBeginsAndNoWidth) {
  const Hill hill;
  const Observatory site = hill.open();
  const StoreHandle store = site.store("archive");
  EXPECT_THROW(chart(store, id, evening, evening), Error);
  EXPECT_THROW(chart(store, id, evening, evening + 1s, 0), Error);
  EXPECT_THROW(chart(store, id, evening, evening + 1s, 100'001), Error);
}

}  // namespace
}  // namespace astro::telemetry
