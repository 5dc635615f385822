// SPDX-License-Identifier: BSD-3-Clause
#include "consumer.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <utility>

#include "astro/error.hpp"
#include "astro/topic.hpp"
#include "producer.hpp"

namespace astro::kafka {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t largest_batch = 1000;
// For partitions that are new.
constexpr auto look_often = 1s;
constexpr auto look_seldom = 30s;

std::string_view text(const void* bytes, std::size_t size) noexcept { return {static_cast<const char*>(bytes), size}; }

/// Foreign producers may have written anything.
Duration lifetime_of(std::string_view text) {
  double value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  return end.ec == std::errc() && value > 0 && value < 9e9 ? from_seconds(value) : Duration::zero();
}

std::optional<Time> time_of(std::string_view text) try { return parse_time(text); } catch (const Error&) {
  return {};
}

}  // namespace

Consumer::Consumer(const Settings& settings, const TopicMap& map, std::string pattern, const std::string& group,
                   std::shared_ptr<Clock> clock, Wake wake, Log log)
    : settings_(settings),
      map_(map),
      pattern_(std::move(pattern)),
      is_group_(!group.empty()),
      selection_(map.selection_of(pattern_)),
      clock_(std::move(clock)),
      wake_(std::move(wake)),
      log_(std::move(log)),
      troubles_(log_, settings_.brokers) {
  Configuration configuration(settings_);
  // Two patterns of one group are two groups for Kafka: they would take each other's partitions.
  configuration.set("group.id", is_group_ ? group + ":" + pattern_ : "astro-nobody");
  const auto session = std::chrono::floor<std::chrono::milliseconds>(settings_.session).count();
  configuration.set("session.timeout.ms", std::to_string(session));
  configuration.set("heartbeat.interval.ms", std::to_string(std::min<std::int64_t>(session / 4, 3000)));
  configuration.set("enable.auto.commit", "false");
  configuration.set("enable.auto.offset.store", "false");
  configuration.set("auto.offset.reset", "earliest");
  configuration.set("enable.partition.eof", "true");
  configuration.set("max.poll.interval.ms", "86400000");  // a subscriber may be slow
  configuration.set("topic.metadata.refresh.interval.ms", "2000");
  configuration.set("fetch.error.backoff.ms", "50");
  configuration.set("queued.max.messages.kbytes", std::to_string(std::max<std::int64_t>(settings_.memory >> 10, 1)));
  rd_kafka_conf_set_opaque(configuration.get(), this);
  rd_kafka_conf_set_error_cb(configuration.get(), [](rd_kafka_t*, int error, const char* reason, void* self) {
    static_cast<Consumer*>(self)->troubles_.tell(static_cast<rd_kafka_resp_err_t>(error), reason);
  });
  if (is_group_) {
    configuration.set("topic.blacklist", "^__.*,^" + settings_.retained_topic + "$");  // of globs: as in is_ours
    rd_kafka_conf_set_rebalance_cb(configuration.get(),
                                   [](rd_kafka_t*, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* list,
                                      void* self) { static_cast<Consumer*>(self)->rebalance(what, list); });
  }
  char problem[512];
  client_ = rd_kafka_new(RD_KAFKA_CONSUMER, configuration.get(), problem, sizeof problem);
  if (client_ == nullptr) throw Error(ErrorCode::invalid_argument, std::string("configuring Kafka: ") + problem);
  configuration.release();
  rd_kafka_poll_set_consumer(client_);
  queue_.reset(rd_kafka_queue_get_consumer(client_));
}

Consumer::~Consumer() {
  metrics_.reset();
  abandon();
  if (thread_.joinable()) thread_.join();
  if (is_group_) commit(true);
  waiting_.clear();
  queue_.reset();
  rd_kafka_consumer_close(client_);
  rd_kafka_destroy(client_);
}

void Consumer::abandon() noexcept {
  const Lock lock(mutex_);
  closing_ = true;
  changed_.notify_all();
}

std::int64_t Consumer::milliseconds() const { return settings_.timeout / 1ms; }

void Consumer::fail(const std::string& why) const {
  const std::string reason = troubles_.final();
  throw Error(ErrorCode::transport,
              "subscribing to \"" + pattern_ + "\" at " + settings_.brokers + ": " + (reason.empty() ? why : reason) +
                  "; the subscription is not in force: subscribe again when the brokers can be reached");
}

void Consumer::start() {
  if (is_group_) {
    begin_group();
    thread_ = std::thread([this] { run(); });
    Lock lock(mutex_);
    changed_.wait_for(lock, std::max<Duration>(settings_.timeout * 2, 10s), [&] { return was_assigned_ || closing_; });
    if (!was_assigned_) fail("the group's coordinator gave no answer in time");
    metrics_.emplace([this](MetricWriter& writer) { tell(writer); });
  } else {
    begin_alone();
    thread_ = std::thread([this] { run(); });
  }
}

