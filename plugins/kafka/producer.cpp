// SPDX-License-Identifier: BSD-3-Clause
#include "producer.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "astro/error.hpp"
#include "astro/topic.hpp"

namespace astro::kafka {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t longest_run = 1000;
constexpr std::size_t most_routes = 65536;  // then they are forgotten: a program may make up a topic a message

const char* name_of(Compression compression) noexcept {
  constexpr const char* names[] = {"none", "gzip", "snappy", "lz4", "zstd"};
  return names[static_cast<int>(compression)];
}

/// The same in every process: messages without a key find their partition by their topic (FNV-1a).
std::uint32_t hash(std::string_view text) noexcept {
  std::uint32_t hash = 2166136261U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash;
}

/// The same piece of memory: a batch is mostly of one topic.
bool is_same(std::string_view a, std::string_view b) noexcept { return a.data() == b.data() && a.size() == b.size(); }

/// For librdkafka, which only reads it. Nothing at all would be a tombstone, an empty body is none.
void* body_of(const Message& message) noexcept {
  static std::byte nothing{};
  return message.body.empty() ? &nothing : const_cast<std::byte*>(message.body.data());
}

std::string seconds_text(Duration duration) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", seconds(duration));
  return text;
}

}  // namespace

Producer::Producer(const Settings& settings, const TopicMap& map, std::shared_ptr<Clock> clock, Log log)
    : settings_(settings),
      map_(map),
      clock_(std::move(clock)),
      log_(std::move(log)),
      troubles_(log_, settings_.brokers) {
  Configuration configuration(settings_);
  configuration.set("enable.idempotence", "true");
  configuration.set("acks", "all");
  configuration.set("message.timeout.ms", "0");  // what was accepted is sent, whenever that is
  // Our own bounds come first: a retained message is two for librdkafka.
  configuration.set("queue.buffering.max.messages", std::to_string(2 * settings_.queue + 1000));
  configuration.set("queue.buffering.max.kbytes", "2147483647");
  configuration.set("message.max.bytes", std::to_string(settings_.largest_body + (1 << 20)));
  configuration.set("linger.ms", "2");
  configuration.set("topic.metadata.propagation.max.ms", "300000");
  rd_kafka_conf_set_opaque(configuration.get(), this);
  rd_kafka_conf_set_error_cb(configuration.get(), [](rd_kafka_t* client, int error, const char* reason, void* self) {
    char text[512] = "";
    if (error == RD_KAFKA_RESP_ERR__FATAL) error = rd_kafka_fatal_error(client, text, sizeof text);
    static_cast<Producer*>(self)->troubles_.tell(static_cast<rd_kafka_resp_err_t>(error),
                                                 *text != '\0' ? text : reason);
  });
  rd_kafka_conf_set_dr_msg_cb(configuration.get(), [](rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
    auto& us = *static_cast<Producer*>(self);
    us.finish(static_cast<Outgoing*>(message->_private), message->err, us.reported_);
  });
  char problem[512];
  client_ = rd_kafka_new(RD_KAFKA_PRODUCER, configuration.get(), problem, sizeof problem);
  if (client_ == nullptr) throw Error(ErrorCode::invalid_argument, std::string("configuring Kafka: ") + problem);
  configuration.release();
  server_ = std::thread([this] { serve(); });
  maker_ = std::thread([this] { make_topics(); });
}

void Producer::serve() {
  while (true) {
    rd_kafka_poll(client_, 100);
    make_room(reported_);
    const std::lock_guard lock(mutex_);
    if (closing_) return;
  }
}

void Producer::start() {
  const auto end = std::chrono::steady_clock::now() + settings_.timeout;
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__TIMED_OUT;
  while (error != RD_KAFKA_RESP_ERR_NO_ERROR && std::chrono::steady_clock::now() < end) {
    const rd_kafka_metadata_t* metadata = nullptr;
    error = rd_kafka_metadata(client_, 0, nullptr, &metadata, 200);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_metadata_destroy(metadata);
    if (const std::string reason = troubles_.final(); !reason.empty())
      throw Error(ErrorCode::transport, "connecting to " + settings_.brokers + ": " + reason);
  }
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    log_("connecting to " + settings_.brokers + ": " + text_of(error) + "; trying again, messages wait meanwhile");
}

void Producer::check(std::span<const Message> batch) const {
  std::string_view checked;
  for (const Message& message : batch) {
    const auto refuse = [&](const std::string& complaint) {
      throw Error(ErrorCode::invalid_argument,
                  "publishing to the topic \"" + std::string(message.topic.substr(0, 80)) + "\": " + complaint);
    };
    if (checked.data() == nullptr || !is_same(message.topic, checked)) {
      const std::string complaint = complaint_about_topic(message.topic);
      if (!complaint.empty()) refuse(complaint + "; expected levels between slashes");
      checked = message.topic;
    }
    if (message.body.size() > static_cast<std::size_t>(settings_.largest_body)) {
      refuse("the body has " + std::to_string(message.body.size()) + " bytes, at most " +
             std::to_string(settings_.largest_body) + " are carried; put it into a store and send its id");
    }
  }
}

