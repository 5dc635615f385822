// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "astro/authority.hpp"
#include "astro/block.hpp"
#include "astro/command.hpp"
#include "astro/controller.hpp"
#include "astro/coordinates.hpp"
#include "astro/export.hpp"
#include "astro/mount.hpp"
#include "astro/receiver.hpp"
#include "astro/telemetry.hpp"

/// \file
/// What users hold: a handle is a shared host and who is asking. The host carries the driver and
/// every promise: each call passes the same gate (description, limits, authority, journal), from
/// C++, Python, the command line or a wire. Handles are cheap to copy, may be used from any thread,
/// and keep the device open until the observatory closes; after that, calls throw `device_lost`.
namespace astro {

class DeviceHost;
class MountHost;
class ReceiverHost;
class ControllerHost;

/// What all handles can do.
class ASTRO_API DeviceHandle {
 public:
  const std::string& name() const noexcept;
  const Issuer& issuer() const noexcept { return issuer_; }

  /// Takes authority over the device for a while; throws `not_holder` when somebody of the same or
  /// a higher rank has it. Taking it again renews it.
  void take(Duration lease = default_lease) const;
  /// Gives it back; harmless when it was lost before.
  void release() const;
  std::optional<Holder> holder() const;

  /// Stops the device at once, whoever holds it, past queue and lock. Returns when the driver's
  /// hook has been called, at the latest after 50 ms.
  void stop() const;

  /// Whether the driver still answers.
  bool is_lost() const noexcept;

 protected:
  DeviceHandle(std::shared_ptr<DeviceHost> host, Issuer issuer) noexcept;
  ~DeviceHandle() = default;
  DeviceHandle(const DeviceHandle&) = default;
  DeviceHandle& operator=(const DeviceHandle&) = default;
  DeviceHandle(DeviceHandle&&) = default;
  DeviceHandle& operator=(DeviceHandle&&) = default;

  std::shared_ptr<DeviceHost> host_;
  Issuer issuer_;
};

/// A mount as the host last saw it: one consistent reading, never I/O.
struct MountReport {
  Time time{};       ///< when the driver was asked; zero: never yet
  Axes axes{};       ///< actual position
  Axes commanded{};  ///< where they were told to be
  AltAz place{};     ///< of the beam in the sky, from the axes (apparent, as refraction is in)
  MountState state = MountState::stopped;
  bool on_target = false;  ///< within the mount's accuracy of what is tracked or was slewed to
  bool tracking = false;   ///< the host follows a target
  bool lost = false;       ///< the driver no longer answers
};
static_assert(std::is_trivially_copyable_v<MountReport>);

/// Limits of the mechanical axes, after the pointing model.
struct MountLimits {
  AxisRange first{};
  AxisRange second{};
};

class ASTRO_API MountHandle final : public DeviceHandle {
 public:
  MountHandle(std::shared_ptr<MountHost> host, Issuer issuer) noexcept;
  MountHandle as(Issuer issuer) const;  ///< the same mount for somebody else

  MountReport status() const noexcept;
  /// What is tracked or was slewed to; nothing after a stop, a park or a move of the axes.
  std::optional<Target> target() const;
  MountDescription description() const;
  MountLimits limits() const;

  /// Points at a place that stays where it is in the mount's axes: what the target's place is now.
  /// Starts and returns. Throws `not_visible` or `out_of_limits` before anything moves.
  void slew_to(const Target& target) const;
  /// Points at the target and follows it across the sky until `stop` or another command.
  void track(const Target& target) const;
  void move_to(Axes axes) const;
  /// Moves at a rate for at most `lifetime`; repeat it to go on.
  void move_rate(AxisRates rates, Duration lifetime = std::chrono::milliseconds(500)) const;
  void park() const;
  void home() const;

  /// Waits until the beam is on target; throws `timeout` (observatory's time), `interrupted` when
  /// somebody stops or takes over, or what the device failed with.
  void wait_until_on_target(Duration at_most = std::chrono::minutes(5)) const;
  /// Waits until no axis moves.
  void wait_until_stopped(Duration at_most = std::chrono::minutes(5)) const;

  /// Axes that a target needs at a time (nearest turn, flip over the zenith), or the reason why not.
  Axes axes_of(const Target& target, Time time) const;
  /// Where the beam pointed, interpolated between readings; nothing when it was not read within 5 s
  /// of that time. At least the last 15 minutes are kept.
  std::optional<AltAz> place_at(Time time) const;

 private:
  MountHost& mount() const noexcept;
};

/// A receiver as the host last saw it.
struct ReceiverReport {
  bool streaming = false;
  std::uint64_t items = 0;    ///< since the stream started
  std::uint64_t lost = 0;     ///< by the hardware, and for want of a free block
  std::uint64_t dropped = 0;  ///< of those, for want of a free block: a consumer was too slow
  bool lost_device = false;
};

/// Blocks of a receiver, for one consumer. Each consumer sees all of them; while it holds them the
/// pool has fewer, and when the pool is empty new samples are dropped and counted (a recording waits
/// for its readers).
class ASTRO_API BlockStream final {
 public:
  /// The next block, or null when none came in this time (real time). Throws `device_fault` or
  /// `device_lost` once the receiver failed, and `interrupted` after a stop.
  BlockPtr next(Duration at_most = std::chrono::seconds(1));
  /// May be called beside `next`, which then throws `interrupted`, as does every later one. Blocks
  /// that are held stay valid, also after the observatory closed.
  void close() noexcept;

  BlockStream(BlockStream&&) noexcept;
  BlockStream& operator=(BlockStream&&) noexcept;
  ~BlockStream();

  struct State;
  explicit BlockStream(std::shared_ptr<State> state) noexcept;

 private:
  std::shared_ptr<State> state_;
};

class ASTRO_API ReceiverHandle final : public DeviceHandle {
 public:
  ReceiverHandle(std::shared_ptr<ReceiverHost> host, Issuer issuer) noexcept;
  ReceiverHandle as(Issuer issuer) const;

  ReceiverReport status() const noexcept;
  ReceiverDescription description() const;

  /// Tunes, and returns what the hardware took. Zeros keep what is set.
  Tuning tune(const Tuning& wanted) const;
  /// What the stream looks like now.
  std::shared_ptr<const StreamSettings> settings() const;
  /// Starts the receiver if it does not stream; it stops when its last stream is gone.
  BlockStream stream() const;

 private:
  ReceiverHost& receiver() const noexcept;
};

class ASTRO_API ControllerHandle final : public DeviceHandle {
 public:
  ControllerHandle(std::shared_ptr<ControllerHost> host, Issuer issuer) noexcept;
  ControllerHandle as(Issuer issuer) const;

  ControllerDescription description() const;
  /// The latest value of a point; throws `not_found` when there is no such point, `timeout` when it was never read.
  Point point(const std::string& name) const;
  /// Starts a command; its parameters are checked before this returns.
  Execution perform(const std::string& command, const Value& parameters = {}) const;
};

}  // namespace astro