bool Consumer::is_ours(const std::string& name) const {
  // Kafka's own begin with two underscores; what is retained is read by itself.
  return !name.starts_with("__") && name != settings_.retained_topic && selection_.has(name);
}

/// Those that are there now.
std::set<Consumer::Partition> Consumer::partitions(std::int64_t timeout_ms) {
  const rd_kafka_metadata_t* metadata = nullptr;
  const rd_kafka_resp_err_t error = rd_kafka_metadata(client_, 1, nullptr, &metadata, static_cast<int>(timeout_ms));
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail(text_of(error));
  const Owned<const rd_kafka_metadata_t> owned(metadata);
  std::set<Partition> found;
  for (int t = 0; t < metadata->topic_cnt; ++t) {
    const rd_kafka_metadata_topic& topic = metadata->topics[t];
    has_retained_ = has_retained_ || topic.topic == settings_.retained_topic;
    if (!is_ours(topic.topic)) continue;
    for (int p = 0; p < topic.partition_cnt; ++p) found.emplace(topic.topic, topic.partitions[p].id);
  }
  return found;
}

/// Its first offset and the one after its last. A partition that was just made has no leader yet.
std::pair<std::int64_t, std::int64_t> Consumer::bounds(const Partition& partition) {
  const auto end = std::chrono::steady_clock::now() + settings_.timeout;
  std::int64_t low = 0, high = 0;
  while (true) {
    const rd_kafka_resp_err_t error =
        rd_kafka_query_watermark_offsets(client_, partition.first.c_str(), partition.second, &low, &high, 1000);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return {low, high};
    if (std::chrono::steady_clock::now() > end) fail(text_of(error));
    std::this_thread::sleep_for(50ms);
  }
}

void Consumer::begin_alone() {
  for (const Partition& one : partitions(milliseconds())) known_[one] = bounds(one).second;
  const Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(known_.size())));
  for (const auto& [one, end] : known_)
    rd_kafka_topic_partition_list_add(list.get(), one.first.c_str(), one.second)->offset = end;
  read_retained();  // after the places are fixed: what comes meanwhile may come twice, but comes
  if (const rd_kafka_resp_err_t error = rd_kafka_assign(client_, list.get()); error != RD_KAFKA_RESP_ERR_NO_ERROR)
    fail(text_of(error));
}

/// The last of each topic, from the compacted one.
void Consumer::read_retained() {
  if (!has_retained_) return;
  const char* name = settings_.retained_topic.c_str();
  const auto [low, high] = bounds({name, 0});
  if (high == low) return;
  const Partitions list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), name, 0)->offset = low;
  rd_kafka_assign(client_, list.get());
  std::map<std::string, Owned<rd_kafka_message_t>> last;
  const auto end = std::chrono::steady_clock::now() + settings_.timeout;
  for (bool is_over = false; !is_over;) {
    if (std::chrono::steady_clock::now() > end) fail("reading what is retained took too long");
    Owned<rd_kafka_message_t> record(rd_kafka_consumer_poll(client_, 100));
    if (!record) continue;
    is_over = record->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
    if (record->err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    is_over = record->offset + 1 >= high;
    std::string topic(text(record->key, record->key_len));
    if (!topic_matches(pattern_, topic)) continue;
    if (record->payload == nullptr) last.erase(topic);
    else last[std::move(topic)] = std::move(record);
  }
  for (auto& [topic, record] : last) take(std::move(record));
  queue_taken();
}

void Consumer::begin_group() {
  was_empty_at_first_ = partitions(milliseconds()).empty();
  const Partitions list(rd_kafka_topic_partition_list_new(4));
  for (const TopicRule& rule : selection_.topics)
    rd_kafka_topic_partition_list_add(list.get(), rule.topic.c_str(), RD_KAFKA_PARTITION_UA);
  for (const std::string& glob : selection_.globs)
    rd_kafka_topic_partition_list_add(list.get(), Selection::expression_of(glob).c_str(), RD_KAFKA_PARTITION_UA);
  if (const rd_kafka_resp_err_t error = rd_kafka_subscribe(client_, list.get()); error != RD_KAFKA_RESP_ERR_NO_ERROR)
    fail(text_of(error));
  if (was_empty_at_first_) was_assigned_ = true;  // nothing to wait for: what comes is read from its beginning
}

