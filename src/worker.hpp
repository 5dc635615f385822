// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "astro/error.hpp"
#include "steady.hpp"

namespace astro::detail {

/// Something that a driver's thread has to do.
class Job {
 public:
  virtual ~Job();
  virtual void run() noexcept = 0;                      ///< on the worker's thread
  virtual void fail(const Error& reason) noexcept = 0;  ///< instead of `run`, or beside it when that hangs

  bool ends_with_stop = true;  ///< a stop that comes before it ran makes it fail
  std::uint64_t stops = 0;     ///< how many stops there had been when it was queued
};

/// What a worker works for.
class WorkerClient {
 public:
  virtual ~WorkerClient();
  /// What is done again and again between jobs. Returns the real time until the next turn.
  virtual Duration turn() noexcept = 0;
  /// The driver's `stop`: from the stopping thread, beside whatever the worker does, and from the
  /// worker's own after a hook that a stop overtook.
  virtual void stop_driver() noexcept = 0;
  /// A hook did not return: from the watchdog's thread, once.
  virtual void became_lost(const std::string& hook) noexcept = 0;
};

/// A time at which a hook must have returned. The worker and the watchdog agree by one exchange
/// who was first.
class HookTimer {
 public:
  void begin(const char* hook, Duration bound) noexcept;
  /// False: the watchdog came first, and the device is lost.
  bool end() noexcept;
  /// True once: the hook that runs is overdue, and from now on it is the watchdog's.
  bool expire() noexcept;
  /// The process stood still meanwhile (stopped, or its machine was): that is no fault of the hook.
  void postpone(std::chrono::nanoseconds by) noexcept;
  const char* hook() const noexcept { return hook_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::int64_t idle = 0;
  static constexpr std::int64_t expired = -1;
  std::atomic<std::int64_t> deadline_{idle};
  std::atomic<const char*> hook_{""};
};

/// The two threads of an open device: one calls the hooks, the other only `stop`.
class Worker {
 public:
  explicit Worker(WorkerClient& client) : client_(client) {}
  ~Worker();

  /// `keep_alive` is what the threads need to live; each holds it until it ends.
  void start(std::shared_ptr<void> keep_alive);
  /// Begins to take turns; later: takes the next one now.
  void take_turn();

  /// Throws `busy` when 256 jobs wait, `device_lost` when the device is lost or closed.
  void push(std::shared_ptr<Job> job);
  /// Runs a function on the worker's thread and waits; throws what it throws. Also when the queue is
  /// full or no job is taken any more.
  void call(std::function<void()> function);

  /// A hook under the watchdog's eyes; only on the worker's thread. After a hook that was given up
  /// `device_lost` is thrown, so that nothing else is done.
  template <class Function>
  auto hook(const char* name, Duration bound, Function function) {
    struct Ending {
      Worker& worker;
      ~Ending() { worker.finish_hook(); }
    };
    timer_.begin(name, bound);
    if constexpr (std::is_void_v<decltype(function())>) {
      {
        const Ending ending{*this};
        function();
      }
      check_in_time();
    } else {
      auto result = [&] {
        const Ending ending{*this};
        return function();
      }();
      check_in_time();
      return result;
    }
  }
  /// The same for a hook that sets something in motion: `interrupted` when a stop came since the job
  /// was queued or the turn began.
  template <class Function>
  auto moving_hook(const char* name, Duration bound, Function function) {
    check_not_stopped();
    return hook(name, bound, std::move(function));
  }
  /// Whether a stop came since the job that runs was queued or the turn began.
  bool was_stopped() const noexcept { return stops_.load() != stops_seen_; }
  void check_not_stopped() const;

  /// A stop is coming: from now on nothing begins to move that was asked for before.
  void announce_stop() noexcept { ++stops_; }
  /// Fails all jobs that a stop ends, has the driver stopped and waits for that, at most so long.
  bool stop(Duration at_most);
  /// Looks whether a hook is overdue; by the watchdog.
  void watch() noexcept;
  void postpone(std::chrono::nanoseconds by) noexcept {
    timer_.postpone(by);
    stop_timer_.postpone(by);
  }
  bool is_lost() const noexcept { return lost_.load(std::memory_order_relaxed); }
  bool is_worker_thread() const noexcept { return std::this_thread::get_id() == worker_id_; }
  bool is_open() const noexcept { return !closed_.load(std::memory_order_relaxed); }

  /// No job is taken any more; those that wait fail.
  void refuse(const Error& reason);
  /// Ends the stopping thread: `stop` is not called beside a hook any more. False when it hangs.
  bool end_stops(Duration at_most);
  /// Ends the worker as well; false when it hangs or was lost: then the threads are left behind.
  bool end(Duration at_most);

 private:
  void work();
  void await_stops();
  void attend_stops();
  void finish_hook() noexcept;
  void check_in_time() const;
  void lose(const char* hook) noexcept;
  void enqueue(std::shared_ptr<Job> job, bool always);
  void run_one(std::unique_lock<std::mutex>& lock);
  std::deque<std::shared_ptr<Job>> take_queue(bool only_what_a_stop_ends);

  WorkerClient& client_;
  HookTimer timer_;
  HookTimer stop_timer_;
  std::atomic<bool> lost_ = false;
  std::atomic<bool> loss_told_ = false;
  std::atomic<bool> closed_ = false;
  std::atomic<std::uint64_t> stops_ = 0;
  std::uint64_t stops_seen_ = 0;  // this and the next are of the worker's thread alone
  std::uint64_t restopped_ = 0;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool waiting_ = false;
  bool ending_ = false;
  bool turning_ = false;
  bool turn_wanted_ = false;
  std::deque<std::shared_ptr<Job>> queue_;
  std::shared_ptr<Job> current_;
  std::thread::id worker_id_{};

  std::mutex stop_mutex_;
  std::condition_variable stop_wanted_;
  std::condition_variable stop_done_;
  std::uint64_t stops_asked_ = 0;
  std::uint64_t stops_made_ = 0;
  bool stopper_ends_ = false;
  bool stopper_gone_ = false;
  bool worker_gone_ = false;

  std::thread thread_;
  std::thread stopper_;
};

/// One thread of an observatory that looks at all its workers.
class Watchdog {
 public:
  Watchdog();
  ~Watchdog();
  void add(std::weak_ptr<Worker> worker);
  /// Looks no more, before the last of what it looks at may be gone.
  void end();

 private:
  void watch();

  std::mutex mutex_;
  std::condition_variable wake_;
  bool ending_ = false;
  std::vector<std::weak_ptr<Worker>> workers_;
  std::thread thread_;
};

}  // namespace astro::detail
