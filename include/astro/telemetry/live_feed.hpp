// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "astro/export.hpp"
#include "astro/observatory.hpp"
#include "astro/store_handle.hpp"
#include "astro/telemetry/history.hpp"

/// \file
/// What happens in an observatory as JSON text for many who watch, each message encoded once:
///
///     {"type":"data","id":"temperature","value":22.5,"timestamp":"2026-01-01T12:00:00+00:00","unit":"degC"}
///     {"type":"message","id":"command_result","value":{"command":"dish.park","status":"success",...},"timestamp":...}
namespace astro::telemetry {

/// A point as one line of JSON. `unit` is there when it has one, `quality` when it is not good.
ASTRO_API std::string point_message(const Point& point);
/// Anything else that watchers are told.
ASTRO_API std::string event_message(std::string_view id, const Value& value, Time time);
/// As `find_history`: one JSON array of the messages as they were sent.
ASTRO_API std::string history_messages(const StoreHandle& store, const HistoryQuery& query = {});

/// Bytes that clients share.
using LiveText = std::shared_ptr<const std::string>;

struct LiveOptions {
  std::size_t recent = 1000;                     ///< messages that are kept for who comes
  std::size_t waiting = 1000;                    ///< messages more than these that may wait for a slow client
  Duration patience = std::chrono::seconds(30);  ///< who lets messages wait for so long is dropped
};

/// What a client gets first: only what comes from now on, the newest message of each id, or all that is kept.
enum class LiveStart : std::uint8_t { now, latest, recent };

struct LiveClientOptions {
  /// Of the points: their ids, or patterns in which `*` stands for any text. Without: all. Events come to all clients.
  std::optional<std::vector<std::string>> ids{};
  bool batches = false;  ///< all that waits in one JSON array
  LiveStart start = LiveStart::recent;
};

struct LiveClientStatus {
  std::uint64_t taken = 0;   ///< messages
  std::uint64_t missed = 0;  ///< messages in whose place newer ones of their id came
  bool is_dropped = false;   ///< it was too slow; nothing comes any more
};

/// One who watches. Messages wait for it without its doing; for any thread, one at a time.
class ASTRO_API LiveClient final {
 public:
  struct State;
  explicit LiveClient(std::shared_ptr<State> state) noexcept;
  LiveClient(LiveClient&&) noexcept;
  LiveClient& operator=(LiveClient&&) noexcept;
  ~LiveClient();

  std::uint64_t id() const noexcept;

  /// What waits, without waiting: texts of one message each or, with `batches`, one array. `limit`: messages at most,
  /// 0: all. One who was too slow finds of what no longer waits the newest of each id, and a message `missed` that says
  /// how many there were: {"type":"message","id":"missed","value":{"messages":n},...}.
  std::vector<LiveText> take(std::size_t limit = 0);
  /// The same as WebSocket text frames (RFC 6455, unmasked), one after the other, as a server writes them to its
  /// socket; null when nothing waits. Clients who have come equally far share the bytes.
  LiveText take_websocket(std::size_t limit = 0);

  LiveClientStatus status() const;

 private:
  std::shared_ptr<State> state_;
};

/// Encodes points, commands' confirmations and notices of an observatory, and whatever else it is given, once, and
/// keeps what came last for all clients together: a client costs nothing until it takes, and one that does not take
/// costs the others nothing.
class ASTRO_API LiveFeed final {
 public:
  /// Of what it is given alone.
  explicit LiveFeed(const LiveOptions& options = {});
  explicit LiveFeed(const Observatory& site, const LiveOptions& options = {});
  ~LiveFeed();
  LiveFeed(const LiveFeed&) = delete;
  LiveFeed& operator=(const LiveFeed&) = delete;

  /// Points from elsewhere.
  void add(std::span<const Point> points);
  /// An event of the caller's own.
  void tell(std::string_view id, const Value& value, Time time);

  LiveClient client(const LiveClientOptions& options = {});
  std::size_t clients() const;

  /// A file descriptor that can be read as soon as a client has something; not to be read or closed by anybody else.
  int descriptor() const noexcept;
  /// The clients for which something waits, and those that were just dropped. The descriptor cannot be read any more
  /// until something new comes.
  std::vector<std::uint64_t> ready();

  /// Nothing comes any more; clients still find what waits.
  void close() noexcept;

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace astro::telemetry