/// Where a group has no place yet it begins now, and that is kept at once. A partition that came later
/// is read from its beginning.
void Consumer::place(rd_kafka_topic_partition_list_t* list, bool is_first) try {
  if (rd_kafka_committed(client_, list, static_cast<int>(milliseconds())) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const Partitions begun(rd_kafka_topic_partition_list_new(list->cnt));
  for (int i = 0; i < list->cnt; ++i) {
    rd_kafka_topic_partition_t& one = list->elems[i];
    if (one.offset >= 0) continue;
    const auto [low, high] = bounds({one.topic, one.partition});
    one.offset = is_first ? high : low;
    rd_kafka_topic_partition_list_add(begun.get(), one.topic, one.partition)->offset = one.offset;
  }
  if (begun->cnt != 0) rd_kafka_commit(client_, begun.get(), 0);
} catch (const Error&) {  // then it is read from its beginning: too much rather than too little
}

void Consumer::rebalance(rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* list) {
  if (what != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    rd_kafka_assign(client_, nullptr);
    return;
  }
  bool is_first = false;
  {
    const Lock lock(mutex_);
    is_first = !was_assigned_;
  }
  rd_kafka_assign(client_, list);
  place(list, is_first);
  rd_kafka_assign(client_, list);
  is_held_back_ = false;
  const Lock lock(mutex_);
  was_assigned_ = true;
  changed_.notify_all();
}

void Consumer::look_for_new_partitions() try {
  bool is_news = false;
  for (const Partition& one : partitions(1000))
    is_news = known_.emplace(one, RD_KAFKA_OFFSET_BEGINNING).second || is_news;
  if (!is_news) return;
  const Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(known_.size())));
  for (const auto& [one, begin] : known_) rd_kafka_topic_partition_list_add(list.get(), one.first.c_str(), one.second);
  rd_kafka_position(client_, list.get());
  for (int i = 0; i < list->cnt; ++i) {
    rd_kafka_topic_partition_t& one = list->elems[i];
    if (one.offset < 0) one.offset = known_[{one.topic, one.partition}];  // nothing came from it yet
  }
  rd_kafka_assign(client_, list.get());
} catch (const Error&) {  // the next time
}

void Consumer::run() {
  std::vector<rd_kafka_message_t*> records(largest_batch);
  auto looked = std::chrono::steady_clock::now();
  const bool may_miss_some = !selection_.globs.empty() || selection_.topics.size() > 1;
  while (true) {
    std::size_t waiting = 0;
    {
      const Lock lock(mutex_);
      if (closing_) return;
      waiting = waiting_count_;
    }
    if (waiting >= static_cast<std::size_t>(settings_.queue)) hold_back(true);
    if (waiting <= static_cast<std::size_t>(settings_.queue) / 2) hold_back(false);
    const ssize_t count = rd_kafka_consume_batch_queue(queue_.get(), 50, records.data(), records.size());
    for (ssize_t i = 0; i < count; ++i) take(Owned<rd_kafka_message_t>(records[static_cast<std::size_t>(i)]));
    queue_taken();
    if (!is_group_ && std::chrono::steady_clock::now() - looked > (may_miss_some ? look_often : look_seldom)) {
      look_for_new_partitions();
      looked = std::chrono::steady_clock::now();
    }
  }
}

