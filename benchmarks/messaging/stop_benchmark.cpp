// SPDX-License-Identifier: BSD-3-Clause
// Stop over MQTT: from the call in one observatory to the hook of the driver on a node, through one mosquitto of this
// machine.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "astro/messaging/node.hpp"
#include "astro/mount.hpp"
#include "astro/observatory.hpp"
#include "astro/registry.hpp"
#include "testing/server.hpp"

namespace {

using Steady = std::chrono::steady_clock;

/// When the hook was called, and how often.
struct Stops {
  std::mutex mutex;
  std::condition_variable came;
  std::vector<Steady::time_point> times;

  std::size_t count() {
    const std::lock_guard lock(mutex);
    return times.size();
  }
  bool wait_for(std::size_t number, Steady::duration at_most) {
    std::unique_lock lock(mutex);
    return came.wait_for(lock, at_most, [&] { return times.size() >= number; });
  }
};
Stops stops;

class Stopwatch final : public astro::Mount {
 public:
  struct Settings {};
  explicit Stopwatch(Settings) {}

  void open(astro::Emitter&) override {}
  void close() noexcept override {}
  void move_to(astro::Axes) override {}
  astro::MountStatus status() override { return {.position = {astro::degrees(10), astro::degrees(20)}}; }
  void stop() noexcept override {
    const std::lock_guard lock(stops.mutex);
    stops.times.push_back(Steady::now());
    stops.came.notify_all();
  }
};

}  // namespace

template <>
struct astro::Description<Stopwatch::Settings> {
  static constexpr std::array<astro::Member, 0> fields{};
};

namespace {

void stop_over_mqtt(benchmark::State& state) {
  astro::Registry::shared().add<Stopwatch>(
      "stopwatch",
      {.first = {astro::degrees(0), astro::degrees(360)}, .second = {astro::degrees(0), astro::degrees(90)}},
      "Tells when it is stopped");
  const astro::testing::Server broker("mosquitto");
  const auto folder = std::filesystem::temp_directory_path() / ("astro-bench-stop-" + std::to_string(::getpid()));
  const std::string text =
      "site: {name: Bench, latitude: 28 deg, longitude: -16 deg}\n"
      "transports: {broker: {driver: mqtt, url: \"mqtt://127.0.0.1:" +
      std::to_string(broker.port()) + "\"}}\nmounts: {dish: {driver: stopwatch, runs: {node: movement}}}\n";
  std::vector<double> milliseconds;
  {
    const auto node = astro::messaging::Node::open(astro::parse_site(text, {.node = "movement"}), "movement",
                                                   {.state_folder = folder / "node"});
    const auto site = astro::Observatory::open(astro::parse_site(text), {.state_folder = folder / "control"});
    const astro::MountHandle dish = site.mount("dish");
    while (dish.status().time == astro::Time{}) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    for (auto _ : state) {
      const std::size_t before = stops.count();
      const auto called = Steady::now();
      dish.stop();
      if (!stops.wait_for(before + 1, std::chrono::seconds(10))) {
        state.SkipWithError("a stop did not come to the driver");
        break;
      }
      milliseconds.push_back(std::chrono::duration<double, std::milli>(stops.times[before] - called).count());
      state.PauseTiming();
      (void)stops.wait_for(before + 2, std::chrono::milliseconds(100));  // it acts again with what writes it down
      state.ResumeTiming();
    }
  }
  std::filesystem::remove_all(folder);
  if (milliseconds.empty()) return;
  std::sort(milliseconds.begin(), milliseconds.end());
  state.counters["p50_ms"] = milliseconds[milliseconds.size() / 2];
  state.counters["p99_ms"] = milliseconds[milliseconds.size() * 99 / 100];
}
BENCHMARK(stop_over_mqtt)->Iterations(1000)->UseRealTime();

}  // namespace
