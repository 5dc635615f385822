// SPDX-License-Identifier: BSD-3-Clause
// A night of 40 requests, from the queue's records to the schedule with all its reasons.
#include "astro/observing/schedule.hpp"

#include <benchmark/benchmark.h>

#include <cmath>
#include <random>

namespace {

using namespace std::chrono_literals;

const astro::Time evening = astro::parse_time("2026-11-21T19:00:00Z");

astro::Site site() {
  return astro::parse_site(R"(
site: {name: Night, latitude: 28.3009 deg, longitude: -16.5098 deg, height: 2390 m}
mounts:
  dish: {driver: simulator, max_speed: 2 deg, limits: {azimuth: [0 deg, 450 deg], altitude: [10 deg, 88 deg]}}
receivers:
  hydrogen: {driver: simulator, mount: dish, frequency: 1420.4 MHz, sample_rate: 2 MHz}
stores:
  archive: {driver: sqlite, path: night.db}
calibration:
  hydrogen: {hot: {temperature: 295 K}, cold: {temperature: 10 K, target: altaz 0 80}, tsys: 80 K}
)");
}

std::vector<astro::QueuedRequest> queue_of(std::int64_t count) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> ra(0.0, 360.0);
  std::uniform_real_distribution<double> dec(-40.0, 80.0);
  std::uniform_int_distribution<int> minutes(10, 60);
  std::vector<astro::QueuedRequest> queue;
  for (std::int64_t i = 0; i < count; ++i) {
    astro::QueuedRequest made{.id = "r" + std::to_string(i), .user = "user " + std::to_string(i % 4)};
    made.request.target = "icrs " + std::to_string(ra(random)) + " " + std::to_string(dec(random));
    made.request.integration_time = std::chrono::minutes(minutes(random));
    made.created = evening;
    queue.push_back(std::move(made));
  }
  return queue;
}

void a_night_of_requests(benchmark::State& state) {
  const astro::Site dish = site();
  const auto queue = queue_of(state.range(0));
  double science_h = 0.0;
  for (auto _ : state) {
    const astro::Schedule made = astro::schedule(dish, queue, {.from = evening, .to = evening + 11h});
    science_h = astro::seconds(made.science) / 3600.0;
  }
  state.counters["science_h"] = science_h;
}
BENCHMARK(a_night_of_requests)->Arg(10)->Arg(40)->Arg(160)->Unit(benchmark::kMillisecond);

}  // namespace
