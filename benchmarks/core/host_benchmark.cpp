// SPDX-License-Identifier: BSD-3-Clause
// What the host costs between a user and a driver. Each figure stands beside the bare thing that it
// is measured against, taken in the same run; the counter `ratio` (or `extra_core`) is what has a limit.
#include <sched.h>

#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <astro/log.hpp>
#include <astro/observatory.hpp>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <thread>
#include <vector>

#include "median.hpp"

namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

class StillMount final : public astro::Mount {
 public:
  void open(astro::Emitter&) override {}
  void close() noexcept override {}
  void stop() noexcept override {}
  void move_to(astro::Axes target) override {
    position_ = target;
    ++moves;
  }
  astro::MountStatus status() override { return {.position = position_}; }

  static inline std::atomic<std::uint64_t> moves = 0;  // of all of them

 private:
  astro::Axes position_{astro::degrees(10), astro::degrees(20)};
};

/// Hangs in `status` until it is stopped.
class HangingMount final : public astro::Mount {
 public:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    bool hangs = false;
    bool let_go = false;
    std::optional<Steady::time_point> stopped;
  };
  explicit HangingMount(std::shared_ptr<State> state) : state_(std::move(state)) {}

  void open(astro::Emitter&) override {}
  void close() noexcept override {}
  void stop() noexcept override {
    const auto now = Steady::now();
    const std::lock_guard lock(state_->mutex);
    if (!state_->stopped) state_->stopped = now;
    state_->hangs = false;
    state_->changed.notify_all();
  }
  void move_to(astro::Axes) override {}
  astro::MountStatus status() override {
    std::unique_lock lock(state_->mutex);
    state_->hangs = !state_->let_go;
    state_->changed.notify_all();
    state_->changed.wait(lock, [this] { return !state_->hangs; });
    return {};
  }

 private:
  std::shared_ptr<State> state_;
};

constexpr double rate = 100e6;
constexpr std::size_t block = 65536;
using Sample = std::complex<float>;

/// 100 MS/s in real time: copies a pattern, then waits until the block would have been there.
class PacedReceiver final : public astro::Receiver {
 public:
  void open(astro::Emitter&) override {}
  void close() noexcept override {}
  void stop() noexcept override {}
  astro::StreamSettings tune(const astro::Tuning&) override {
    astro::StreamSettings taken;
    taken.tuning = {.frequency = astro::hydrogen_line, .sample_rate = astro::hertz(rate)};
    return taken;
  }
  void start() override { next_ = Steady::now(); }
  astro::Filled fill(std::span<std::byte> buffer) override {
    std::memcpy(buffer.data(), pattern_.data(), std::min(buffer.size(), pattern_.size() * sizeof(Sample)));
    const std::size_t items = buffer.size() / sizeof(Sample);
    next_ += std::chrono::nanoseconds(static_cast<std::int64_t>(static_cast<double>(items) / rate * 1e9));
    std::this_thread::sleep_until(next_);
    return {.items = items};
  }

 private:
  std::vector<Sample> pattern_ = std::vector<Sample>(block, Sample{0.5f, -0.5f});
  Steady::time_point next_{};
};

class Bench {
 public:
  Bench() : folder_(std::filesystem::temp_directory_path() / ("astro-bench-" + astro::new_id())) {
    registry_.add({.name = "still", .kind = astro::DeviceKind::mount, .mount = {.poll_every = 1s}},
                  [](const astro::Value&) { return std::make_unique<StillMount>(); });
    registry_.add({.name = "paced", .kind = astro::DeviceKind::receiver},
                  [](const astro::Value&) { return std::make_unique<PacedReceiver>(); });
    astro::Site site;
    site.name = "bench";
    site.state_folder = folder_;
    site.devices = {{.kind = astro::DeviceKind::mount, .name = "dish", .driver = "still", .settings = astro::Map{}},
                    {.kind = astro::DeviceKind::receiver, .name = "rx", .driver = "paced", .settings = astro::Map{}}};
    site_.emplace(astro::Observatory::open(site, {}, registry_));
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
  astro::Registry registry_;
  std::optional<astro::Observatory> site_;
};

void snapshot_read(benchmark::State& state) {
  const Bench bench;
  const astro::MountHandle dish = bench.site().mount("dish");
  for (auto _ : state) benchmark::DoNotOptimize(dish.status());
}
BENCHMARK(snapshot_read);

/// The least that a call to another thread and back can be made of: one mutex, two conditions.
class PingPong {
 public:
  PingPong() : thread_([this] { answer(); }) {}
  ~PingPong() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    ping_.notify_one();
    thread_.join();
  }
  PingPong(const PingPong&) = delete;
  PingPong& operator=(const PingPong&) = delete;

