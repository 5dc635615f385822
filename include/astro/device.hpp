// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "astro/authority.hpp"
#include "astro/clock.hpp"
#include "astro/coordinates.hpp"
#include "astro/error.hpp"
#include "astro/export.hpp"
#include "astro/value.hpp"

namespace astro {

struct DriverDescription;
struct MountDescription;
struct ReceiverDescription;
struct ControllerDescription;
struct Command;
class Transport;

enum class Quality : std::uint8_t { good, doubtful, bad };
enum class LogLevel : std::uint8_t { debug, info, warning, error };

/// Where a driver finds itself. Constant while it is open.
struct Surroundings {
  std::string device{};       ///< its name in the site file
  std::string observatory{};  ///< unlike any other observatory that is open in this process
  Location location{};
  std::string mount{};  ///< of a receiver: the mount that it sits on, or empty
  std::shared_ptr<Clock> clock{};
  std::filesystem::path state_folder{};                  ///< exists; for what the driver wants to keep
  std::shared_ptr<const DriverDescription> twin_of{};    ///< of a simulator: the driver that it stands for, or null
  std::vector<std::shared_ptr<Transport>> transports{};  ///< those of the site, open: the ways to other machines
};

/// For whom a hook runs: what a driver that hands the command on to another machine has to pass.
struct Cause {
  std::string command_id{};
  Issuer issuer{};
  std::string trace{};  ///< W3C traceparent, or empty
};

/// How a command ended, as a driver reports it.
struct Outcome {
  bool succeeded = true;
  ErrorCode code = ErrorCode::device_fault;  ///< of a failure
  std::string message{};
  Value details{};  ///< a map or null
};

/// A driver's way to its host. Valid from `open` until `close` returned or `open` threw; that of a
/// lost device lives as long as the process. Any thread of the driver may call it, also from within
/// a hook; `finished` may come before `perform` has returned. Nothing here waits for anybody.
class ASTRO_API Emitter {
 public:
  virtual ~Emitter();

  virtual const Surroundings& surroundings() const noexcept = 0;

  /// Of the hook that runs; empty when the host calls by itself (polling).
  virtual Cause cause() const = 0;

  /// One telemetry value. `time`: UTC of the measurement where the driver knows it; else now. A
  /// point that is not in the description is logged once and dropped.
  virtual void point(std::string_view name, Value value, Quality quality = Quality::good,
                     std::optional<Time> time = {}) = 0;
  /// Progress of a command that takes long, 0 to 100 percent.
  virtual void progress(std::string_view command_id, double percent, std::string_view message = {}) = 0;
  /// The end of a command that `perform` had left running.
  virtual void finished(std::string_view command_id, Outcome outcome) = 0;
  /// Asks the host to call `poll` or `status` at this interval from now on.
  virtual void poll_every(Duration interval) = 0;
  virtual void log(LogLevel level, std::string_view message) = 0;

  /// Gives a command to a device of the observatory: so a handset steers a mount, and so a server hands on what other
  /// programs ask for. It passes the gate that all commands pass. One without an id gets a new one, one whose issuer
  /// has no name the name of this device. A controller hears what becomes of it by `commanded`. Until the whole
  /// observatory is open it waits; a stop comes before all that wait. Of more than 1000 that wait the newest are
  /// dropped, with a line of log.
  virtual void give(Command command) = 0;

  /// Within `open`, or later when the hardware came back different: what it turned out to be, in
  /// place of the registered description. These throw `invalid_argument` for a description of
  /// another kind of device; nothing else here throws.
  virtual void describe(const MountDescription& description) = 0;
  virtual void describe(const ReceiverDescription& description) = 0;
  virtual void describe(const ControllerDescription& description) = 0;
};

/// What all drivers have in common. A driver is a small translation into the hardware's own
/// language; its host (one for each open device) keeps every promise to the user: queue, limits,
/// authority, time-outs, journal, polling, logs.
///
/// *Calls.* The host calls the hooks of one driver one at a time, from one thread; only `stop` may
/// be called beside another hook, from any thread, also beside `open` and `close`, but never before
/// the first `open` or after `close` returned. When `stop` came beside a hook, the host calls it once
/// more, from its own thread, as soon as that hook has returned and before any other: a command that
/// was overtaken ends too. One that came after a `stop` begins when that has returned. A constructor
/// touches no hardware and starts no thread. `open` connects and leaves the device stopped; after it
/// threw, the driver is as before it, and `close` is not called. `close` ends whatever the device does,
/// as `stop` would. After `close` no thread of the driver runs, and `open` may follow. What `open` took
/// it gives back: files, connections, memory.
/// *Waiting.* A hook starts things and returns; it waits for its own I/O at most the `hook_bound` of
/// its description, `open` and `close` at most the `open_bound`; transports and stores have no bound
/// but their own time-outs. When a hook does not return, the host declares the device lost, calls
/// `stop` beside it and calls nothing else again.
/// *Failure.* A hook throws any std::exception, best an `astro::Error`; the caller gets it as an
/// `astro::Error` that names plugin and device. What `status` or `poll` throws is reported once and
/// marks the readings as bad, and polling goes on; the next success clears it. What `fill` throws
/// ends the streams; the host calls `stop`, and `start` may follow. Nothing may leave a thread of
/// the driver.
class ASTRO_API Driver {
 public:
  virtual ~Driver();

  virtual void open(Emitter& host) = 0;
  virtual void close() noexcept = 0;
};

/// A driver of something that can be stopped: a mount, a receiver, a controller.
class ASTRO_API Device : public Driver {
 public:
  ~Device() override;

  /// Ends whatever the device does, at once; harmless when it does nothing. May be called beside
  /// another hook, also one that hangs: it takes no lock that a hook holds while it waits.
  virtual void stop() noexcept = 0;
};

}  // namespace astro