Published Producer::publish(std::span<const Message> batch) {
  check(batch);
  const Time now = std::chrono::floor<std::chrono::milliseconds>(clock_->now());  // as Kafka keeps it
  std::string_view routed;
  Route route{};
  Run run;
  const std::lock_guard lock(mutex_);
  if (closing_) throw Error(ErrorCode::transport, "publishing: the transport is closed; open it first");
  const std::size_t count = count_with_room(batch);
  if (count == 0) return {.accepted = 0, .ticket = tickets_.last()};
  Ticket ticket = tickets_.next(count);
  auto* together = new Batch{std::vector<Outgoing>(count), count};
  const Published published{.accepted = count, .ticket = ticket + count - 1};
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < count; ++i) bytes += broker::Parcel::size_of(batch[i]);
  outstanding_ += count;
  outstanding_bytes_ += bytes;
  for (std::size_t i = 0; i < count; ++i) {
    if (i == 0 || !is_same(batch[i].topic, routed)) route = route_of(batch[i].topic);
    routed = batch[i].topic;
    Outgoing& outgoing = together->messages[i];
    outgoing = {ticket++, broker::Parcel::size_of(batch[i]), batch[i].retained ? 2 : 1, route.hash, together};
    if (is_plain(batch[i], route)) {
      add(run, *route.topic, batch[i], &outgoing);
      continue;
    }
    produce(run);  // its place is after them
    Message message = batch[i];
    if (message.time == Time{}) message.time = now;
    put(*route.topic, message, route.needs_header, false, &outgoing);  // its report may end all of the batch
    if (message.retained) put(topic_for(map_.rule_of_retained(), true), message, true, true, &outgoing);
  }
  produce(run);
  return published;
}

/// Whether librdkafka gives it all that it needs by itself: the time, too, is that of now.
bool Producer::is_plain(const Message& message, const Route& route) const {
  return route.topic->is_ready && !route.needs_header && message.headers.empty() && !message.retained &&
         message.lifetime <= Duration::zero() && message.time == Time{} && !clock_->is_simulated();
}

void Producer::add(Run& run, KafkaTopic& topic, const Message& message, Outgoing* outgoing) {
  if (run.topic != &topic || run.messages.size() >= longest_run) produce(run);
  run.topic = &topic;
  rd_kafka_message_t& plain = run.messages.emplace_back();
  plain.payload = body_of(message);
  plain.len = message.body.size();
  plain.key = message.key.empty() ? nullptr : const_cast<char*>(message.key.data());
  plain.key_len = message.key.size();
  plain._private = outgoing;
}

void Producer::produce(Run& run) {
  if (run.messages.empty()) return;
  const int count = static_cast<int>(run.messages.size());
  const int taken = rd_kafka_produce_batch(run.topic->handle.get(), RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
                                           run.messages.data(), count);
  for (int i = 0; taken < count && i < count; ++i) {
    const rd_kafka_message_t& one = run.messages[static_cast<std::size_t>(i)];
    if (one.err != RD_KAFKA_RESP_ERR_NO_ERROR) report(static_cast<Outgoing*>(one._private), one.err);
  }
  run.messages.clear();
}

std::size_t Producer::count_with_room(std::span<const Message> batch) const {
  std::size_t outstanding = outstanding_;
  std::size_t bytes = outstanding_bytes_;
  std::size_t count = 0;
  for (const Message& message : batch) {
    const std::size_t size = broker::Parcel::size_of(message);
    const bool has_room = outstanding < static_cast<std::size_t>(settings_.queue) &&
                          (bytes == 0 || bytes + size <= static_cast<std::size_t>(settings_.memory));
    if (!has_room) break;
    ++outstanding;
    bytes += size;
    ++count;
  }
  return count;
}

const Producer::Route& Producer::route_of(std::string_view topic) {
  if (routes_.size() >= most_routes) routes_.clear();
  std::string name(topic);
  if (const auto known = routes_.find(name); known != routes_.end()) return known->second;
  const Place place = map_.place_of(name);
  const Route route{&topic_for(place.rule, false), place.needs_header, hash(topic)};
  return routes_.emplace(std::move(name), route).first->second;
}

Producer::KafkaTopic& Producer::topic_for(const TopicRule& rule, bool is_compacted) {
  auto& topic = topics_[rule.topic];
  if (topic) return *topic;
  topic = std::make_unique<KafkaTopic>();
  topic->rule = rule;
  topic->is_compacted = is_compacted;
  if (settings_.create_topics) {
    to_make_.push_back(topic.get());
    changed_.notify_all();
  } else {
    begin(*topic);
  }
  return *topic;
}

