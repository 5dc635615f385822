// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "astro/clock.hpp"
#include "astro/metrics.hpp"
#include "broker_kit/deliveries.hpp"
#include "client.hpp"
#include "topics.hpp"

namespace astro::kafka {

/// One subscription, or that of a group in this process. Without a group it reads all partitions from
/// where they ended when it began, after what is retained; a group's place is kept by the brokers, and
/// moves when messages were delivered.
class Consumer final : public broker::Source {
 public:
  using Wake = std::function<void()>;

  Consumer(const Settings& settings, const TopicMap& map, std::string pattern, const std::string& group,
           std::shared_ptr<Clock> clock, Wake wake, Log log);
  ~Consumer() override;
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  /// Waits until it is in force; throws `transport` when it does not come to that in time.
  void start();
  void abandon() noexcept;  ///< makes `start` return

  bool is_ready() const noexcept override;
  std::span<const Message> next() override;
  void done() noexcept override;

 private:
  using Lock = std::unique_lock<std::mutex>;
  using Partition = std::pair<std::string, std::int32_t>;
  struct Taken {  // messages, and what they borrow from
    std::vector<Message> messages;
    std::vector<Owned<rd_kafka_message_t>> records;
    std::vector<std::vector<Header>> headers;  // of those that have some
  };

  std::set<Partition> partitions(std::int64_t timeout_ms);
  std::pair<std::int64_t, std::int64_t> bounds(const Partition& partition);
  bool is_ours(const std::string& name) const;
  void begin_alone();
  void begin_group();
  void read_retained();
  void look_for_new_partitions();
  void place(rd_kafka_topic_partition_list_t* list, bool is_first);
  void rebalance(rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* list);
  void run();
  void take(Owned<rd_kafka_message_t> record);
  void queue_taken();
  bool understand(const rd_kafka_message_t& record, Message& message, std::vector<Header>& headers);
  void hold_back(bool holds);
  void commit(bool waits) noexcept;
  void tell(MetricWriter& writer);
  [[noreturn]] void fail(const std::string& why) const;
  std::int64_t milliseconds() const;

  const Settings& settings_;
  const TopicMap& map_;
  const std::string pattern_;
  const bool is_group_;
  const Selection selection_;
  const std::shared_ptr<Clock> clock_;
  const Wake wake_;
  const Log log_;
  Troubles troubles_;
  rd_kafka_t* client_ = nullptr;
  Owned<rd_kafka_queue_t> queue_;
  std::map<Partition, std::int64_t>
      known_;  // where each began; the consumer's thread, and before it the one that starts
  bool was_empty_at_first_ = false;
  bool has_retained_ = false;  // their topic is there
  bool is_held_back_ = false;
  struct Origin {
    std::string topic;     // that the Kafka topic's name tells
    bool is_kept = false;  // it is that of what is retained
    bool is_ours = false;  // the pattern fits `topic`
  };
  const Origin& origin_of(const char* kafka_topic);
  std::unordered_map<std::string, Origin> origins_;  // by Kafka topic; those who wait point to them
  std::pair<std::string, const Origin*> last_origin_{};
  Taken taken_;  // not queued yet

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Taken> waiting_;
  std::size_t waiting_count_ = 0;                // messages
  bool is_out_ = false;                          // the first of `waiting_` is being delivered
  std::map<Partition, std::int64_t> delivered_;  // the next offset
  bool was_assigned_ = false;
  bool closing_ = false;
  std::thread thread_;
  std::optional<MetricSource> metrics_;
};

}  // namespace astro::kafka
