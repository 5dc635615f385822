// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "astro/export.hpp"
#include "astro/record.hpp"
#include "astro/time.hpp"
#include "astro/transport.hpp"

namespace astro::messaging {

/// What may be let go when there is no room for all.
enum class Keeping : std::uint8_t {
  telemetry,  ///< the oldest first, with a record of what was
  always,     ///< commands, acknowledgments, spectra: never
};

/// A message on its way into an outbox. Borrowed for the length of the call.
struct Outgoing {
  std::string_view topic{};
  std::string_view key{};
  std::span<const std::byte> body{};
  Keeping keeping = Keeping::always;
  Time time{};  ///< of the measurement
  // Of telemetry: which it is, so that what is shed can be told.
  std::string_view source{};
  std::int64_t boot = 0;
  std::int64_t sequence = 0;
};

/// That telemetry was let go: how many values of a source, between two numbers (others of them may have been sent).
/// It goes to the topic that OutboxOptions::shed_topic names, as JSON.
struct Shed {
  std::string source{};
  std::int64_t boot = 0;
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::int64_t count = 0;
  Time from{};
  Time to{};
};

struct OutboxOptions {
  std::filesystem::path folder{};                ///< it must be there: an unplugged disk is not made anew
  std::int64_t largest = std::int64_t{1} << 30;  ///< bytes of bodies; then telemetry is shed
  std::int64_t in_flight = 2000;                 ///< messages that the transport may have unconfirmed
  double backlog_rate = 1000.0;                  ///< messages a second of what waited, behind what is live
  std::string shed_topic{};                      ///< where records of what was shed go
  std::string source{};                          ///< who logs
  /// What a telemetry body becomes when it comes late. Null: it stays.
  std::function<std::string(std::string_view body)> historical{};
};

/// How an outbox does. All counts are of messages since it was opened, but for `waiting` and `bytes`.
struct OutboxCounts {
  std::uint64_t put = 0;        ///< durably
  std::uint64_t confirmed = 0;  ///< by the other side, and removed
  std::uint64_t refused = 0;    ///< by the other side, for good
  std::uint64_t shed = 0;
  std::uint64_t waiting = 0;
  std::uint64_t bytes = 0;
  bool is_down = false;     ///< the other side confirms nothing at the moment
  bool is_failing = false;  ///< the last write to its disk failed
};

/// Between those who measure and a network that fails: what was put is on the disk before `put` returns, and leaves it
/// when the transport's other side has it. What is live goes first; what waited comes behind at a set rate, marked as
/// historical. What is kept always stays in order.
class ASTRO_API Outbox final {
 public:
  /// Throws `storage`. What a process before left is sent as backlog.
  Outbox(std::shared_ptr<Transport> transport, OutboxOptions options);
  ~Outbox();  ///< what is left stays on the disk
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  /// All of it, in one transaction. Telemetry that the disk does not take is shed and recorded later; throws `storage`
  /// when something that is always kept cannot be, and then nothing of the batch was put.
  void put(std::span<const Outgoing> batch);

  /// Sends nothing any more, before its transport is closed: what is put from now on waits on the disk.
  void end_sending();

  OutboxCounts counts() const;
  /// Until nothing waits, or so long; whether nothing waits.
  bool wait_empty(Duration at_most) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace astro::messaging

namespace astro {

template <>
struct Description<messaging::Shed> {
  using R = messaging::Shed;
  static constexpr const char* name = "shed";
  static constexpr std::array fields{
      field<&R::source>("source", {.says = "device"}),
      field<&R::boot>("boot", {.says = "of the node"}),
      field<&R::first>("first", {.says = "sequence number of the first that was let go"}),
      field<&R::last>("last", {.says = "and of the last"}),
      field<&R::count>("count", {.says = "how many were let go; others between them were sent"}),
      field<&R::from>("from", {.says = "time of the first"}),
      field<&R::to>("to", {.says = "time of the last"})};
};

}  // namespace astro
