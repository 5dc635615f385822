// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "astro/controller.hpp"
#include "authority_gate.hpp"
#include "host_context.hpp"

namespace astro {

/// Between a driver and its users: keeps what device.hpp promises to both. It lives as long as
/// anybody has a handle, a stream, or hangs in a hook.
class DeviceHost : public Emitter, public detail::WorkerClient, public std::enable_shared_from_this<DeviceHost> {
 public:
  explicit DeviceHost(detail::HostSetup setup);
  ~DeviceHost() override;

  const std::string& name() const noexcept { return entry_.name; }
  DeviceKind kind() const noexcept { return entry_.kind; }
  detail::AuthorityGate& authority() noexcept { return authority_; }
  bool is_lost() const noexcept { return worker_.is_lost(); }

  /// Throws what went wrong, and then nothing of the device runs.
  void open();
  void close() noexcept;
  /// Stops the device; returns within 50 ms.
  void stop(const Issuer& issuer) noexcept;
  /// The same without a record.
  void stop_now() noexcept;

  /// Carries a command out, or refuses it: never throws.
  void carry_out(const std::shared_ptr<Execution::State>& execution) noexcept;

  virtual std::vector<CommandDescription> commands() const = 0;  ///< without `stop`
  virtual std::vector<Field> points() const = 0;

  // Emitter
  const Surroundings& surroundings() const noexcept override { return surroundings_; }
  Cause cause() const override;
  void point(std::string_view point, Value value, Quality quality, std::optional<Time> time) override;
  void progress(std::string_view command_id, double percent, std::string_view message) override;
  void finished(std::string_view command_id, Outcome outcome) override;
  void poll_every(Duration interval) override;
  void log(LogLevel level, std::string_view message) override;
  void give(Command command) override;
  void describe(const MountDescription& description) override;
  void describe(const ReceiverDescription& description) override;
  void describe(const ControllerDescription& description) override;

  // WorkerClient
  Duration turn() noexcept override;
  void stop_driver() noexcept override;
  void became_lost(const std::string& hook) noexcept override;

 protected:
  /// What a command does, checked against everything that can be known before.
  struct Action {
    std::function<Performed(const std::shared_ptr<Execution::State>&)> run{};  ///< on the worker's thread
    bool ends_with_stop = true;
  };

  /// Throws what is wrong with the command; `parameters` are canonical.
  virtual Action prepare(const std::string& command, const Value& parameters) = 0;
  virtual Duration hook_bound() const = 0;
  virtual Duration open_bound() const = 0;
  virtual void poll() = 0;   ///< one reading, on the worker's thread; may throw
  virtual void opened() {}   ///< on the worker's thread, after `open`; may throw
  virtual void on_stop() {}  ///< on the stopping thread, before the driver is stopped
  /// Whether what it does is for safety, and not this one's to end.
  virtual bool is_kept_from(const Issuer& /*issuer*/) const noexcept { return false; }
  virtual void on_lost() {}     ///< from the watchdog's thread
  virtual void on_close() {}    ///< nothing is begun any more; the driver is still open
  virtual void on_failure() {}  ///< of a poll
  virtual void on_finished(const std::string&, const Outcome&) {}
  virtual void on_command(const std::string&) {}  ///< that the driver gives: by its id, before it is handed in
  virtual void on_progress(const std::string&, double, const std::string&) {}

  /// A typed call: queued, and waited for until its hook came back. Throws what it failed with.
  void call(const Issuer& issuer, const char* command, Value parameters, Action action);
  std::shared_ptr<Execution::State> begin(const Issuer& issuer, const std::string& command, Value parameters);
  /// Past authority, into the queue. Throws.
  void issue(const std::shared_ptr<Execution::State>& execution, Action action);

  detail::Worker& worker() noexcept { return worker_; }
  Driver& driver() noexcept { return *driver_; }
  const Clock& clock() const noexcept { return *context_->clock; }
  const detail::HostContext& context() const noexcept { return *context_; }
  const DeviceEntry& entry() const noexcept { return entry_; }
  const std::string& place() const noexcept { return place_; }
  Duration poll_interval() const noexcept { return Duration(poll_every_.load()); }
  void set_poll_interval(Duration interval) noexcept;
  Error translated(const std::exception_ptr& thrown) const { return detail::translated(thrown, place_); }
  [[noreturn]] void refuse_kind(const char* kind) const;

  /// What `point` takes from now on.
  void set_points(std::vector<Field> points);
  void emit(std::string_view point, const Value& value, Quality quality, Time time);
  std::optional<Point> latest_point(const std::string& point) const;
  std::string point_id(std::string_view point) const;
  void notice(const char* kind, LogLevel level, const std::string& message) noexcept;
  void poll_failed(const Error& error) noexcept;
  void poll_succeeded() noexcept;
  bool is_failing() const noexcept { return failing_.load(); }

 private:
  class CommandJob;

  void act_stop() noexcept;
  bool change_hands(const std::shared_ptr<Execution::State>& execution);  ///< false: it is another command
  void set_cause(const std::shared_ptr<Execution::State>& execution);
  void log_once(const std::string& what, const std::string& message);
  void leave_behind() noexcept;

  const DeviceEntry entry_;
  const std::string place_;
  const Surroundings surroundings_;
  const std::shared_ptr<const detail::HostContext> context_;
  std::unique_ptr<Driver> driver_;
  Device* const device_;
  detail::AuthorityGate authority_;
  detail::Worker worker_{*this};
  std::atomic<bool> may_stop_ = false;  // the driver's `stop` may be called
  std::atomic<bool> is_closed_ = false;
  std::atomic<bool> failing_ = false;  // the last poll failed
  std::atomic<Duration::rep> poll_every_;
  Time next_poll_{};  // of a simulated clock; of the worker's thread alone

  mutable std::mutex cause_mutex_;
  std::shared_ptr<const Execution::State> cause_;

  mutable std::mutex points_mutex_;
  std::unordered_map<std::string, Field> points_;
  std::set<std::string> logged_;
  std::uint32_t sequence_ = 0;
};

}  // namespace astro