/// The brokers keep what there is no room for here.
void Consumer::hold_back(bool holds) {
  if (holds == is_held_back_) return;
  rd_kafka_topic_partition_list_t* all = nullptr;
  if (rd_kafka_assignment(client_, &all) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const Partitions assignment(all);
  if (holds) rd_kafka_pause_partitions(client_, all);
  else rd_kafka_resume_partitions(client_, all);
  is_held_back_ = holds;
}

void Consumer::take(Owned<rd_kafka_message_t> record) {
  if (record->err != RD_KAFKA_RESP_ERR_NO_ERROR) return;  // connections are librdkafka's; it tells of them elsewhere
  Message message;
  std::vector<Header> headers;
  if (!understand(*record, message, headers)) return;
  if (!headers.empty()) message.headers = taken_.headers.emplace_back(std::move(headers));
  taken_.messages.push_back(message);
  taken_.records.push_back(std::move(record));
  if (taken_.messages.size() >= largest_batch) queue_taken();
}

void Consumer::queue_taken() {
  if (taken_.messages.empty()) return;
  troubles_.clear();
  bool was_empty = false;
  {
    const Lock lock(mutex_);
    was_empty = waiting_.empty();
    waiting_count_ += taken_.messages.size();
    const std::size_t out = is_out_ ? 1 : 0;
    // What trickles in is delivered together, when somebody has time for it.
    if (waiting_.size() > out && waiting_.back().messages.size() + taken_.messages.size() <= largest_batch) {
      Taken& last = waiting_.back();
      last.messages.insert(last.messages.end(), taken_.messages.begin(), taken_.messages.end());
      std::ranges::move(taken_.records, std::back_inserter(last.records));
      std::ranges::move(taken_.headers, std::back_inserter(last.headers));
    } else {
      waiting_.push_back(std::move(taken_));
    }
  }
  taken_ = {};
  if (was_empty) wake_();
}

/// Whether it is one of the pattern's. What the message says lies in the record, but for `headers`.
bool Consumer::understand(const rd_kafka_message_t& record, Message& message, std::vector<Header>& headers) {
  const Origin& origin = origin_of(rd_kafka_topic_name(record.rkt));
  message.body = {static_cast<const std::byte*>(record.payload), record.len};
  // Of what is retained the record's key is the topic.
  message.key = origin.is_kept ? std::string_view() : text(record.key, record.key_len);
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const std::int64_t timestamp = rd_kafka_message_timestamp(&record, &type);
  message.time = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? clock_->now() : Time(std::chrono::milliseconds(timestamp));
  rd_kafka_headers_t* there = nullptr;
  if (rd_kafka_message_headers(&record, &there) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* name = nullptr;
    const void* bytes = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0; rd_kafka_header_get_all(there, i, &name, &bytes, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
      const std::string_view value = text(bytes, size);
      const std::string_view what = name;
      if (what == topic_header) message.topic = value;
      else if (what == time_header) message.time = time_of(value).value_or(message.time);
      else if (what == lifetime_header) message.lifetime = lifetime_of(value);
      else if (what == retained_header) message.retained = true;
      else if (what == key_header) message.key = value;
      else headers.push_back({what, value});
    }
  }
  if (!message.topic.empty()) return topic_matches(pattern_, message.topic);
  message.topic = origin.topic;
  return origin.is_ours;
}

/// Mostly they are the last one's.
const Consumer::Origin& Consumer::origin_of(const char* kafka_topic) {
  if (last_origin_.second != nullptr && last_origin_.first == kafka_topic) return *last_origin_.second;
  const auto [known, is_new] = origins_.try_emplace(kafka_topic);
  const auto& [name, origin] = *known;
  if (is_new) {
    const std::string topic = TopicMap::topic_of(name);
    known->second = {topic, name == settings_.retained_topic, topic_matches(pattern_, topic)};
  }
  last_origin_ = {name, &origin};
  return origin;
}

bool Consumer::is_ready() const noexcept {
  const Lock lock(mutex_);
  return !waiting_.empty();
}

std::span<const Message> Consumer::next() {
  const Lock lock(mutex_);
  is_out_ = !waiting_.empty();
  return is_out_ ? std::span<const Message>(waiting_.front().messages) : std::span<const Message>();
}

void Consumer::done() noexcept {
  Taken over;
  {
    const Lock lock(mutex_);
    if (!std::exchange(is_out_, false)) return;
    over = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_count_ -= over.messages.size();
    for (std::size_t i = 0; is_group_ && i < over.records.size(); ++i) {
      const rd_kafka_message_t& record = *over.records[i];
      const rd_kafka_message_t* next = i + 1 < over.records.size() ? over.records[i + 1].get() : nullptr;
      if (next != nullptr && next->rkt == record.rkt && next->partition == record.partition) continue;
      delivered_[{rd_kafka_topic_name(record.rkt), record.partition}] = record.offset + 1;
    }
  }
  if (is_group_) commit(false);
}

/// By what the last fetch told of the ends: nobody is asked.
void Consumer::tell(MetricWriter& writer) {
  rd_kafka_topic_partition_list_t* all = nullptr;
  if (rd_kafka_assignment(client_, &all) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const Partitions assignment(all);
  rd_kafka_position(client_, all);
  std::int64_t behind = 0;
  for (int i = 0; i < all->cnt; ++i) {
    const rd_kafka_topic_partition_t& one = all->elems[i];
    std::int64_t low = 0;
    std::int64_t high = 0;
    const auto known = rd_kafka_get_watermark_offsets(client_, one.topic, one.partition, &low, &high);
    if (known == RD_KAFKA_RESP_ERR_NO_ERROR && one.offset >= 0) behind += std::max<std::int64_t>(high - one.offset, 0);
  }
  const Lock lock(mutex_);
  writer.gauge("astro_consumer_lag_messages", "Messages that a group of subscribers has still before it",
               static_cast<double>(behind) + static_cast<double>(waiting_count_), {{"pattern", pattern_}});
}

void Consumer::commit(bool waits) noexcept {
  const Partitions list(rd_kafka_topic_partition_list_new(4));
  {
    const Lock lock(mutex_);
    for (const auto& [partition, offset] : delivered_)
      rd_kafka_topic_partition_list_add(list.get(), partition.first.c_str(), partition.second)->offset = offset;
    if (!waits) delivered_.clear();
  }
  if (list->cnt != 0) rd_kafka_commit(client_, list.get(), waits ? 0 : 1);
}

}  // namespace astro::kafka
