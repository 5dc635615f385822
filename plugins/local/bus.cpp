// SPDX-License-Identifier: BSD-3-Clause
#include "bus.hpp"

#include <algorithm>
#include <utility>

#include "astro/error.hpp"

namespace astro::local {

namespace {

// Small enough to stay in a core's cache while a consumer keeps up.
constexpr std::size_t chunk_messages = 1024;
constexpr std::size_t chunk_bytes = 256 << 10;
constexpr std::size_t most_spare = 8;
constexpr std::size_t most_topics = 65536;  // then they are forgotten: a program may make up a topic a message

}  // namespace

Bus::Bus(Bounds bounds, std::shared_ptr<Clock> clock, Log log)
    : bounds_(bounds), clock_(std::move(clock)), log_(std::move(log)) {}

void Bus::check_open(const char* doing) const {
  if (closed_) throw Error(ErrorCode::transport, std::string(doing) + ": the transport is closed; open it first");
}

Published Bus::publish(std::span<const Message> batch) {
  const std::lock_guard publishing(publishing_);
  look_up(batch);
  bool is_heard = false;
  const std::size_t room = make_room(batch.size(), is_heard);
  const Time now = clock_->now();
  std::size_t accepted = 0;
  for (; accepted < room; ++accepted) {
    const Message& message = batch[accepted];
    const Topics::Topic& topic = *looked_up_[accepted];
    if (is_heard && !append(message, topic, head_ + accepted, now)) break;
    if (message.retained) retain(message, topic, now);
  }
  Published published{accepted, 0};
  {
    const std::lock_guard lock(mutex_);
    head_ += accepted;
    if (!is_heard) confirmed_ = head_;
    published.ticket = head_;
  }
  if (is_heard) arrived_.notify_all();
  return published;
}

/// Refuses the whole batch if one of it can never be sent.
void Bus::look_up(std::span<const Message> batch) {
  if (topics_->size() >= most_topics) topics_ = std::make_shared<Topics>();
  looked_up_.clear();
  const Message* last = nullptr;
  for (const Message& message : batch) {
    if (message.body.size() > bounds_.largest_body) {
      throw Error(ErrorCode::invalid_argument, "publishing to \"" + std::string(message.topic.substr(0, 80)) +
                                                   "\": the body has " + std::to_string(message.body.size()) +
                                                   " bytes, at most " + std::to_string(bounds_.largest_body) +
                                                   " are carried; put it into a store and send its id");
    }
    const bool is_same =
        last != nullptr && last->topic.data() == message.topic.data() && last->topic.size() == message.topic.size();
    looked_up_.push_back(is_same ? looked_up_.back() : &topics_->find_or_add(message.topic));
    last = &message;
  }
}

std::size_t Bus::make_room(std::size_t wanted, bool& is_heard) {
  const std::lock_guard lock(mutex_);
  check_open("publishing");
  is_heard = !lines_.empty();
  reclaim();
  const std::uint64_t waiting = head_ - oldest();
  return std::min<std::size_t>(wanted, waiting < bounds_.messages ? bounds_.messages - waiting : 0);
}

bool Bus::append(const Message& message, const Topics::Topic& topic, std::uint64_t number, Time now) {
  const std::size_t bytes = Chunk::bytes_of(message);
  // Only this thread changes chunks_ and bytes_, so that it may look without the lock.
  if (bytes_ != 0 && bytes_ + bytes > bounds_.bytes) return false;
  const bool fits = !chunks_.empty() && chunks_.back()->has_room(bytes) && chunks_.back()->end() == number &&
                    chunks_.back()->topics() == topics_;
  if (!fits) start_chunk(number, bytes);
  Chunk& chunk = *chunks_.back();
  const std::size_t before = chunk.used();
  chunk.add(message, topic, now);
  bytes_ += chunk.used() - before;
  return true;
}

void Bus::start_chunk(std::uint64_t first, std::size_t bytes) {
  std::shared_ptr<Chunk> chunk;
  if (bytes <= chunk_bytes && !spare_.empty()) {
    chunk = std::move(spare_.back());
    spare_.pop_back();
  } else {
    chunk = std::make_shared<Chunk>(chunk_messages, std::max(bytes, chunk_bytes));
  }
  chunk->start(first, topics_);
  const std::lock_guard lock(mutex_);
  chunks_.push_back(std::move(chunk));
}

/// Kept for who subscribes later. As in MQTT (3.3.1.3) an empty one removes what was kept.
void Bus::retain(const Message& message, const Topics::Topic& topic, Time now) {
  if (message.body.empty()) {
    retained_.erase(topic.name);
    return;
  }
  auto chunk = std::make_shared<Chunk>(1, Chunk::bytes_of(message));
  chunk->start(0, topics_);
  chunk->add(message, topic, now);
  retained_[topic.name] = std::move(chunk);
}

/// The first message that somebody still needs.
std::uint64_t Bus::oldest() const noexcept {
  std::uint64_t oldest = head_;
  for (const auto& line : lines_) oldest = std::min(oldest, line->next);
  return oldest;
}

/// The first message that a subscriber of this moment does not have. A group without members keeps
/// its place, but there is nobody to wait for.
std::uint64_t Bus::delivered() const noexcept {
  std::uint64_t delivered = head_;
  for (const auto& line : lines_) {
    if (!line->members.empty()) delivered = std::min(delivered, line->next);
  }
  return delivered;
}

/// Takes back the chunks that all have passed. Called by the publisher only.
void Bus::reclaim() {
  const std::uint64_t needed = oldest();
  while (!chunks_.empty()) {
    const std::uint64_t end = chunks_.size() > 1 ? chunks_[1]->first() : head_;
    if (end > needed) break;
    std::shared_ptr<Chunk> chunk = std::move(chunks_.front());
    chunks_.pop_front();
    bytes_ -= chunk->used();
    // A worker that left within a delivery may still read it.
    const bool is_ours = chunk.use_count() == 1 && chunk->size() == chunk_bytes;
    if (is_ours && spare_.size() < most_spare) spare_.push_back(std::move(chunk));
  }
}

Ticket Bus::confirmed(Ticket ticket, Duration at_most) {
  Lock lock(mutex_);
  check_open("waiting for a confirmation");
  const auto is_known = [&] {
    confirmed_ = std::max(confirmed_, delivered());
    return closed_ || confirmed_ >= ticket;
  };
  // A wait of years would overflow the clock; nobody has waited for a day.
  progress_.wait_for(lock, std::clamp<Duration>(at_most, Duration::zero(), std::chrono::hours(24)), is_known);
  return confirmed_;
}

}  // namespace astro::local
