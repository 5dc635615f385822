// SPDX-License-Identifier: BSD-3-Clause
// Points to a hundred clients of a live feed, beside what has to be done for each client where nothing is shared: the
// message is encoded and framed for everyone. Their ratio counts: 10 or more with one message a point, and with
// batches. And a year of one point a second as a chart at any zoom: 150 ms or less.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "astro/telemetry/chart.hpp"
#include "astro/telemetry/live_feed.hpp"

namespace {

using namespace astro;
using namespace std::chrono_literals;

constexpr int clients = 100;
constexpr int points_at_once = 50;

std::vector<Point> points() {
  std::vector<Point> made;
  const Time now = parse_time("2026-01-15T20:00:00.25");
  for (int i = 0; i < points_at_once; ++i) {
    const std::string device = "weather" + std::to_string(i % 10);
    made.push_back({.id = device + ".temperature" + std::to_string(i),
                    .device = device,
                    .value = 20.0 + i * 0.37,
                    .unit = "degC",
                    .time = now + i * 1ms,
                    .sequence = 1});
  }
  return made;
}

void count(benchmark::State& state) { state.SetItemsProcessed(state.iterations() * points_at_once * clients); }

void telemetry_live_feed(benchmark::State& state) {
  telemetry::LiveFeed feed;
  std::vector<telemetry::LiveClient> all;
  for (int i = 0; i < clients; ++i) all.push_back(feed.client({.batches = state.range(0) != 0}));
  const auto batch = points();
  for (auto _ : state) {
    feed.add(batch);
    benchmark::DoNotOptimize(feed.ready());
    for (telemetry::LiveClient& client : all) benchmark::DoNotOptimize(client.take_websocket());
  }
  count(state);
}
BENCHMARK(telemetry_live_feed)->Name("live_feed_to_100_clients")->ArgName("batches")->Arg(0)->Arg(1);

void telemetry_each_alone(benchmark::State& state) {
  const auto batch = points();
  for (auto _ : state) {
    for (int client = 0; client < clients; ++client) {
      std::string frames;
      for (const Point& point : batch) {
        const std::string text = telemetry::point_message(point);
        frames += '\x81';
        frames += static_cast<char>(126);
        frames += static_cast<char>(text.size() >> 8U & 0xffU);
        frames += static_cast<char>(text.size() & 0xffU);
        frames += text;
      }
      benchmark::DoNotOptimize(frames);
    }
  }
  count(state);
}
BENCHMARK(telemetry_each_alone)->Name("each_client_alone_to_100_clients");

/// A year as the hub keeps it: minutes, hours and days, and the points of its last day.
struct Year {
  Year()
      : folder(std::filesystem::temp_directory_path() / ("astro-bench-year-" + std::to_string(::getpid()))),
        site(Observatory::open(parse_site("site: {name: Bench, latitude: 28 deg, longitude: -16 deg}\n"
                                          "stores: {archive: {driver: sqlite, path: \"" +
                                          (folder / "a.db").string() + "\"}}\n"),
                               {.state_folder = made(folder)})),
        store(site.store("archive")) {
    (void)telemetry::chart(store, "a.b", begin, end);  // the indexes first, as the hub has them
    for (const auto period : {telemetry::Period::minute, telemetry::Period::hour, telemetry::Period::day}) fill(period);
    std::vector<telemetry::SourcedPoint> last;
    for (std::uint32_t i = 0; i < 86400; ++i) {
      last.push_back(
          {.point = {.id = "a.b", .value = std::sin(i * 1e-3), .time = end - (86400 - i) * 1s, .sequence = i + 1},
           .source = "a",
           .boot = 1});
    }
    telemetry::store_points(store, last);
  }
  ~Year() {
    site.close();
    std::filesystem::remove_all(folder);
  }
  Year(const Year&) = delete;
  Year& operator=(const Year&) = delete;

  void fill(telemetry::Period period) const {
    const Duration length = telemetry::length_of(period);
    const char* name = Description<telemetry::Period>::choices.at(static_cast<std::size_t>(period));
    std::vector<telemetry::Aggregate> rows;
    for (Time at = begin; at < end; at += length) {
      const double value = std::sin(seconds(at - begin) * 1e-5);
      rows.push_back({.key = std::string("a.b/") + name + '/' + format_time(at, 0),
                      .revision = 1,
                      .id = "a.b",
                      .period = period,
                      .begin = at,
                      .count = length / 1s,
                      .average = value,
                      .min = value - 1,
                      .max = value + 1});
    }
    store.insert(std::span<const telemetry::Aggregate>(rows));
  }
  static std::filesystem::path made(const std::filesystem::path& folder) {
    std::filesystem::create_directories(folder);
    return folder / "state";
  }

  const Time begin = parse_time("2025-01-15T00:00:00");
  const Time end = begin + 365 * 24h;
  std::filesystem::path folder;
  Observatory site;
  StoreHandle store;
};

void telemetry_chart(benchmark::State& state) {
  static const Year year;
  const Duration span = state.range(0) * 1min;
  for (auto _ : state) {
    const auto chart = telemetry::chart(year.store, "a.b", year.end - span, year.end, 1000);
    if (chart.time.empty()) state.SkipWithError("an empty chart");
  }
}
BENCHMARK(telemetry_chart)
    ->Name("chart_of_minutes")
    ->Arg(10)
    ->Arg(5 * 60)
    ->Arg(24 * 60)
    ->Arg(13 * 24 * 60)
    ->Arg(30 * 24 * 60)
    ->Arg(365 * 24 * 60)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
