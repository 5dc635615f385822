// SPDX-License-Identifier: BSD-3-Clause
// The transport `mqtt` beside Paho's C library alone, both through one mosquitto of this machine: 200-byte
// messages at QoS 1, published with the same window and received by a second client. One iteration is
// a batch, from its first message to its last one received.
#if __has_include(<MQTTAsync.h>)
#include <MQTTAsync.h>
#include <benchmark/benchmark.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "astro/transport.hpp"
#include "plain_emitter.hpp"
#include "testing/server.hpp"

namespace {

constexpr std::size_t body_size = 200;
constexpr std::size_t messages_in_batch = 2000;
constexpr int window = 100;
using Body = std::array<std::byte, body_size>;

const astro::testing::Server& broker() {
  static const astro::testing::Server server("mosquitto");
  return server;
}

/// Waits until so many have come.
class Counter {
 public:
  void add(std::size_t count) {
    const std::lock_guard lock(mutex_);
    count_ += count;
    if (count_ >= awaited_) came_.notify_one();
  }
  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    awaited_ = count;
    return came_.wait_for(lock, std::chrono::seconds(30), [&] { return count_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::size_t count_ = 0;
  std::size_t awaited_ = ~std::size_t{0};
};

class Consumer final : public astro::Subscriber, public Counter {
 public:
  void deliver(std::span<const astro::Message> messages) override { add(messages.size()); }
};

void report(benchmark::State& state) {
  state.counters["messages/s"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * messages_in_batch, benchmark::Counter::kIsRate);
}

void mqtt_transport(benchmark::State& state) {
  const astro::Map settings{{"url", "mqtt://127.0.0.1:" + std::to_string(broker().port())}, {"in_flight", window}};
  const Opened<astro::Transport> ours(astro::DeviceKind::transport, "mqtt", settings);
  Consumer consumer;
  ours->subscribe("bench/ours", consumer);
  const Body body{};
  const astro::Time time = state.range(0) != 0 ? astro::Time(std::chrono::seconds(1'767'268'800)) : astro::Time();
  const std::vector<astro::Message> batch(messages_in_batch,
                                          astro::Message{.topic = "bench/ours", .body = body, .time = time});
  std::size_t sent = 0;
  for (auto _ : state) {
    sent += ours->publish(batch).accepted;
    if (!consumer.wait_for(sent)) state.SkipWithError("not all were delivered");
  }
  ours->unsubscribe(consumer);
  report(state);
}
BENCHMARK(mqtt_transport)->Arg(0)->Arg(1)->UseRealTime()->MinTime(3);

/// Paho used by hand, as its documentation does it; with the argument 1 each message says its time, as
/// ours do that were given one.
class Bare {
 public:
  explicit Bare(const std::string& id) {
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer5;
    const std::string url = "tcp://127.0.0.1:" + std::to_string(broker().port());
    MQTTAsync_createWithOptions(&client_, url.c_str(), id.c_str(), MQTTCLIENT_PERSISTENCE_NONE, nullptr, &options);
    MQTTAsync_setCallbacks(
        client_, this, nullptr,
        [](void* self, char* topic, int, MQTTAsync_message* message) {
          static_cast<Bare*>(self)->received.add(1);
          MQTTAsync_freeMessage(&message);
          MQTTAsync_free(topic);
          return 1;
        },
        nullptr);
    MQTTAsync_connectOptions connect = MQTTAsync_connectOptions_initializer5;
    connect.cleanstart = 1;
    connect.context = this;
    connect.onSuccess5 = [](void* self, MQTTAsync_successData5*) { static_cast<Bare*>(self)->answered.add(1); };
    MQTTAsync_connect(client_, &connect);
    answered.wait_for(1);
  }
  ~Bare() { MQTTAsync_destroy(&client_); }
  Bare(const Bare&) = delete;
  Bare& operator=(const Bare&) = delete;

  void subscribe(const char* topic) {
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    options.context = this;
    options.onSuccess5 = [](void* self, MQTTAsync_successData5*) { static_cast<Bare*>(self)->answered.add(1); };
    MQTTAsync_subscribe(client_, topic, 1, &options);
    answered.wait_for(2);
  }
  void send(const char* topic, const Body& body, bool has_time) {
    {
      std::unique_lock lock(mutex_);
      room_.wait(lock, [&] { return in_flight_ < window; });
      ++in_flight_;
    }
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    options.context = this;
    options.onSuccess5 = [](void* self, MQTTAsync_successData5*) {
      auto& us = *static_cast<Bare*>(self);
      const std::lock_guard lock(us.mutex_);
      --us.in_flight_;
      us.room_.notify_one();
    };
    MQTTAsync_message message = MQTTAsync_message_initializer;
    message.payload = const_cast<std::byte*>(body.data());
    message.payloadlen = body_size;
    message.qos = 1;
    if (has_time) {
      MQTTProperty property{};
      property.identifier = MQTTPROPERTY_CODE_USER_PROPERTY;
      property.value.data = {10, const_cast<char*>("astro-time")};
      property.value.value = {30, const_cast<char*>("2026-01-01T12:00:00.000000000Z")};
      MQTTProperties_add(&message.properties, &property);
    }
    MQTTAsync_sendMessage(client_, topic, &message, &options);
    MQTTProperties_free(&message.properties);
  }

  Counter received;
  Counter answered;

 private:
  MQTTAsync client_ = nullptr;
  std::mutex mutex_;
  std::condition_variable room_;
  int in_flight_ = 0;
};

void bare_paho(benchmark::State& state) {
  Bare publisher("bare-publisher");
  Bare subscriber("bare-subscriber");
  subscriber.subscribe("bench/bare");
  const Body body{};
  std::size_t sent = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < messages_in_batch; ++i) publisher.send("bench/bare", body, state.range(0) != 0);
    sent += messages_in_batch;
    if (!subscriber.received.wait_for(sent)) state.SkipWithError("not all were delivered");
  }
  report(state);
}
BENCHMARK(bare_paho)->Arg(0)->Arg(1)->UseRealTime()->MinTime(3);

}  // namespace
#endif
