// SPDX-License-Identifier: BSD-3-Clause
// The transport `mqtt` beside Paho's C library alone, both through one mosquitto of this machine: 200-byte
// messages at QoS 1, published with the same window and received by a second client. One iteration is
// a batch of each in turn, from its first message to its last one received; the medians are told.
#if __has_include(<MQTTAsync.h>)
#include <MQTTAsync.h>
#include <benchmark/benchmark.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "astro/transport.hpp"
#include "median.hpp"
#include "plain_emitter.hpp"
#include "testing/server.hpp"

namespace {

constexpr std::size_t body_size = 200;
constexpr std::size_t messages_in_batch = 10'000;
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

/// With the argument 1 each message says its time.
void mqtt_beside_paho(benchmark::State& state) {
  const bool has_time = state.range(0) != 0;
  const Body body{};
  const astro::Map settings{{"url", "mqtt://127.0.0.1:" + std::to_string(broker().port())}, {"in_flight", window}};
  const Opened<astro::Transport> ours(astro::DeviceKind::transport, "mqtt", settings);
  Consumer consumer;
  ours->subscribe("bench/ours", consumer);
  const astro::Time time = has_time ? astro::Time(std::chrono::seconds(1'767'268'800)) : astro::Time();
  const std::vector<astro::Message> batch(messages_in_batch,
                                          astro::Message{.topic = "bench/ours", .body = body, .time = time});
  Bare publisher("bare-publisher");
  Bare subscriber("bare-subscriber");
  subscriber.subscribe("bench/bare");

  std::size_t sent = 0;
  const auto by_ours = [&] {
    if (ours->publish(batch).accepted != messages_in_batch) state.SkipWithError("not all were taken");
    if (!consumer.wait_for(sent)) state.SkipWithError("not all were delivered");
  };
  const auto by_hand = [&] {
    for (std::size_t i = 0; i < messages_in_batch; ++i) publisher.send("bench/bare", body, has_time);
    if (!subscriber.received.wait_for(sent)) state.SkipWithError("not all were delivered by hand");
  };
  const auto rate_of = [](const auto& send_all) {
    const auto start = std::chrono::steady_clock::now();
    send_all();
    return messages_in_batch / std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  std::vector<double> rates;
  std::vector<double> rates_by_hand;
  for (auto _ : state) {
    sent += messages_in_batch;
    rates.push_back(rate_of(by_ours));
    rates_by_hand.push_back(rate_of(by_hand));
  }
  ours->unsubscribe(consumer);
  state.counters["messages/s"] = median(rates);
  state.counters["by_hand/s"] = median(rates_by_hand);
}
BENCHMARK(mqtt_beside_paho)->Arg(0)->Arg(1)->UseRealTime()->Iterations(48);

}  // namespace
#endif
