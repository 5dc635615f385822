// SPDX-License-Identifier: BSD-3-Clause
#include "worker.hpp"

#include <utility>

namespace astro::detail {

namespace {
constexpr std::size_t longest_queue = 256;
// A machine under load is no broken device: what a hook may be late.
constexpr Duration grace = std::chrono::seconds(1);
constexpr Duration stop_bound = std::chrono::milliseconds(500);
constexpr Duration look_every = std::chrono::milliseconds(50);
constexpr Duration standstill = std::chrono::seconds(1);

std::int64_t nanoseconds(Steady::time_point instant) { return instant.time_since_epoch().count(); }

Error lost_error() { return Error(ErrorCode::device_lost, "the driver no longer answers; open the site again"); }

class FunctionJob final : public Job {
 public:
  explicit FunctionJob(std::function<void()> function) : function_(std::move(function)) { ends_with_stop = false; }

  void run() noexcept override {
    std::exception_ptr thrown;
    try {
      function_();
    } catch (...) {
      thrown = std::current_exception();
    }
    finish(thrown);
  }
  void fail(const Error& reason) noexcept override { finish(std::make_exception_ptr(reason)); }

  void wait() {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return is_done_; });
    if (thrown_) std::rethrow_exception(thrown_);
  }

 private:
  void finish(std::exception_ptr thrown) {
    const std::lock_guard lock(mutex_);
    if (is_done_) return;
    thrown_ = std::move(thrown);
    is_done_ = true;
    done_.notify_all();
  }

  std::function<void()> function_;
  std::mutex mutex_;
  std::condition_variable done_;
  bool is_done_ = false;
  std::exception_ptr thrown_;
};
}  // namespace

Job::~Job() = default;
WorkerClient::~WorkerClient() = default;

void HookTimer::begin(const char* hook, Duration bound) noexcept {
  hook_.store(hook, std::memory_order_relaxed);
  deadline_.store(nanoseconds(Steady::now() + bound + grace));
}

bool HookTimer::end() noexcept { return deadline_.exchange(idle) != expired; }

bool HookTimer::expire() noexcept {
  std::int64_t deadline = deadline_.load();
  if (deadline <= 0 || nanoseconds(Steady::now()) < deadline) return false;
  return deadline_.compare_exchange_strong(deadline, expired);
}

void HookTimer::postpone(std::chrono::nanoseconds by) noexcept {
  std::int64_t deadline = deadline_.load();
  while (deadline > 0 && !deadline_.compare_exchange_weak(deadline, deadline + by.count())) {}
}

Worker::~Worker() {
  // The last reference may go with one of the threads themselves, after they were left behind.
  if (thread_.joinable()) thread_.detach();
  if (stopper_.joinable()) stopper_.detach();
}

void Worker::start(std::shared_ptr<void> keep_alive) {
  const std::lock_guard lock(mutex_);
  thread_ = std::thread([this, keep_alive] { work(); });
  worker_id_ = thread_.get_id();
  stopper_ = std::thread([this, keep_alive = std::move(keep_alive)] { attend_stops(); });
}

void Worker::take_turn() {
  const std::lock_guard lock(mutex_);
  turning_ = true;
  turn_wanted_ = true;
  wake_.notify_one();
}

void Worker::push(std::shared_ptr<Job> job) { enqueue(std::move(job), false); }

void Worker::enqueue(std::shared_ptr<Job> job, bool always) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (lost_) throw lost_error();
    if (closed_ && !always) throw Error(ErrorCode::device_lost, "the observatory is closed; open the site again");
    if (queue_.size() >= longest_queue && !always) {
      throw Error(ErrorCode::busy, std::to_string(longest_queue) + " calls wait already; try again");
    }
    job->stops = stops_.load();
    queue_.push_back(std::move(job));
    wake = std::exchange(waiting_, false);
  }
  if (wake) wake_.notify_one();
}

void Worker::call(std::function<void()> function) {
  const auto job = std::make_shared<FunctionJob>(std::move(function));
  enqueue(job, true);
  job->wait();
}

void Worker::finish_hook() noexcept {
  if (!timer_.end()) {
    lost_ = true;
    client_.stop_driver();  // it was given up, and comes back now: what it began must not go on
  } else if (const std::uint64_t stops = stops_.load(); stops != stops_seen_ && stops != restopped_) {
    timer_.begin("stop", stop_bound);
    client_.stop_driver();
    if (!timer_.end()) lost_ = true;
    restopped_ = stops;
  }
}

void Worker::check_not_stopped() const {
  if (was_stopped())
    throw Error(ErrorCode::interrupted, "it was stopped; give the command again if it is still wanted");
}

void Worker::check_in_time() const {
  if (lost_)
    throw Error(ErrorCode::device_lost, "the driver returned too late; the device was given up: open the site again");
}

void Worker::run_one(std::unique_lock<std::mutex>& lock) {
  current_ = std::move(queue_.front());
  queue_.pop_front();
  Job& job = *current_;
  lock.unlock();
  if (job.ends_with_stop) await_stops();
  const bool stopped = job.ends_with_stop && job.stops != stops_.load();
  stops_seen_ = job.ends_with_stop ? job.stops : stops_.load();
  if (lost_) job.fail(lost_error());
  else if (stopped)
    job.fail(
        Error(ErrorCode::interrupted, "it was stopped before it began; give the command again if it is still wanted"));
  else job.run();
  lock.lock();
  std::shared_ptr<Job> done = std::move(current_);
  lock.unlock();
  done.reset();  // what it holds is let go without our lock
  lock.lock();
}

