// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "astro/clock.hpp"
#include "astro/metrics.hpp"
#include "broker_kit/parcel.hpp"
#include "broker_kit/tickets.hpp"
#include "connection.hpp"

namespace astro::mqtt {

using Log = std::function<void(const std::string&)>;

/// Keeps what was accepted until the broker has confirmed it, and sends it, in order, again after
/// each broken connection.
class Publisher final : private Connection::Events {
 public:
  Publisher(const Settings& settings, std::string client_id, std::unique_ptr<broker::Parcel> will,
            std::shared_ptr<Clock> clock, Log log);
  ~Publisher() override { close(); }
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  /// Waits for the outcome of the first attempt to connect; it goes on trying unless that is final.
  Answer start();
  Published publish(std::span<const Message> batch);
  Ticket confirmed(Ticket ticket, Duration at_most) { return tickets_.confirmed(ticket, at_most); }
  void close() noexcept;

 private:
  using Lock = std::unique_lock<std::mutex>;
  struct Waiting {
    broker::Parcel parcel;
    Ticket ticket;
    bool settled = false;
  };

  void check(const Message& message) const;
  void run();
  void pump(Connection& connection, Lock& lock);
  bool is_sendable() const noexcept;
  void send_one(Connection& connection, Lock& lock);
  void settle(Ticket ticket) noexcept;
  void lost(const std::string& why) noexcept override;
  void settled(Ticket ticket) noexcept override;
  void refused(Ticket ticket, const std::string& why) noexcept override;

  const Settings& settings_;
  const std::string client_id_;
  const std::unique_ptr<broker::Parcel> will_;
  const std::shared_ptr<Clock> clock_;
  const Log log_;
  const Counter reconnects_ = counter("astro_transport_reconnects_total", "Connections to a broker that came back",
                                      {{"broker", settings_.url}});
  broker::Tickets tickets_;
  std::atomic<std::uint32_t> largest_packet_ = 0;

  std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable started_;
  std::optional<Answer> first_answer_;
  std::deque<Waiting> waiting_;  // from the first that is not confirmed
  std::size_t bytes_ = 0;        // in waiting_
  std::size_t sent_ = 0;         // of waiting_, on this connection
  std::size_t window_ = 1;
  std::string why_lost_;
  bool is_lost_ = false;
  bool closing_ = false;
  Connection* connection_ = nullptr;  // while its thread waits for an answer
  std::thread thread_;
};

/// 0.1 s, 0.2 s, ... to 10 s, a part of it by chance: not all clients of a broker that comes back at once.
class BackOff final {
 public:
  std::chrono::milliseconds next() noexcept;
  void reset() noexcept { step_ = 0; }

 private:
  unsigned step_ = 0;
};

}  // namespace astro::mqtt