/// From here on librdkafka waits only so long for the Kafka topic to appear.
void Producer::begin(KafkaTopic& topic) {
  rd_kafka_topic_conf_t* conf = rd_kafka_topic_conf_new();
  char problem[256];
  rd_kafka_topic_conf_set(conf, "compression.codec", name_of(topic.rule.compression), problem, sizeof problem);
  // By key as Java's clients do it, so that theirs and ours meet in one partition.
  const bool by_key = topic.is_compacted || topic.rule.partition_by == PartitionBy::key;
  rd_kafka_topic_conf_set_opaque(conf, by_key ? &topic : nullptr);
  rd_kafka_topic_conf_set_partitioner_cb(conf, [](const rd_kafka_topic_t* handle, const void* key, std::size_t length,
                                                  std::int32_t count, void* keyed, void* carried) {
    if (keyed != nullptr && length != 0)
      return rd_kafka_msg_partitioner_murmur2(handle, key, length, count, nullptr, nullptr);
    return static_cast<std::int32_t>(static_cast<const Outgoing*>(carried)->hash % static_cast<std::uint32_t>(count));
  });
  topic.handle.reset(rd_kafka_topic_new(client_, topic.rule.topic.c_str(), conf));
  for (const Waiting& one : topic.waiting)
    produce(topic, one.parcel.message(), one.needs_header, one.is_copy, one.outgoing);
  topic.waiting.clear();
  topic.is_ready = true;
  changed_.notify_all();
}

void Producer::put(KafkaTopic& topic, const Message& message, bool needs_header, bool is_copy, Outgoing* outgoing) {
  if (topic.is_ready) produce(topic, message, needs_header, is_copy, outgoing);
  else topic.waiting.push_back({broker::Parcel(message), std::string(message.topic), needs_header, is_copy, outgoing});
}

