// SPDX-License-Identifier: BSD-3-Clause
// What a driver in a process of its own costs on top of one that runs here. Both are the same plugin's.
#include <unistd.h>

#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <astro/observatory.hpp>
#include <filesystem>
#include <fstream>
#include <vector>

#include "median.hpp"

namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

class Bench {
 public:
  explicit Bench(bool apart) : folder_(std::filesystem::temp_directory_path() / ("astro-bench-" + astro::new_id())) {
    astro::Registry::shared().add_plugin_folder(ASTRO_BENCHMARK_PLUGINS);
    astro::Site site;
    site.name = "bench";
    site.state_folder = folder_;
    const astro::Map settings = apart ? astro::Map{{"runs", "apart"}} : astro::Map{};
    site.devices = {{.kind = astro::DeviceKind::mount, .name = "dish", .driver = "paced", .settings = settings},
                    {.kind = astro::DeviceKind::receiver, .name = "rx", .driver = "paced", .settings = settings}};
    site_.emplace(astro::Observatory::open(site));
  }
  ~Bench() {
    site_.reset();
    std::filesystem::remove_all(folder_);
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;
  const astro::Observatory& site() const { return *site_; }

 private:
  std::filesystem::path folder_;
  std::optional<astro::Observatory> site_;
};

double seconds_of(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// Of this process and of those that it has started.
double processor_seconds() {
  double sum = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream list(thread.path() / "children");
    for (pid_t child = 0; list >> child;) {
      clockid_t clock{};
      if (::clock_getcpuclockid(child, &clock) == 0) sum += seconds_of(clock);
    }
  }
  return sum;
}

double core_used(bool apart, double& dropped) {
  constexpr int blocks = 1000;
  const Bench bench(apart);
  const astro::ReceiverHandle receiver = bench.site().receiver("rx");
  astro::BlockStream stream = receiver.stream();
  for (int i = 0; i < 20; ++i) benchmark::DoNotOptimize(stream.next(1s));
  const double processor = processor_seconds();
  const auto begin = Steady::now();
  for (int i = 0; i < blocks; ++i) benchmark::DoNotOptimize(stream.next(1s));
  const double used = processor_seconds() - processor;
  dropped += static_cast<double>(receiver.status().dropped);
  return used / std::chrono::duration<double>(Steady::now() - begin).count();
}

void apart_stream_20_megasamples(benchmark::State& state) {
  std::vector<double> here, apart;
  double dropped = 0;
  for (auto _ : state) {
    here.push_back(core_used(false, dropped));
    apart.push_back(core_used(true, dropped));
  }
  state.counters["here_core"] = median(here);
  state.counters["apart_core"] = median(apart);
  state.counters["extra_core"] = median(apart) - median(here);
  state.counters["dropped"] = dropped;
}
BENCHMARK(apart_stream_20_megasamples)->Iterations(3)->Unit(benchmark::kMillisecond);

double microseconds(const astro::MountHandle& dish, int i) {
  const auto begin = Steady::now();
  dish.move_to({astro::degrees(i), astro::degrees(20)});
  return std::chrono::duration<double, std::micro>(Steady::now() - begin).count();
}

void apart_call(benchmark::State& state) {
  const Bench here_bench(false);
  const Bench apart_bench(true);
  const astro::MountHandle here = here_bench.site().mount("dish");
  const astro::MountHandle apart = apart_bench.site().mount("dish");
  std::vector<double> calls, calls_here;
  for (auto _ : state) {
    for (int i = 0; i < 100; ++i) {
      calls_here.push_back(microseconds(here, i));
      calls.push_back(microseconds(apart, i));
    }
  }
  state.counters["here_us"] = median(calls_here);
  state.counters["call_us"] = median(calls);
}
BENCHMARK(apart_call)->Iterations(50)->Unit(benchmark::kMillisecond);

}  // namespace
