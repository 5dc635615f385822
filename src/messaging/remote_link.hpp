// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "astro/command.hpp"
#include "astro/device.hpp"
#include "astro/messaging/node.hpp"
#include "messaging/subscribing.hpp"

namespace astro::messaging {

/// Where a device is served, as the site reader writes it for the driver `remote`.
struct RemoteSettings {
  std::string site{};
  std::string node{};
  std::string driver{};  ///< that the node uses
};

/// What a remote device hears of its node. Called from threads of the transports, one at a time.
class RemoteEars {
 public:
  virtual ~RemoteEars();
  virtual void described(const ServedDevice& device) = 0;
  virtual void measured(std::string_view point, const PointMessage& message) = 0;
  virtual void streamed(std::span<const std::byte>) {}
  /// Of a command that nobody waits for.
  virtual void acknowledged(const Acknowledgment&) {}
};

/// The way from a device to the node that serves it: over every transport of the site. It lasts from `open` to `close`
/// of a driver.
class RemoteLink final : public Subscriber {
 public:
  RemoteLink(const RemoteSettings& settings, Emitter& host, RemoteEars& ears);
  ~RemoteLink() override;
  /// Nothing is heard any more, though somebody may still wait for an answer.
  void end() noexcept { subscriptions_.clear(); }

  /// Until the node's birth came, or so long; whether it did.
  bool wait_for_birth(Duration at_most);
  /// Throws `device_fault` with a sentence when the node is away.
  void check_there() const;
  bool is_there() const;

  /// Who holds the device, as the node said last.
  std::optional<Holder> holder() const;
  /// Throws what the node says, as `complete` does.
  void take(const Issuer& issuer, Duration lease, Duration at_most);
  void release(const Issuer& issuer);

  /// Sends a command and waits until the node has begun it or refused it. Throws what the node says; `timeout` when it
  /// says nothing. A command that sets something in motion is not to wait for a node that is away: it expires with us.
  Acknowledgment call(const std::string& command, Value parameters, Duration at_most);
  /// The same until it has ended.
  Acknowledgment complete(const std::string& command, Value parameters, Duration at_most);
  /// Sends a command under this id, and returns: its acknowledgments come to the ears.
  void send(const std::string& id, const std::string& command, Value parameters);
  /// Stop: sends, and does not wait.
  void stop() noexcept;
  /// A message to a topic of the node, "stream/hydrogen".
  void tell(const std::string& topic, const std::string& body) noexcept;
  /// Also hears `blocks/{device}`, from when this returns. Throws `transport` when no transport answers within so long.
  void hear_blocks(Duration at_most);

  void deliver(std::span<const Message> messages) override;

 private:
  struct Pending {
    std::string id{};
    std::optional<Acknowledgment> latest{};
  };

  /// Until an answer of the kind `until`. `issuer`: null, whoever caused what the driver does now.
  Acknowledgment ask(const std::string& command, Value parameters, Duration at_most, CommandState until,
                     const Issuer* issuer = nullptr);
  Command command_of(const std::string& id, const std::string& command, Value parameters, Time expires,
                     const Issuer* issuer = nullptr) const;
  void note_holder(const Issuer& issuer, Time until, Time from);
  std::size_t publish(const std::string& topic, const std::string& body, Duration lifetime);
  void hear(const Message& message);
  void hear_state(const NodeState& state);
  void compare_clocks(Time theirs);
  Time node_time(Time ours) const;
  bool silent() const;
  [[noreturn]] void refuse_away() const;

  const RemoteSettings settings_;
  Emitter& host_;
  RemoteEars& ears_;
  const std::string device_;
  const std::string topics_;
  const std::vector<std::shared_ptr<Transport>> transports_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool is_born_ = false;
  std::int64_t boot_ = 0;
  std::int64_t sequence_ = 0;
  NodeState state_{.online = false};
  std::chrono::steady_clock::time_point heard_{};
  std::optional<Duration> ahead_{};  ///< of our clock is theirs
  int late_ = 0;
  Time hands_changed_{};  ///< by the node's clock: what it said before of who holds the device counts no more
  std::list<Pending> pending_;

  std::mutex ears_mutex_;
  std::vector<std::unique_ptr<Subscribing>> subscriptions_;  // the last: they end first
};

}  // namespace astro::messaging

namespace astro {

template <>
struct Description<messaging::RemoteSettings> {
  using R = messaging::RemoteSettings;
  static constexpr std::array fields{field<&R::site>("site", {.says = "the site's name in topics", .required = true}),
                                     field<&R::node>("node", {.says = "who serves the device", .required = true}),
                                     field<&R::driver>("of", {.says = "the driver that the node uses"})};
};

}  // namespace astro
