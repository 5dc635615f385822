// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <MQTTAsync.h>

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "astro/transport.hpp"
#include "broker_kit/parcel.hpp"
#include "settings.hpp"

namespace astro::mqtt {

/// What the broker said to a request.
struct Answer {
  std::string problem{};  ///< empty: yes
  bool is_final = false;  ///< asking again will not help: a wrong password, a wrong certificate
  bool ok() const noexcept { return problem.empty(); }
};

/// What the broker bears, told when it accepts a connection.
struct BrokerLimits {
  std::uint32_t in_flight = 65535;
  std::uint32_t packet = 0;  ///< bytes; zero: not said
};

struct Session {
  std::string client_id{};
  bool is_new = true;  ///< whatever the broker still has of this client goes
  Duration kept{};     ///< how long the broker keeps it when we are away
  const broker::Parcel* will = nullptr;
};

/// One connection to the broker, used once: connected, and when it is lost, thrown away. Paho calls
/// `Events` from a thread of its own that it has only one of in the process, with its lock held: they
/// must neither wait nor call anything here.
class Connection final {
 public:
  class Events {
   public:
    virtual ~Events() = default;
    virtual void lost(const std::string& why) noexcept = 0;
    virtual void arrived(std::string_view, const MQTTAsync_message&) noexcept {}
    virtual void settled(Ticket) noexcept {}
    virtual void refused(Ticket, const std::string&) noexcept {}
  };

  Connection(const Settings& settings, Session session, Events& events);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// These two wait for the answer, at most the `timeout` of the settings or until `abandon`.
  Answer connect();
  Answer subscribe(const std::string& filter);
  void abandon() noexcept;

  const BrokerLimits& limits() const noexcept { return limits_; }
  /// Whether it was taken over to be sent; at most `in_flight` of the settings may be on their way.
  bool send(const Message& message, Duration left, Ticket ticket, std::string& problem);
  /// Says good-bye; `forget`: the broker shall keep nothing of the session.
  void disconnect(bool forget) noexcept;

 private:
  struct Sent {
    Connection* connection;
    Ticket ticket;
  };

  void fill_tls(MQTTAsync_SSLOptions& tls);
  void answer(Answer answer);
  Answer wait_for_answer(const std::string& doing);

  const Settings& settings_;
  const Session session_;
  Events& events_;
  MQTTAsync client_ = nullptr;
  BrokerLimits limits_;
  std::vector<Sent> sent_;  // by ticket, round and round

  std::mutex mutex_;
  std::condition_variable answered_;
  std::optional<Answer> answer_;
  bool abandoned_ = false;
  bool connected_ = false;
};

}  // namespace astro::mqtt
