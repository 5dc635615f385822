// SPDX-License-Identifier: BSD-3-Clause
// The transport `local`: 200-byte messages in batches, one producer and one consumer thread. The
// consumer reads each message; the limit is 10 million a second. Beside it the bare price of the
// bytes: the same messages copied once and read once, in one thread.
#include <benchmark/benchmark.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "astro/transport.hpp"
#include "plain_emitter.hpp"

namespace {

constexpr std::size_t body_size = 200;
constexpr std::size_t messages_in_batch = 256;
constexpr std::int64_t queue = 65536;

class Consumer final : public astro::Subscriber {
 public:
  void deliver(std::span<const astro::Message> messages) override {
    for (const astro::Message& message : messages) sum_ += static_cast<std::size_t>(message.body[body_size / 2]);
    count_ += messages.size();
  }
  std::size_t count() const noexcept { return count_; }  // after `confirmed`

 private:
  std::size_t sum_ = 0;
  std::size_t count_ = 0;
};

struct Batch {
  explicit Batch(std::size_t topics) {
    for (std::size_t i = 0; i < topics; ++i) names.push_back("astro/dish/point/" + std::to_string(i));
    for (std::size_t i = 0; i < messages_in_batch; ++i) {
      messages.push_back({.topic = names[i % topics], .body = bodies[i]});
    }
  }
  std::vector<std::string> names;
  std::vector<std::array<std::byte, body_size>> bodies{messages_in_batch};
  std::vector<astro::Message> messages;
};

void report(benchmark::State& state) {
  state.counters["messages/s"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * messages_in_batch, benchmark::Counter::kIsRate);
}

void local_transport(benchmark::State& state) {
  const Opened<astro::Transport> bus(astro::DeviceKind::transport, "local", astro::Map{{"queue", queue}});
  Consumer consumer;
  bus->subscribe("astro/#", consumer);
  const Batch batch(static_cast<std::size_t>(state.range(0)));
  const std::span<const astro::Message> all(batch.messages);
  astro::Ticket last = 0;
  for (auto _ : state) {
    for (std::size_t sent = 0; sent < all.size();) {
      const astro::Published published = bus->publish(all.subspan(sent));
      sent += published.accepted;
      last = published.ticket;
      if (sent < all.size())
        bus->confirmed(last - static_cast<astro::Ticket>(queue) / 2, std::chrono::milliseconds(10));  // no room: wait
    }
  }
  // The last ones count as well: they are delivered before the clock stops.
  if (bus->confirmed(last, std::chrono::seconds(10)) != last) state.SkipWithError("not all were delivered");
  bus->unsubscribe(consumer);
  if (consumer.count() != last) state.SkipWithError("the consumer missed some");
  report(state);
}
BENCHMARK(local_transport)->Arg(1)->Arg(16)->MeasureProcessCPUTime()->UseRealTime()->MinTime(2);

void bare_copy(benchmark::State& state) {
  const Batch batch(1);
  std::vector<std::byte> arena(512 * body_size);
  std::size_t sum = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < messages_in_batch; ++i) {
      std::memcpy(arena.data() + i * body_size, batch.messages[i].body.data(), body_size);
    }
    benchmark::ClobberMemory();
    for (std::size_t i = 0; i < messages_in_batch; ++i) sum += static_cast<std::size_t>(arena[i * body_size + 100]);
    benchmark::DoNotOptimize(sum);
  }
  report(state);
}
BENCHMARK(bare_copy);

}  // namespace
