// SPDX-License-Identifier: BSD-3-Clause
#include "subscription.hpp"

#include <algorithm>
#include <utility>

#include "astro/error.hpp"
#include "properties.hpp"
#include "publisher.hpp"

namespace astro::mqtt {

namespace {

constexpr std::size_t largest_batch = 256;
constexpr std::chrono::hours session_of_a_subscription(1);  // outlasts a break; a process that died leaves it so long

}  // namespace

Subscription::Subscription(const Settings& settings, Purpose purpose, std::shared_ptr<Clock> clock, Wake wake, Log log)
    : settings_(settings),
      purpose_(std::move(purpose)),
      clock_(std::move(clock)),
      wake_(std::move(wake)),
      log_(std::move(log)) {
  if (purpose_.inbox.empty()) return;
  inbox_.emplace(purpose_.inbox);
  for (auto& [number, parcel] : inbox_->left()) waiting_.push_back({std::move(parcel), number});
}

void Subscription::start() {
  thread_ = std::thread([this] { run(); });
  Lock lock(mutex_);
  changed_.wait_for(lock, settings_.timeout * 2,
                    [&] { return is_in_force_ || closing_ || (first_answer_ && first_answer_->is_final); });
  if (is_in_force_) return;
  if (closing_) throw Error(ErrorCode::transport, "subscribing: the transport is closed; open it first");
  const Answer answer = first_answer_.value_or(Answer{"no answer in time", false});
  throw Error(ErrorCode::transport,
              answer.problem + "; the subscription is not in force: subscribe again" +
                  (answer.is_final ? " when that is put right" : " when the broker can be reached"));
}

void Subscription::abandon() noexcept {
  const Lock lock(mutex_);
  closing_ = true;
  if (connection_ != nullptr) connection_->abandon();
  changed_.notify_all();
}

void Subscription::close() noexcept {
  abandon();
  if (thread_.joinable()) thread_.join();
}

bool Subscription::is_full() const noexcept { return waiting_.size() >= static_cast<std::size_t>(settings_.queue); }

/// Connects and subscribes.
Answer Subscription::connect(Connection& connection, bool is_first) {
  Answer answer = connection.connect();
  if (answer.ok()) {
    answer = connection.subscribe(purpose_.filter);
    // A time-out of the first attempt must not count as success later.
    if (!answer.ok() && !is_first) answer.is_final = false;
  }
  return answer;
}

void Subscription::run() {
  BackOff back_off;
  std::string told;
  bool was_in_force = false;
  Lock lock(mutex_);
  while (!closing_) {
    is_lost_ = false;
    lock.unlock();
    // Never with a clean start, though without a group there is nothing to go on from, the client id being new:
    // mosquitto 2.0 writes no session down that began with one, and a broker that is killed comes back without it.
    const Session session{purpose_.client_id, false, purpose_.is_group ? settings_.session : session_of_a_subscription,
                          nullptr};
    std::unique_ptr<Connection> connection(new Connection(settings_, session, *this));
    lock.lock();
    connection_ = connection.get();
    lock.unlock();
    const Answer answer = connect(*connection, !was_in_force);
    lock.lock();
    connection_ = nullptr;
    first_answer_ = answer;
    if (answer.ok()) {
      is_in_force_ = was_in_force = true;
      told.clear();
      back_off.reset();
      changed_.notify_all();
      changed_.wait(lock, [&] { return closing_ || is_lost_ || is_full(); });
      if (!closing_ && is_lost_)
        log_("the subscription of " + purpose_.filter + " is broken: " + why_lost_ + "; connecting again");
    } else {
      changed_.notify_all();
      if (!closing_ && answer.problem != told) log_(told = answer.problem);
      if (answer.is_final && !was_in_force) break;
    }
    const bool is_over = closing_ && !purpose_.is_group;
    lock.unlock();
    connection->disconnect(is_over);
    connection.reset();
    if (is_over && was_in_force) forget_3_1_1();
    lock.lock();
    if (is_full()) {
      waits_for_room_ = true;
      changed_.wait(lock, [&] { return closing_ || waiting_.size() <= static_cast<std::size_t>(settings_.queue) / 2; });
      waits_for_room_ = false;
    } else changed_.wait_for(lock, back_off.next(), [&] { return closing_; });
  }
}

/// With 3.1.1 a session ends when its client comes with a clean one.
void Subscription::forget_3_1_1() noexcept try {
  if (settings_.is_v5()) return;
  class Nobody final : public Connection::Events {
    void lost(const std::string&) noexcept override {}
  } nobody;
  Connection(settings_, Session{purpose_.client_id, true, {}, nullptr}, nobody).connect();
} catch (const std::exception&) {  // then the broker forgets it by its own rules
}

void Subscription::lost(const std::string& why) noexcept {
  const Lock lock(mutex_);
  if (!is_lost_) why_lost_ = why;
  is_lost_ = true;
  changed_.notify_all();
}

void Subscription::arrived(std::string_view topic, const MQTTAsync_message& packet) noexcept {
  Message message;
  message.topic = topic;
  message.body = {static_cast<const std::byte*>(packet.payload), static_cast<std::size_t>(packet.payloadlen)};
  message.time = clock_->now();
  message.retained = packet.retained != 0;
  headers_.clear();
  if (settings_.is_v5()) read(packet.properties, message, headers_);
  Waiting one{broker::Parcel(message), keep(message)};
  bool was_empty = false;
  {
    const Lock lock(mutex_);
    was_empty = waiting_.empty();
    waiting_.push_back(std::move(one));
    if (is_full()) changed_.notify_all();
  }
  if (was_empty) wake_();
}

/// A disk that fails makes it less safe, not silent.
std::uint64_t Subscription::keep(const Message& message) noexcept try {
  if (!inbox_) return 0;
  const std::uint64_t number = inbox_->put(message);
  is_inbox_broken_ = false;
  return number;
} catch (const std::exception& error) {
  if (!std::exchange(is_inbox_broken_, true)) log_(error.what());
  return 0;
}

bool Subscription::is_ready() const noexcept {
  const Lock lock(mutex_);
  return !waiting_.empty();
}

std::span<const Message> Subscription::next() {
  const Lock lock(mutex_);
  const std::size_t count = std::min(waiting_.size(), largest_batch);
  batch_.clear();
  for (std::size_t i = 0; i < count; ++i) batch_.push_back(waiting_[i].parcel.message());
  return batch_;
}

void Subscription::done() noexcept {
  std::vector<Waiting> delivered;
  delivered.reserve(batch_.size());
  {
    const Lock lock(mutex_);
    for (std::size_t i = 0; i < batch_.size(); ++i) {
      delivered.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    if (waits_for_room_) changed_.notify_all();
  }
  for (const Waiting& one : delivered) {
    if (one.file != 0) inbox_->remove(one.file);
  }
}

}  // namespace astro::mqtt