void Worker::work() {
  std::unique_lock lock(mutex_);
  Steady::time_point next = Steady::now();
  while (!lost_ && !(ending_ && queue_.empty())) {
    if (!queue_.empty()) run_one(lock);
    if (lost_) break;
    // Once the observatory closes, the driver may be closed already: no turn begins any more.
    const bool turns = turning_ && !ending_ && !closed_;
    if (turns && (turn_wanted_ || Steady::now() >= next)) {
      turn_wanted_ = false;
      stops_seen_ = stops_.load();
      lock.unlock();
      const Steady::time_point begin = Steady::now();
      next = begin + client_.turn();
      lock.lock();
      continue;
    }
    if (!queue_.empty() || ending_) continue;
    waiting_ = true;
    if (turns) wake_.wait_until(lock, next);
    else wake_.wait(lock);
    waiting_ = false;
  }
  lock.unlock();
  const std::lock_guard stop_lock(stop_mutex_);
  worker_gone_ = true;
  stop_done_.notify_all();
}

/// What is asked for after a stop does not begin before the driver has stopped: the stop would end it.
void Worker::await_stops() {
  std::unique_lock lock(stop_mutex_);
  const std::uint64_t asked = stops_asked_;
  stop_done_.wait(lock, [&] { return stops_made_ >= asked || stopper_gone_ || lost_; });
}

void Worker::attend_stops() {
  std::unique_lock lock(stop_mutex_);
  for (;;) {
    stop_wanted_.wait(lock, [this] { return stops_made_ != stops_asked_ || stopper_ends_; });
    if (stops_made_ == stops_asked_) break;
    const std::uint64_t asked = stops_asked_;
    lock.unlock();
    stop_timer_.begin("stop", stop_bound);
    client_.stop_driver();
    stop_timer_.end();
    lock.lock();
    stops_made_ = asked;
    stop_done_.notify_all();
  }
  stopper_gone_ = true;
  stop_done_.notify_all();
}

std::deque<std::shared_ptr<Job>> Worker::take_queue(bool only_what_a_stop_ends) {
  const std::lock_guard lock(mutex_);
  std::deque<std::shared_ptr<Job>> taken;
  std::deque<std::shared_ptr<Job>> kept;
  for (std::shared_ptr<Job>& job : queue_) {
    (only_what_a_stop_ends && !job->ends_with_stop ? kept : taken).push_back(std::move(job));
  }
  queue_ = std::move(kept);
  return taken;
}

bool Worker::stop(Duration at_most) {
  ++stops_;
  std::unique_lock lock(stop_mutex_);
  const std::uint64_t mine = ++stops_asked_;
  stop_wanted_.notify_one();
  lock.unlock();
  for (const std::shared_ptr<Job>& job : take_queue(true)) {
    job->fail(
        Error(ErrorCode::interrupted, "it was stopped before it began; give the command again if it is still wanted"));
  }
  lock.lock();
  return stop_done_.wait_until(lock, after(at_most), [&] { return stops_made_ >= mine || stopper_gone_; });
}

void Worker::watch() noexcept {
  if (timer_.expire()) lose(timer_.hook());
  if (stop_timer_.expire()) lose(stop_timer_.hook());
}

void Worker::lose(const char* hook) noexcept {
  lost_ = true;
  if (loss_told_.exchange(true)) return;
  client_.became_lost(hook);
  const Error reason(
      ErrorCode::device_lost,
      std::string(hook) + "() does not return; the device is given up: look at it, and open the site again");
  std::shared_ptr<Job> current;
  {
    const std::lock_guard lock(mutex_);
    current = current_;
    wake_.notify_one();
  }
  if (current) current->fail(reason);
  for (const std::shared_ptr<Job>& job : take_queue(false)) job->fail(reason);
  const std::lock_guard lock(stop_mutex_);
  ++stops_asked_;
  stop_wanted_.notify_one();
  stop_done_.notify_all();
}

void Worker::refuse(const Error& reason) {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  for (const std::shared_ptr<Job>& job : take_queue(false)) job->fail(reason);
}

bool Worker::end_stops(Duration at_most) {
  std::unique_lock lock(stop_mutex_);
  stopper_ends_ = true;
  stop_wanted_.notify_one();
  if (stop_done_.wait_until(lock, after(at_most), [this] { return stopper_gone_; })) return true;
  lost_ = true;
  return false;
}

bool Worker::end(Duration at_most) {
  if (!thread_.joinable()) return true;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    ending_ = true;
    wake_.notify_one();
  }
  std::unique_lock lock(stop_mutex_);
  stopper_ends_ = true;
  stop_wanted_.notify_one();
  const bool gone = stop_done_.wait_until(lock, after(at_most), [this] { return stopper_gone_ && worker_gone_; });
  lock.unlock();
  if (!gone) {
    lost_ = true;
    thread_.detach();
    stopper_.detach();
    return false;
  }
  thread_.join();
  stopper_.join();
  return !lost_;
}

Watchdog::Watchdog() : thread_([this] { watch(); }) {}

Watchdog::~Watchdog() { end(); }

void Watchdog::end() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void Watchdog::add(std::weak_ptr<Worker> worker) {
  const std::lock_guard lock(mutex_);
  std::erase_if(workers_, [](const auto& known) { return known.expired(); });
  workers_.push_back(std::move(worker));
}

void Watchdog::watch() {
  std::unique_lock lock(mutex_);
  auto due = Steady::now() + look_every;
  while (!wake_.wait_until(lock, due, [this] { return ending_; })) {
    const auto workers = workers_;
    lock.unlock();
    const auto late = Steady::now() - due;
    for (const std::weak_ptr<Worker>& known : workers) {
      const auto worker = known.lock();
      if (!worker) continue;
      // Who watches was away himself: those that he watches had as little time.
      if (late > standstill) worker->postpone(late);
      worker->watch();
    }
    lock.lock();
    due = Steady::now() + look_every;
  }
}

}  // namespace astro::detail