  void call() {
    std::unique_lock lock(mutex_);
    asked_ = true;
    answered_ = false;
    lock.unlock();
    ping_.notify_one();
    lock.lock();
    pong_.wait(lock, [this] { return answered_; });
  }

 private:
  void answer() {
    std::unique_lock lock(mutex_);
    for (;;) {
      ping_.wait(lock, [this] { return asked_ || ending_; });
      if (ending_) return;
      asked_ = false;
      answered_ = true;
      lock.unlock();
      pong_.notify_one();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable ping_;
  std::condition_variable pong_;
  bool asked_ = false;
  bool answered_ = false;
  bool ending_ = false;
  std::thread thread_;
};

template <class Call>
double timed(Call call) {
  const auto begin = Steady::now();
  call();
  return std::chrono::duration<double, std::micro>(Steady::now() - begin).count();
}

/// While it lives, this thread and those that it starts share one core: between two, the machine's way of waking a
/// sleeping core would be measured, which is many times as long and chosen anew in each run.
class OnOneCore {
 public:
  OnOneCore() {
    sched_getaffinity(0, sizeof before_, &before_);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    sched_setaffinity(0, sizeof one, &one);
  }
  ~OnOneCore() { sched_setaffinity(0, sizeof before_, &before_); }
  OnOneCore(const OnOneCore&) = delete;
  OnOneCore& operator=(const OnOneCore&) = delete;

 private:
  cpu_set_t before_{};
};

void queued_call(benchmark::State& state) {
  const OnOneCore core;
  const Bench bench;
  const astro::MountHandle dish = bench.site().mount("dish");
  PingPong bare;
  std::vector<double> calls, pings;
  for (auto _ : state) {
    // One by one: what the scheduler does to both is then the same.
    for (int i = 0; i < 100; ++i) {
      pings.push_back(timed([&] { bare.call(); }));
      calls.push_back(timed([&] { dish.move_to({astro::degrees(i), astro::degrees(20)}); }));
    }
  }
  state.counters["bare_us"] = median(pings);
  state.counters["call_us"] = median(calls);
  state.counters["ratio"] = median(calls) / median(pings);
}
BENCHMARK(queued_call)->Iterations(100)->Unit(benchmark::kMillisecond);

/// From the call until the driver's `stop` has begun, while another of its hooks hangs.
void stop_beside_a_hung_hook(benchmark::State& state) {
  const auto driver = std::make_shared<HangingMount::State>();
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("astro-bench-" + astro::new_id());
  astro::Registry registry;
  // Nobody gives it up: what is measured is the way of a stop, not that of a loss.
  registry.add({.name = "hanging", .kind = astro::DeviceKind::mount, .mount = {.poll_every = 1ms, .hook_bound = 1h}},
               [driver](const astro::Value&) { return std::make_unique<HangingMount>(driver); });
  driver->let_go = true;  // the reading with which it is opened
  astro::Site site;
  site.name = "bench";
  site.state_folder = folder;
  site.devices = {{.kind = astro::DeviceKind::mount, .name = "dish", .driver = "hanging", .settings = astro::Map{}}};
  std::vector<double> waits;
  {
    const astro::Observatory opened = astro::Observatory::open(site, {}, registry);
    const astro::MountHandle dish = opened.mount("dish");
    for (auto _ : state) {
      for (int i = 0; i < 100; ++i) {
        {
          std::unique_lock lock(driver->mutex);
          driver->let_go = false;
          driver->changed.wait(lock, [&] { return driver->hangs; });
          driver->stopped.reset();
        }
        const auto begin = Steady::now();
        dish.stop();
        const std::lock_guard lock(driver->mutex);
        const auto end = driver->stopped.value_or(begin + 1s);  // it has not come in the time that is promised
        waits.push_back(std::chrono::duration<double, std::milli>(end - begin).count());
      }
    }
    const std::lock_guard lock(driver->mutex);
    driver->let_go = true;
    driver->hangs = false;
    driver->changed.notify_all();
  }
  std::filesystem::remove_all(folder);
  std::ranges::sort(waits);
  state.counters["p50_ms"] = waits[waits.size() / 2];
  state.counters["p99_ms"] = waits[waits.size() * 99 / 100];
  state.counters["worst_ms"] = waits.back();
}
BENCHMARK(stop_beside_a_hung_hook)->Iterations(20)->Unit(benchmark::kMillisecond);

double processor_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// Processor time for each second of the stream, as a part of one core.
template <class Loop>
double core_used(Loop loop) {
  const double processor = processor_seconds();
  const auto begin = Steady::now();
  loop();
  return (processor_seconds() - processor) / std::chrono::duration<double>(Steady::now() - begin).count();
}

void stream_100_megasamples(benchmark::State& state) {
  constexpr int blocks = 2000;
  std::vector<double> bare, hosted;
  double dropped = 0;
  for (auto _ : state) {
    bare.push_back(core_used([] {
      PacedReceiver driver;
      std::vector<std::byte> buffer(block * sizeof(Sample));
      driver.start();
      for (int i = 0; i < blocks; ++i) benchmark::DoNotOptimize(driver.fill(buffer));
    }));
    const Bench bench;
    const astro::ReceiverHandle receiver = bench.site().receiver("rx");
    astro::BlockStream stream = receiver.stream();
    hosted.push_back(core_used([&] {
      for (int i = 0; i < blocks; ++i) benchmark::DoNotOptimize(stream.next(1s));
    }));
    dropped += static_cast<double>(receiver.status().dropped);
  }
  state.counters["bare_core"] = median(bare);
  state.counters["host_core"] = median(hosted);
  state.counters["extra_core"] = median(hosted) - median(bare);
  state.counters["dropped"] = dropped;
}
BENCHMARK(stream_100_megasamples)->Iterations(3)->Unit(benchmark::kMillisecond);

/// A mount that is asked where it is, and sent on, twenty times a second.
void tracking_at_20_hertz(benchmark::State& state) {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("astro-bench-" + astro::new_id());
  astro::Registry registry;
  registry.add({.name = "still",
                .kind = astro::DeviceKind::mount,
                .mount = {.accuracy = astro::degrees(1e-5), .poll_every = 50ms}},
               [](const astro::Value&) { return std::make_unique<StillMount>(); });
  astro::Site site;
  site.name = "bench";
  site.location = {.latitude = astro::degrees(50), .longitude = astro::degrees(10)};
  site.state_folder = folder;
  site.devices = {{.kind = astro::DeviceKind::mount, .name = "dish", .driver = "still", .settings = astro::Map{}}};
  std::vector<double> cores;
  double moves_per_s = 0.0;
  {
    const astro::Observatory opened = astro::Observatory::open(site, {}, registry);
    const astro::MountHandle dish = opened.mount("dish");
    dish.track(astro::parse_target("icrs 37.95 60"));  // it never sets there
    const auto began = Steady::now();
    const std::uint64_t before = StillMount::moves;
    for (auto _ : state) cores.push_back(core_used([] { std::this_thread::sleep_for(3s); }));
    moves_per_s =
        static_cast<double>(StillMount::moves - before) / std::chrono::duration<double>(Steady::now() - began).count();
  }
  std::filesystem::remove_all(folder);
  state.counters["core_percent"] = 100.0 * median(cores);
  state.counters["moves/s"] = moves_per_s;
}
BENCHMARK(tracking_at_20_hertz)->Iterations(3)->Unit(benchmark::kMillisecond);

}  // namespace
