// SPDX-License-Identifier: BSD-3-Clause
// Points into an outbox, durably, in batches as a node puts them, while its sender hands them over to somebody who
// confirms at once and they are removed again.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "astro/messaging/outbox.hpp"

namespace {

using namespace astro;
using namespace astro::messaging;

class Confirming final : public Transport {
 public:
  void open(Emitter&) override {}
  void close() noexcept override {}
  Published publish(std::span<const Message> batch) override { return {batch.size(), taken_ += batch.size()}; }
  Ticket confirmed(Ticket, Duration) override { return taken_; }
  void subscribe(const std::string&, Subscriber&, const std::string&) override {}
  void unsubscribe(Subscriber&) noexcept override {}

 private:
  std::atomic<Ticket> taken_ = 0;
};

void outbox(benchmark::State& state) {
  const auto folder = std::filesystem::temp_directory_path() / ("astro-bench-outbox-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  {
    const std::string body =
        R"({"value":45.25,"unit":"deg","timestamp":"2026-01-15T20:00:00.000Z","quality":"good","boot":1,"sequence":1})";
    std::vector<Outgoing> batch(static_cast<std::size_t>(state.range(0)),
                                {.topic = "astro/v1/hill/movement/data/dish/altitude",
                                 .key = "dish",
                                 .body = std::as_bytes(std::span(body)),
                                 .keeping = Keeping::telemetry,
                                 .time = Time(std::chrono::seconds(1'768'507'200)),
                                 .source = "dish",
                                 .boot = 1});
    Outbox outbox(std::make_shared<Confirming>(), {.folder = folder, .in_flight = 100'000, .shed_topic = "shed"});
    for (auto _ : state) {
      for (Outgoing& one : batch) ++one.sequence;
      outbox.put(batch);
    }
    if (!outbox.wait_empty(std::chrono::minutes(1))) state.SkipWithError("not all were sent");
    if (outbox.counts().shed != 0) state.SkipWithError("some were shed");
  }
  std::filesystem::remove_all(folder);
  state.counters["points/s"] =
      benchmark::Counter(static_cast<double>(state.iterations() * state.range(0)), benchmark::Counter::kIsRate);
}
BENCHMARK(outbox)->Arg(1000)->Arg(10'000)->UseRealTime()->MinTime(3);

}  // namespace
