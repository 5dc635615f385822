// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>

#include "astro/clock.hpp"
#include "broker_kit/parcel.hpp"
#include "broker_kit/tickets.hpp"
#include "client.hpp"
#include "topics.hpp"

namespace astro::kafka {

inline constexpr const char* topic_header = "astro-topic";
inline constexpr const char* time_header = "astro-time";          // when Kafka's milliseconds do not say it
inline constexpr const char* lifetime_header = "astro-lifetime";  // seconds
inline constexpr const char* retained_header = "astro-retained";
inline constexpr const char* key_header = "astro-key";  // of what is retained: its record's key is the topic

/// Sends what was accepted, for as long as it takes, in order. Messages for a Kafka topic that may not
/// be there yet wait here until it is made.
class Producer final {
 public:
  Producer(const Settings& settings, const TopicMap& map, std::shared_ptr<Clock> clock, Log log);
  ~Producer() { close(); }
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  /// Waits for the brokers' first answer; throws `transport` when waiting longer would not help.
  void start();
  Published publish(std::span<const Message> batch);
  Ticket confirmed(Ticket ticket, Duration at_most) { return tickets_.confirmed(ticket, at_most); }
  /// Makes a Kafka topic that is missing; throws `transport` when there is no answer in time.
  void ensure(const TopicRule& rule);
  void close() noexcept;

 private:
  struct Batch;
  struct Outgoing {  // what librdkafka carries for us from `produce` to its report
    Ticket ticket;
    std::size_t size;
    int parts;  // reports to come: a retained message goes to two topics
    std::uint32_t hash;
    Batch* batch;
  };
  struct Batch {  // of one call of `publish`: it goes with the last of its messages
    std::vector<Outgoing> messages;
    std::atomic<std::size_t> left;
  };
  struct Waiting {
    broker::Parcel parcel;
    std::string topic;
    bool needs_header;
    bool is_copy;  // for the compacted topic
    Outgoing* outgoing;
  };
  struct KafkaTopic {
    TopicRule rule;
    bool is_compacted = false;
    Owned<rd_kafka_topic_t> handle;
    bool is_ready = false;
    std::deque<Waiting> waiting;
  };
  struct Route {
    KafkaTopic* topic;
    bool needs_header;
    std::uint32_t hash;
  };

  struct Run {  // neighbours for one Kafka topic that need nothing but key and body: handed over in one call
    KafkaTopic* topic = nullptr;
    std::vector<rd_kafka_message_t> messages;
  };

  void check(std::span<const Message> batch) const;
  const Route& route_of(std::string_view topic);
  KafkaTopic& topic_for(const TopicRule& rule, bool is_compacted);
  void begin(KafkaTopic& topic);
  bool is_plain(const Message& message, const Route& route) const;
  void add(Run& run, KafkaTopic& topic, const Message& message, Outgoing* outgoing);
  void produce(Run& run);
  void put(KafkaTopic& topic, const Message& message, bool needs_header, bool is_copy, Outgoing* outgoing);
  void produce(KafkaTopic& topic, const Message& message, bool needs_header, bool is_copy, Outgoing* outgoing);
  struct Over {  // messages that are over, settled or not
    std::vector<Ticket> settled;
    std::size_t count = 0;
    std::size_t bytes = 0;
  };
  std::size_t count_with_room(std::span<const Message> batch) const;
  void report(Outgoing* outgoing, rd_kafka_resp_err_t error);
  void finish(Outgoing* outgoing, rd_kafka_resp_err_t error, Over& over);
  void make_room(Over& over);
  void serve();
  void make_topics();
  std::string make(const TopicRule& rule, bool is_compacted, bool& try_again);

  const Settings& settings_;
  const TopicMap& map_;
  const std::shared_ptr<Clock> clock_;
  const Log log_;
  Troubles troubles_;
  broker::Tickets tickets_;
  Over reported_;  // of the thread that serves
  rd_kafka_t* client_ = nullptr;
  std::atomic<std::size_t> outstanding_ = 0;
  std::atomic<std::size_t> outstanding_bytes_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_map<std::string, std::unique_ptr<KafkaTopic>> topics_;  // by Kafka's name
  std::unordered_map<std::string, Route> routes_;
  std::deque<KafkaTopic*> to_make_;
  bool closing_ = false;
  std::thread server_;
  std::thread maker_;
};

}  // namespace astro::kafka
