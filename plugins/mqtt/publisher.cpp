// SPDX-License-Identifier: BSD-3-Clause
#include "publisher.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include "astro/error.hpp"
#include "astro/topic.hpp"
#include "properties.hpp"

namespace astro::mqtt {

namespace {

constexpr std::size_t most_levels = 200;  // brokers close the connection on more

std::size_t packet_size(const Message& message) noexcept {
  std::size_t size = 64 + message.topic.size() + message.key.size() + message.body.size();
  for (const Header& header : message.headers) size += 5 + header.name.size() + header.value.size();
  return size + time_property.size() + key_property.size() + lifetime_property.size() + 64;
}

[[noreturn]] void refuse(const Message& message, const std::string& complaint) {
  throw Error(ErrorCode::invalid_argument,
              "publishing to the topic \"" + std::string(message.topic.substr(0, 80)) + "\": " + complaint);
}

}  // namespace

std::chrono::milliseconds BackOff::next() noexcept {
  static thread_local std::minstd_rand random(std::random_device{}());
  const double longest = std::min(10'000.0, 100.0 * static_cast<double>(1U << std::min(step_++, 10U)));
  return std::chrono::milliseconds(static_cast<int>(longest * std::uniform_real_distribution<>(0.5, 1)(random)));
}

Publisher::Publisher(const Settings& settings, std::string client_id, std::unique_ptr<broker::Parcel> will,
                     std::shared_ptr<Clock> clock, Log log)
    : settings_(settings),
      client_id_(std::move(client_id)),
      will_(std::move(will)),
      clock_(std::move(clock)),
      log_(std::move(log)) {}

Answer Publisher::start() {
  // What Paho takes not at all is said here: nobody would hear it of the thread.
  (void)Connection(settings_, {client_id_, true, {}, nullptr}, *this);
  thread_ = std::thread([this] { run(); });
  Lock lock(mutex_);
  started_.wait(lock, [&] { return first_answer_.has_value(); });
  return *first_answer_;
}

void Publisher::check(const Message& message) const {
  if (const std::string complaint = complaint_about_topic(message.topic); !complaint.empty())
    refuse(message, complaint + "; expected levels between slashes");
  if (std::count(message.topic.begin(), message.topic.end(), '/') >= static_cast<std::ptrdiff_t>(most_levels))
    refuse(message, "it has more than 200 levels, which brokers do not take");
  if (message.body.size() > static_cast<std::size_t>(settings_.largest_body)) {
    refuse(message, "the body has " + std::to_string(message.body.size()) + " bytes, at most " +
                        std::to_string(settings_.largest_body) + " are carried; put it into a store and send its id");
  }
  const auto check_text = [&](const char* what, std::string_view text) {
    if (const std::string complaint = complaint_about_text(text); !complaint.empty())
      refuse(message, std::string(what) + " cannot be sent: " + complaint);
  };
  check_text("the topic", message.topic);
  if (!settings_.is_v5()) return;
  check_text("the key", message.key);
  for (const Header& header : message.headers) {
    check_text("the name of a header", header.name);
    check_text("a header's value", header.value);
  }
  const std::uint32_t largest = largest_packet_.load(std::memory_order_relaxed);
  if (largest != 0 && packet_size(message) > largest)
    refuse(message, "the broker takes at most " + std::to_string(largest) + " bytes with all that belongs to them");
}

Published Publisher::publish(std::span<const Message> batch) {
  for (const Message& message : batch) check(message);
  const Time now = clock_->now();
  Published published;
  const Lock lock(mutex_);
  if (closing_) throw Error(ErrorCode::transport, "publishing: the transport is closed; open it first");
  for (const Message& given : batch) {
    Message message = given;
    // MQTT carries no time by itself, and a broker needs longer for one that is put beside the message: who receives
    // it knows when, unless it may grow old on its way.
    if (message.time == Time{} && message.lifetime > Duration::zero()) message.time = now;
    const std::size_t size = broker::Parcel::size_of(message);
    const bool has_room = waiting_.size() < static_cast<std::size_t>(settings_.queue) &&
                          (bytes_ == 0 || bytes_ + size <= static_cast<std::size_t>(settings_.memory));
    if (!has_room) break;
    waiting_.push_back({broker::Parcel(message), tickets_.next()});
    bytes_ += size;
    ++published.accepted;
  }
  published.ticket = tickets_.last();
  if (published.accepted != 0) work_.notify_one();
  return published;
}

void Publisher::run() {
  BackOff back_off;
  std::string told;
  Lock lock(mutex_);
  while (!closing_) {
    lock.unlock();
    Answer answer;
    std::unique_ptr<Connection> connection(new Connection(settings_, {client_id_, true, {}, will_.get()}, *this));
    lock.lock();
    connection_ = connection.get();
    is_lost_ = false;
    if (!closing_) {
      lock.unlock();
      answer = connection->connect();
      lock.lock();
    }
    connection_ = nullptr;
    const bool is_first = !first_answer_;
    if (is_first) {
      first_answer_ = answer;
      started_.notify_all();
      if (answer.is_final) break;
    }
    if (answer.ok() && !closing_) {
      back_off.reset();
      largest_packet_ = connection->limits().packet;
      window_ = std::min<std::size_t>(static_cast<std::size_t>(settings_.in_flight), connection->limits().in_flight);
      if (!is_first) {
        log_("connected to " + settings_.url);
        reconnects_.add();
      }
      sent_ = 0;
      told.clear();
      pump(*connection, lock);
      if (!closing_) log_("the connection to " + settings_.url + " is broken: " + why_lost_ + "; connecting again");
    } else if (!closing_ && answer.problem != told) {
      told = answer.problem;
      log_(told + "; trying again, messages wait meanwhile");
    }
    lock.unlock();
    connection.reset();
    lock.lock();
    work_.wait_for(lock, back_off.next(), [&] { return closing_; });
  }
}

bool Publisher::is_sendable() const noexcept { return sent_ < waiting_.size() && sent_ < window_; }

void Publisher::pump(Connection& connection, Lock& lock) {
  while (!closing_ && !is_lost_) {
    if (is_sendable()) send_one(connection, lock);
    else work_.wait(lock, [&] { return closing_ || is_lost_ || is_sendable(); });
  }
}

void Publisher::send_one(Connection& connection, Lock& lock) {
  Waiting& one = waiting_[sent_];  // stays where it is until it is settled, which nobody but we can begin
  const Message& message = one.parcel.message();
  const Ticket ticket = one.ticket;
  ++sent_;
  const bool is_mortal = message.lifetime > Duration::zero();
  const Duration left = is_mortal ? message.lifetime - (clock_->now() - message.time) : Duration::zero();
  if (one.settled) return;
  if (is_mortal && left <= Duration::zero()) {
    settle(ticket);
    return;
  }
  const std::uint32_t largest = largest_packet_;
  std::string problem;
  lock.unlock();
  const bool is_too_large = largest != 0 && packet_size(message) > largest;
  const bool is_sent = !is_too_large && connection.send(message, left, ticket, problem);
  lock.lock();
  if (is_too_large) {
    tickets_.refuse(ticket, "the broker takes at most " + std::to_string(largest) + " bytes");
    settle(ticket);
  } else if (!is_sent) {
    is_lost_ = true;
    why_lost_ = problem;
  }
}

/// With the lock.
void Publisher::settle(Ticket ticket) noexcept {
  tickets_.settle({&ticket, 1});
  if (waiting_.empty() || ticket < waiting_.front().ticket) return;
  waiting_[ticket - waiting_.front().ticket].settled = true;
  while (!waiting_.empty() && waiting_.front().settled) {
    bytes_ -= waiting_.front().parcel.size();
    waiting_.pop_front();
    if (sent_ > 0) --sent_;
  }
  // Waking the sender for each of them would cost as much as sending, and on few cores the more the less it finds.
  if (sent_ <= window_ - window_ / 2 && sent_ < waiting_.size()) work_.notify_one();
}

void Publisher::settled(Ticket ticket) noexcept {
  const Lock lock(mutex_);
  settle(ticket);
}

void Publisher::refused(Ticket ticket, const std::string& why) noexcept {
  tickets_.refuse(ticket, "the broker refused it: " + why);
  const Lock lock(mutex_);
  settle(ticket);
}

void Publisher::lost(const std::string& why) noexcept {
  const Lock lock(mutex_);
  if (!is_lost_) why_lost_ = why;
  is_lost_ = true;
  work_.notify_one();
}

void Publisher::close() noexcept {
  {
    const Lock lock(mutex_);
    closing_ = true;
    if (connection_ != nullptr) connection_->abandon();
    work_.notify_all();
  }
  tickets_.close();
  if (thread_.joinable()) thread_.join();
}

}  // namespace astro::mqtt
