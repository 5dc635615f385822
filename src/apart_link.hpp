// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "apart_process.hpp"
#include "astro/device.hpp"
#include "steady.hpp"

namespace astro::detail {

/// What a driver apart is made of.
struct ApartSetup {
  Program program;
  std::string driver;  ///< as the program knows it
  DriverDescription description;
  Value settings;
  std::vector<std::filesystem::path> plugin_folders;
};

/// Starts the program, asks it what its driver can do, and ends it again. The driver may be empty: the only one.
DriverDescription describe_apart(const Program& program, DeviceKind kind, const std::string& driver);

/// The driver's process and the way to it, whatever kind of device it is. Hooks are handed on by the thread that calls
/// them; a keeper takes what the driver tells between them and starts a process again that ended or hangs.
class ApartLink final {
 public:
  explicit ApartLink(ApartSetup setup);
  ~ApartLink();
  ApartLink(const ApartLink&) = delete;
  ApartLink& operator=(const ApartLink&) = delete;

  void open(Emitter& host);
  void close() noexcept;
  void stop() noexcept;

  /// Hands a hook on, and waits for its end a little longer than the bound: who hangs is killed. Throws what the driver
  /// threw, and `device_fault` when its process ends or has ended.
  Value call(const char* hook, const Value& parameters, Duration bound, int file = -1);
  Value call(const char* hook, const Value& parameters = {}) { return call(hook, parameters, hook_bound()); }
  Duration hook_bound() const noexcept { return Duration(hook_bound_.load()); }
  /// The driver answered what no driver may: its process is ended, as if it had died. Throws.
  [[noreturn]] void refuse(const std::string& what);

  /// Counts up with each process that is open.
  std::uint64_t generation() const noexcept { return generation_.load(); }
  /// What became of the process before this one, for the host to hear of once; else empty.
  std::string take_news();
  /// Begins and ends what `finished` is still to come for.
  void expect_end(const std::string& command_id);
  void ends(const std::string& command_id);

 private:
  using ProcessPtr = std::shared_ptr<Process>;

  ProcessPtr current() const;
  ProcessPtr start(Steady::time_point deadline);
  Value transact(Process& process, Value message, Steady::time_point deadline, int file);
  void wait(Process& process, Steady::time_point until);
  void dispatch(const Value& event);
  void describe(const Value& description);
  void take_bounds();
  void log_output(Process& process);
  void beat(Process& process);
  void fail(const ProcessPtr& process, const std::string& why);
  void keep();
  void watch(const ProcessPtr& process);
  void start_again();
  bool pause(Duration time);
  Value hello() const;

  const ApartSetup setup_;
  Emitter* host_ = nullptr;
  std::atomic<Duration::rep> hook_bound_ = 0;
  std::atomic<Duration::rep> open_bound_ = 0;

  std::mutex calls_;  // who speaks on the socket for calls
  std::mutex stops_;  // the same of the socket for stops
  std::uint64_t last_stop_ = 0;

  mutable std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  DriverDescription description_;  // as the driver refined it
  ProcessPtr process_;             // open
  ProcessPtr starting_;            // not yet open
  bool hears_stops_ = false;       // which is starting: a program may take long until it greets
  std::string down_;               // why there is none
  std::string news_;
  std::set<std::string> running_;
  Steady::time_point started_{};
  bool ending_ = false;

  std::atomic<std::int64_t> last_id_ = 0;
  std::atomic<Steady::rep> next_beat_ = 0;
  std::atomic<std::uint64_t> generation_ = 0;
  Duration back_off_{};  // of the keeper alone
  std::thread keeper_;
};

}  // namespace astro::detail
