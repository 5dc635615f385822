// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "astro/clock.hpp"
#include "broker_kit/deliveries.hpp"
#include "connection.hpp"
#include "inbox.hpp"

namespace astro::mqtt {

/// One subscription, or that of a group in this process, with a connection and a session of its own:
/// so that the broker sends what is retained to whom it is new, keeps apart what overlaps, and a
/// subscriber that is slow delays nobody else. Paho confirms what it reads and cannot be told to wait;
/// when more waits here than the queue holds, the connection is given up and the broker keeps the rest
/// in the session until half of it is delivered.
class Subscription final : public broker::Source, private Connection::Events {
 public:
  struct Purpose {
    std::string filter{};  // as the broker gets it
    std::string client_id{};
    bool is_group = false;          // its session stays when we go
    std::filesystem::path inbox{};  // of a group; empty: none
  };
  using Wake = std::function<void()>;
  using Log = std::function<void(const std::string&)>;

  Subscription(const Settings& settings, Purpose purpose, std::shared_ptr<Clock> clock, Wake wake, Log log);
  ~Subscription() override { close(); }
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

  /// Waits until it is in force; throws `transport` when it does not come to that in time.
  void start();
  void abandon() noexcept;  ///< makes `start` return

  bool is_ready() const noexcept override;
  std::span<const Message> next() override;
  void done() noexcept override;

 private:
  using Lock = std::unique_lock<std::mutex>;
  struct Waiting {
    broker::Parcel parcel;
    std::uint64_t file;  // in the inbox; zero: none
  };

  void close() noexcept;
  void run();
  Answer connect(Connection& connection, bool is_first);
  void forget_3_1_1() noexcept;
  bool is_full() const noexcept;
  void lost(const std::string& why) noexcept override;
  void arrived(std::string_view topic, const MQTTAsync_message& message) noexcept override;
  std::uint64_t keep(const Message& message) noexcept;

  const Settings& settings_;
  const Purpose purpose_;
  const std::shared_ptr<Clock> clock_;
  const Wake wake_;
  const Log log_;
  std::optional<Inbox> inbox_;
  std::vector<Header> headers_;  // Paho's thread only
  bool is_inbox_broken_ = false;
  std::vector<Message> batch_;  // the deliverer's thread only

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;
  std::optional<Answer> first_answer_;
  std::string why_lost_;
  bool is_lost_ = false;
  bool is_in_force_ = false;
  bool waits_for_room_ = false;
  bool closing_ = false;
  Connection* connection_ = nullptr;  // while its thread waits for an answer
  std::thread thread_;
};

}  // namespace astro::mqtt
