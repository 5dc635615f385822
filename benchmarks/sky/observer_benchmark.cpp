// SPDX-License-Identifier: BSD-3-Clause
// Places in the sky: many times, many targets, in order and not, beside ERFA's own functions on the
// same numbers in the same run. Only the ratios count.
#include <benchmark/benchmark.h>
#include <erfa.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "astro/sky/observer.hpp"

namespace {

using astro::AltAz, astro::Icrs, astro::Time, astro::degrees;

constexpr std::size_t many = 1'000'000;
const astro::Location site{degrees(38.433), degrees(-79.84), 800.0};
const Time start = astro::parse_time("2024-03-09T22:13:07");

std::vector<Time> times(bool shuffled) {
  std::vector<Time> made;
  for (std::size_t i = 0; i < many; ++i) made.push_back(start + std::chrono::nanoseconds(43'200'000 * i));
  std::mt19937 random(1);
  if (shuffled) std::shuffle(made.begin(), made.end(), random);
  return made;
}

std::vector<Icrs> directions(bool shuffled) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> unit(0.0, 1.0);
  std::vector<Icrs> made;
  for (std::size_t i = 0; i < many; ++i) {
    made.push_back({degrees(360 * unit(random)), astro::radians(std::asin(2 * unit(random) - 1))});
  }
  if (!shuffled) std::sort(made.begin(), made.end(), [](const Icrs& a, const Icrs& b) { return a.ra < b.ra; });
  return made;
}

void report(benchmark::State& state, std::size_t places) {
  state.counters["places/s"] = benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(places),
                                                  benchmark::Counter::kIsRate);
}

void one_target_at_many_times(benchmark::State& state) {
  const auto when = times(state.range(0) != 0);
  std::vector<AltAz> places(many);
  for (auto _ : state) {
    astro::sky::Observer(site).altaz(Icrs{degrees(83.6), degrees(22.0)}, when, places);
    benchmark::DoNotOptimize(places.data());
  }
  report(state, many);
}
BENCHMARK(one_target_at_many_times)->ArgName("shuffled")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void many_targets_at_one_time(benchmark::State& state) {
  const auto where = directions(state.range(0) != 0);
  std::vector<AltAz> places(many);
  for (auto _ : state) {
    astro::sky::Observer(site).altaz(where, start, places);
    benchmark::DoNotOptimize(places.data());
  }
  report(state, many);
}
BENCHMARK(many_targets_at_one_time)->ArgName("shuffled")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void the_moon_at_many_times(benchmark::State& state) {
  const auto when = times(false);
  std::vector<AltAz> places(many);
  for (auto _ : state) {
    astro::sky::Observer(site).altaz(astro::Body::moon, when, places);
    benchmark::DoNotOptimize(places.data());
  }
  report(state, many);
}
BENCHMARK(the_moon_at_many_times)->Unit(benchmark::kMillisecond);

void lsrk_at_many_times(benchmark::State& state) {
  const auto when = times(false);
  std::vector<double> km_s(many);
  for (auto _ : state) {
    astro::sky::Observer(site).velocity_correction_km_s(Icrs{degrees(83.6), degrees(22.0)}, when,
                                                        astro::sky::VelocityFrame::lsrk, km_s);
    benchmark::DoNotOptimize(km_s.data());
  }
  report(state, many);
}
BENCHMARK(lsrk_at_many_times)->Unit(benchmark::kMillisecond);

/// Everything each time: what one call of the full computation costs.
void erfa_from_the_start(benchmark::State& state) {
  double at = 0.0;
  for (auto _ : state) {
    double out[6];
    at += 1e-6;
    eraAtco13(1.46, 0.38, 0, 0, 0, 0, 2460379.5, 0.4257 + at, 0.0, site.longitude.radians(), site.latitude.radians(),
              site.height_m, 0, 0, 0, 0, 0, 0, &out[0], &out[1], &out[2], &out[3], &out[4], &out[5]);
    benchmark::DoNotOptimize(out);
  }
  report(state, 1);
}
BENCHMARK(erfa_from_the_start);

/// The part of it that no other target shares: ERFA's counterpart of many targets at one time.
void erfa_with_its_context(benchmark::State& state) {
  eraASTROM astrom;
  double origins = 0.0;
  eraApco13(2460379.5, 0.4257, 0.0, site.longitude.radians(), site.latitude.radians(), site.height_m, 0, 0, 0, 0, 0, 0,
            &astrom, &origins);
  const auto where = directions(true);
  std::vector<AltAz> places(many);
  for (auto _ : state) {
    for (std::size_t i = 0; i < many; ++i) {
      double ra = 0.0;
      double dec = 0.0;
      double out[5];
      eraAtciqz(where[i].ra.radians(), where[i].dec.radians(), &astrom, &ra, &dec);
      eraAtioq(ra, dec, &astrom, &out[0], &out[1], &out[2], &out[3], &out[4]);
      places[i] = {astro::radians(out[0]), astro::radians(1.5707963267948966 - out[1])};
    }
    benchmark::DoNotOptimize(places.data());
  }
  report(state, many);
}
BENCHMARK(erfa_with_its_context)->Unit(benchmark::kMillisecond);

}  // namespace