void Producer::produce(KafkaTopic& topic, const Message& message, bool needs_header, bool is_copy, Outgoing* outgoing) {
  rd_kafka_headers_t* headers = nullptr;  // most have none
  const auto add = [&](std::string_view name, std::string_view value) {
    if (headers == nullptr) headers = rd_kafka_headers_new(message.headers.size() + 4);
    rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  };
  for (const Header& header : message.headers) add(header.name, header.value);
  if (needs_header) add(topic_header, message.topic);
  if (message.retained) add(retained_header, "1");
  if (message.lifetime > Duration::zero()) add(lifetime_header, seconds_text(message.lifetime));
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(message.time);
  const std::int64_t timestamp = milliseconds.time_since_epoch().count();
  if (milliseconds != message.time || timestamp <= 0) add(time_header, format_time(message.time, 9));
  const bool is_removed = is_copy && message.body.empty();  // a tombstone
  std::string kept_key;
  std::string_view key = message.key;
  if (is_copy) {
    kept_key = message.topic;
    if (!message.key.empty()) add(key_header, message.key);
    key = kept_key;
  }
  const rd_kafka_resp_err_t error =
      rd_kafka_producev(client_, RD_KAFKA_V_RKT(topic.handle.get()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                        RD_KAFKA_V_VALUE(is_removed ? nullptr : body_of(message), message.body.size()),
                        RD_KAFKA_V_KEY(key.empty() ? nullptr : key.data(), key.size()),
                        RD_KAFKA_V_TIMESTAMP(std::max<std::int64_t>(timestamp, 1)), RD_KAFKA_V_HEADERS(headers),
                        RD_KAFKA_V_OPAQUE(outgoing), RD_KAFKA_V_END);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  if (headers != nullptr) rd_kafka_headers_destroy(headers);
  report(outgoing, error);
}

/// What librdkafka did not even take, or will not.
void Producer::report(Outgoing* outgoing, rd_kafka_resp_err_t error) {
  Over over;
  finish(outgoing, error, over);
  make_room(over);
}

/// One of its parts is over. Needs no lock.
void Producer::finish(Outgoing* outgoing, rd_kafka_resp_err_t error, Over& over) {
  const bool is_closing = error == RD_KAFKA_RESP_ERR__PURGE_QUEUE || error == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT ||
                          error == RD_KAFKA_RESP_ERR__DESTROY;
  const bool is_refused = error != RD_KAFKA_RESP_ERR_NO_ERROR && !is_closing;
  if (is_refused) tickets_.refuse(outgoing->ticket, "the brokers refused it: " + text_of(error));
  // The parts of one message are reported by one thread, but for those that were not taken.
  if (std::atomic_ref(outgoing->parts).fetch_sub(1) != 1) return;
  if (!is_closing) over.settled.push_back(outgoing->ticket);
  ++over.count;
  over.bytes += outgoing->size;
  if (Batch* batch = outgoing->batch; batch->left.fetch_sub(1) == 1) delete batch;
}

/// Many at once: each by itself would meet with who publishes at every message.
void Producer::make_room(Over& over) {
  if (over.count == 0) return;
  if (!over.settled.empty()) troubles_.clear();
  tickets_.settle(over.settled);
  outstanding_ -= over.count;
  outstanding_bytes_ -= over.bytes;
  over.settled.clear();
  over.count = over.bytes = 0;
}

void Producer::ensure(const TopicRule& rule) {
  std::unique_lock lock(mutex_);
  const KafkaTopic& topic = topic_for(rule, false);
  changed_.wait_for(lock, settings_.timeout, [&] { return topic.is_ready || closing_; });
  if (closing_) throw Error(ErrorCode::transport, "subscribing: the transport is closed; open it first");
  if (!topic.is_ready) {
    throw Error(ErrorCode::transport, "making the Kafka topic " + rule.topic + " at " + settings_.brokers +
                                          ": no answer in time; subscribe again when the brokers can be reached");
  }
}

void Producer::make_topics() {
  std::string told;
  std::unique_lock lock(mutex_);
  while (!closing_) {
    if (to_make_.empty()) {
      changed_.wait(lock);
      continue;
    }
    KafkaTopic& topic = *to_make_.front();
    lock.unlock();
    bool try_again = false;
    const std::string problem = make(topic.rule, topic.is_compacted, try_again);
    if (!problem.empty() && problem != std::exchange(told, problem)) log_(problem);
    lock.lock();
    if (try_again) {
      changed_.wait_for(lock, 500ms, [&] { return closing_; });
      continue;
    }
    to_make_.pop_front();
    begin(topic);
  }
}

/// Empty when it is there now. A topic that we may not make may be there nevertheless.
std::string Producer::make(const TopicRule& rule, bool is_compacted, bool& try_again) {
  char text[512];
  rd_kafka_NewTopic_t* topic = rd_kafka_NewTopic_new(
      rule.topic.c_str(), static_cast<int>(is_compacted ? 1 : rule.partitions), -1, text, sizeof text);
  if (topic == nullptr) return "making the Kafka topic " + rule.topic + ": " + text;
  const Owned<rd_kafka_NewTopic_t> owned(topic);
  if (is_compacted) rd_kafka_NewTopic_set_config(topic, "cleanup.policy", "compact");
  else rd_kafka_NewTopic_set_config(topic, "retention.ms", std::to_string(rule.retention / 1ms).c_str());
  if (rule.compression != Compression::none)  // of what others write there, too
    rd_kafka_NewTopic_set_config(topic, "compression.type", name_of(rule.compression));
  const std::string largest = std::to_string(settings_.largest_body + (1 << 20));
  rd_kafka_NewTopic_set_config(topic, "max.message.bytes", largest.c_str());
  const Owned<rd_kafka_queue_t> queue(rd_kafka_queue_new(client_));
  const Owned<rd_kafka_AdminOptions_t> options(rd_kafka_AdminOptions_new(client_, RD_KAFKA_ADMIN_OP_CREATETOPICS));
  rd_kafka_AdminOptions_set_request_timeout(options.get(), 2000, text, sizeof text);
  rd_kafka_AdminOptions_set_operation_timeout(options.get(), 2000, text, sizeof text);
  rd_kafka_CreateTopics(client_, &topic, 1, options.get(), queue.get());
  const Owned<rd_kafka_event_t> event(rd_kafka_queue_poll(queue.get(), 5000));
  rd_kafka_resp_err_t error = event ? rd_kafka_event_error(event.get()) : RD_KAFKA_RESP_ERR__TIMED_OUT;
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    std::size_t count = 0;
    const rd_kafka_topic_result_t** results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
    if (count == 1) error = rd_kafka_topic_result_error(results[0]);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return {};
  }
  try_again = error == RD_KAFKA_RESP_ERR__TIMED_OUT || error == RD_KAFKA_RESP_ERR__TRANSPORT ||
              error == RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT || error == RD_KAFKA_RESP_ERR_NOT_CONTROLLER ||
              error == RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE || error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
  return "making the Kafka topic " + rule.topic + " at " + settings_.brokers + ": " + text_of(error);
}

void Producer::close() noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (closing_) return;
    closing_ = true;
    changed_.notify_all();
  }
  tickets_.close();
  maker_.join();
  server_.join();
  for (const auto& [name, topic] : topics_) {
    for (const Waiting& one : topic->waiting) report(one.outgoing, RD_KAFKA_RESP_ERR__DESTROY);
  }
  rd_kafka_purge(client_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_flush(client_, 1000);
  topics_.clear();
  rd_kafka_destroy(client_);
}

}  // namespace astro::kafka
