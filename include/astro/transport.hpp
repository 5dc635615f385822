// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "astro/device.hpp"

namespace astro {

/// A word beside a message: "traceparent", "content-type".
struct Header {
  std::string_view name{};
  std::string_view value{};
};

/// One message: bytes under a topic. Everything is borrowed for the length of the call.
/// Topics are levels between `/`; a pattern has `+` for one level and `#` for all that follow, as
/// in MQTT 5 (OASIS 2019), section 4.7. A transport maps them to its own.
struct Message {
  std::string_view topic{};
  std::string_view key{};  ///< messages of one topic and key keep their order
  std::span<const std::byte> body{};
  Time time{};            ///< when it was sent; zero: now
  bool retained = false;  ///< the last one of its topic is kept for who subscribes later
  std::span<const Header> headers{};
  Duration lifetime{};  ///< zero: for ever; a message that is older is not delivered
};

/// How far a publisher has come: the number of messages since `open`, cumulatively.
using Ticket = std::uint64_t;

struct Published {
  std::size_t accepted = 0;  ///< the first of the batch; fewer than given: no room, try the rest later
  Ticket ticket = 0;         ///< of the last accepted one
};

/// Receives messages, in batches, from a thread of the transport; one call at a time. When it
/// returns, they count as delivered; when it throws, they are delivered again later.
class ASTRO_API Subscriber {
 public:
  virtual ~Subscriber();
  virtual void deliver(std::span<const Message> messages) = 0;
};

/// Carries bytes by topic: at least once, in order by key, and says when the other side has them.
/// See `Driver` for open and close; the other functions may be called from any thread. `close` makes
/// waiting calls return; after it the others throw `transport`.
class ASTRO_API Transport : public Driver {
 public:
  ~Transport() override;

  /// Hands over a batch and returns; never waits for the network. A message that can never be sent
  /// (a topic with a wildcard, a body that is too large) throws `invalid_argument`, before any of
  /// the batch is accepted.
  virtual Published publish(std::span<const Message> batch) = 0;

  /// Before `open`: what the other side publishes when this one vanishes without `close`. Copied.
  /// The default throws `unsupported`.
  virtual void last_will(const Message& message);

  /// All up to this ticket are confirmed by the other side. Waits until `ticket` is, or at most so
  /// long. Throws `transport` once for a message that was refused for good; later tickets go on.
  virtual Ticket confirmed(Ticket ticket, Duration at_most) = 0;

  /// From now on messages of the pattern go to the subscriber, which must live until `unsubscribe`
  /// or `close` has returned. Two subscriptions are independent, also to one pattern; it is in force
  /// when this returns. `group`: subscribers of one group share the messages and go on where the
  /// group stopped, also after a restart; empty: all messages, from now.
  virtual void subscribe(const std::string& pattern, Subscriber& subscriber, const std::string& group = {}) = 0;
  /// Ends all its patterns; waits for a delivery that is under way, except from within `deliver`.
  virtual void unsubscribe(Subscriber& subscriber) noexcept = 0;
};

}  // namespace astro
