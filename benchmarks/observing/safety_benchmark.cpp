// SPDX-License-Identifier: BSD-3-Clause
// What a plan asks some 100,000 times: whether a place is allowed; and the way there.
#include <benchmark/benchmark.h>

#include <astro/observing/safety.hpp>
#include <random>
#include <vector>

namespace {

using namespace std::chrono_literals;

astro::SafeSky summer_day() {
  astro::SafetySection rules;
  rules.sun_distance = astro::degrees(10);
  rules.moon_distance = astro::degrees(5);
  for (int i = 0; i < 12; ++i) rules.horizon.push_back({astro::degrees(30 * i), astro::degrees(5 + (i * 7) % 20)});
  return {{astro::degrees(28.3), astro::degrees(-16.5), 2390.0},
          astro::Geometry::alt_az,
          {{astro::degrees(0), astro::degrees(450)}, {astro::degrees(5), astro::degrees(88)}},
          rules};
}

const astro::Time noon = astro::parse_time("2026-06-21T13:00:00Z");

void safe_sky_objection(benchmark::State& state) {
  const astro::SafeSky sky = summer_day();
  astro::Time time = noon;
  for (auto _ : state) {
    time += 1s;
    if (time > noon + 4h) time = noon;
    benchmark::DoNotOptimize(sky.objection(astro::Axes{astro::degrees(200), astro::degrees(40)}, time));
  }
}
BENCHMARK(safe_sky_objection);

void safe_sky_route(benchmark::State& state) {
  const astro::SafeSky sky = summer_day();
  std::mt19937 random(1);
  std::uniform_real_distribution<double> first(0, 450), second(30, 88);
  std::vector<astro::Axes> free;
  while (free.size() < 1000) {
    const astro::Axes axes{astro::degrees(first(random)), astro::degrees(second(random))};
    if (!sky.objection(axes, noon)) free.push_back(axes);
  }
  std::size_t at = 0;
  std::size_t legs = 0;
  for (auto _ : state) {
    const std::size_t next = (at + 1) % free.size();
    try {
      legs += sky.route({}, free[at], free[next], noon).size();
    } catch (const astro::Error&) {  // none, for some
    }
    at = next;
  }
  state.counters["legs"] = static_cast<double>(legs) / static_cast<double>(state.iterations());
}
BENCHMARK(safe_sky_route)->Unit(benchmark::kMicrosecond);

}  // namespace
