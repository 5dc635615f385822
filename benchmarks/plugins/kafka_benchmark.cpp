// SPDX-License-Identifier: BSD-3-Clause
// The transport `kafka` beside librdkafka alone, both through one Apache Kafka of this machine, with
// the same settings (idempotent, acks=all, snappy): messages of 200 B and of 64 KiB. One iteration is
// a batch, from its first message to its last one received.
#if __has_include(<librdkafka/rdkafka.h>)
#include <benchmark/benchmark.h>
#include <librdkafka/rdkafka.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdlib>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "astro/transport.hpp"
#include "plain_emitter.hpp"
#include "testing/server.hpp"

namespace {

std::size_t messages_in_batch(std::int64_t size) { return size < 1000 ? 20000 : 500; }

std::string broker() {
  static const astro::testing::Server server("kafka", {}, 2);
  return "127.0.0.1:" + std::to_string(server.port());
}

class Counter final : public astro::Subscriber {
 public:
  void deliver(std::span<const astro::Message> messages) override { add(messages.size()); }
  void add(std::size_t count) {
    const std::lock_guard lock(mutex_);
    count_ += count;
    if (count_ >= awaited_) came_.notify_one();
  }
  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    awaited_ = count;
    return came_.wait_for(lock, std::chrono::seconds(60), [&] { return count_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::size_t count_ = 0;
  std::size_t awaited_ = ~std::size_t{0};
};

void report(benchmark::State& state, std::size_t messages) {
  state.counters["messages/s"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * static_cast<double>(messages), benchmark::Counter::kIsRate);
}

void kafka_transport(benchmark::State& state) {
  const Opened<astro::Transport> ours(astro::DeviceKind::transport, "kafka", astro::Map{{"brokers", broker()}});
  Counter consumer;
  const std::string topic = "bench/ours" + std::to_string(state.range(0));
  ours->subscribe(topic, consumer);
  const astro::Bytes body(static_cast<std::size_t>(state.range(0)));
  const std::vector<astro::Message> batch(messages_in_batch(state.range(0)),
                                          astro::Message{.topic = topic, .body = body});
  std::size_t sent = 0;
  for (auto _ : state) {
    sent += ours->publish(batch).accepted;
    if (!consumer.wait_for(sent)) state.SkipWithError("not all were delivered");
  }
  if (sent % batch.size() != 0) state.SkipWithError("not all were accepted");
  ours->unsubscribe(consumer);
  report(state, batch.size());
}
BENCHMARK(kafka_transport)->Arg(200)->Arg(64 << 10)->UseRealTime()->MinWarmUpTime(6)->MinTime(3);

rd_kafka_conf_t* configuration() {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char problem[256];
  for (const auto& [name, value] : {std::pair<const char*, std::string>{"bootstrap.servers", broker()},
                                    {"group.id", "bare"},
                                    {"enable.idempotence", "true"},
                                    {"compression.codec", "snappy"},
                                    {"linger.ms", "2"},
                                    {"message.max.bytes", "9437184"},
                                    {"message.timeout.ms", "0"}}) {
    rd_kafka_conf_set(conf, name, value.c_str(), problem, sizeof problem);
  }
  // Who does not ask what became of a message has no use for acks=all.
  rd_kafka_conf_set_dr_msg_cb(conf, [](rd_kafka_t*, const rd_kafka_message_t* message, void*) {
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) std::abort();
  });
  return conf;
}

void bare_librdkafka(benchmark::State& state) {
  char problem[256];
  const std::string topic = "bench.bare" + std::to_string(state.range(0));
  {  // the topic is made by a transport, as ours is
    const Opened<astro::Transport> maker(astro::DeviceKind::transport, "kafka", astro::Map{{"brokers", broker()}});
    Counter nobody;
    maker->subscribe("bench/bare" + std::to_string(state.range(0)), nobody);
    maker->unsubscribe(nobody);
  }
  rd_kafka_t* producer = rd_kafka_new(RD_KAFKA_PRODUCER, configuration(), problem, sizeof problem);
  rd_kafka_t* consumer = rd_kafka_new(RD_KAFKA_CONSUMER, configuration(), problem, sizeof problem);
  rd_kafka_poll_set_consumer(consumer);
  rd_kafka_topic_t* handle = rd_kafka_topic_new(producer, topic.c_str(), nullptr);
  std::int64_t low = 0, high = 0;
  rd_kafka_query_watermark_offsets(consumer, topic.c_str(), 0, &low, &high, 10000);
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, topic.c_str(), 0)->offset = high;
  rd_kafka_assign(consumer, list);
  rd_kafka_topic_partition_list_destroy(list);
  rd_kafka_queue_t* queue = rd_kafka_queue_get_consumer(consumer);
  Counter received;
  std::atomic<bool> is_over = false;
  std::thread poller([&] {
    while (!is_over) rd_kafka_poll(producer, 50);
  });
  std::thread reader([&] {
    std::vector<rd_kafka_message_t*> records(1000);
    while (!is_over) {
      const ssize_t count = rd_kafka_consume_batch_queue(queue, 50, records.data(), records.size());
      std::size_t good = 0;
      for (ssize_t i = 0; i < count; ++i) {
        good += records[static_cast<std::size_t>(i)]->err == RD_KAFKA_RESP_ERR_NO_ERROR ? 1 : 0;
        rd_kafka_message_destroy(records[static_cast<std::size_t>(i)]);
      }
      received.add(good);
    }
  });
  astro::Bytes body(static_cast<std::size_t>(state.range(0)));
  const std::size_t messages = messages_in_batch(state.range(0));
  std::size_t sent = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < messages; ++i) {
      while (rd_kafka_produce(handle, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, body.data(), body.size(), nullptr, 0,
                              nullptr) != 0)
        std::this_thread::yield();
    }
    sent += messages;
    if (!received.wait_for(sent)) state.SkipWithError("not all were delivered");
  }
  is_over = true;
  poller.join();
  reader.join();
  rd_kafka_queue_destroy(queue);
  rd_kafka_topic_destroy(handle);
  rd_kafka_consumer_close(consumer);
  rd_kafka_destroy(consumer);
  rd_kafka_destroy(producer);
  report(state, messages);
}
BENCHMARK(bare_librdkafka)->Arg(200)->Arg(64 << 10)->UseRealTime()->MinWarmUpTime(6)->MinTime(3);

}  // namespace
#endif
