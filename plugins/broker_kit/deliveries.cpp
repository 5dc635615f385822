// SPDX-License-Identifier: BSD-3-Clause
#include "broker_kit/deliveries.hpp"

#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>

#include "astro/error.hpp"
#include "broker_kit/parcel.hpp"

namespace astro::broker {

namespace {

using std::chrono::steady_clock;

/// Where messages come one very soon after the other, sleeping and waking up for each costs as much as all else: after
/// so many short waits in a row they are let gather, as long as that brings some together.
constexpr steady_clock::duration short_wait = std::chrono::microseconds(100);
constexpr unsigned many_short_waits = 8;
constexpr steady_clock::duration gathering = std::chrono::milliseconds(1);
constexpr std::size_t worth_gathering = 4;

/// After the n-th failure in a row: 10, 20, 40 ms, ... to a second.
steady_clock::duration pause_after(unsigned failures) noexcept {
  return std::min<steady_clock::duration>(std::chrono::milliseconds(10 << std::min(failures - 1, 10U)),
                                          std::chrono::seconds(1));
}

}  // namespace

struct Deliveries::Line {
  std::shared_ptr<Source> source;
  std::string pattern;
  std::vector<const Worker*> members;
  bool busy = false;  // a member is delivering: order is kept by waiting
  unsigned failures = 0;
  steady_clock::time_point not_before{};
  std::uint64_t turn = 0;  // of the last delivery: the one that waits longest is next
};

struct Deliveries::Worker {
  Subscriber* subscriber = nullptr;
  std::thread thread;
  std::vector<std::shared_ptr<Line>> lines;
  std::uint64_t turns = 0;
  unsigned short_waits = 0;  // in a row
  bool leaving = false;
  bool ended = false;
};

Deliveries::Deliveries(std::shared_ptr<Clock> clock, Log log) : clock_(std::move(clock)), log_(std::move(log)) {}
Deliveries::~Deliveries() { close(); }

void Deliveries::add(Subscriber& subscriber, const std::shared_ptr<Source>& source, const std::string& pattern) {
  std::vector<std::unique_ptr<Worker>> ended;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) throw Error(ErrorCode::transport, "subscribing: the transport is closed; open it first");
    ended = take_ended();
    auto line = std::find_if(lines_.begin(), lines_.end(), [&](const auto& l) { return l->source == source; });
    if (line == lines_.end()) {
      line = lines_.insert(line, std::make_shared<Line>());
      (*line)->source = source;
      (*line)->pattern = pattern;
    }
    Worker& worker = worker_for(subscriber);
    (*line)->members.push_back(&worker);
    worker.lines.push_back(*line);
  }
  arrived_.notify_all();
  for (const auto& worker : ended) worker->thread.join();
}

Deliveries::Worker& Deliveries::worker_for(Subscriber& subscriber) {
  for (const auto& worker : workers_) {
    if (worker->subscriber == &subscriber && !worker->leaving) return *worker;
  }
  Worker& worker = *workers_.emplace_back(std::make_unique<Worker>());
  worker.subscriber = &subscriber;
  try {
    worker.thread = std::thread([this, &worker] { run(worker); });
  } catch (...) {
    workers_.pop_back();
    throw;
  }
  return worker;
}

std::vector<std::unique_ptr<Deliveries::Worker>> Deliveries::take_ended() {
  const auto ended = std::stable_partition(workers_.begin(), workers_.end(), [](const auto& w) { return !w->ended; });
  std::vector<std::unique_ptr<Worker>> taken(std::make_move_iterator(ended), std::make_move_iterator(workers_.end()));
  workers_.erase(ended, workers_.end());
  return taken;
}

void Deliveries::let_go(Worker& worker) {
  worker.leaving = true;
  for (const auto& line : worker.lines) {
    std::erase(line->members, &worker);
    drop_line(line);
  }
}

/// One that is busy is dropped by its worker: whoever subscribes meanwhile must not read beside it.
void Deliveries::drop_line(const std::shared_ptr<Line>& line) {
  if (line->members.empty() && !line->busy) std::erase(lines_, line);
}

void Deliveries::remove(Subscriber& subscriber) noexcept {
  std::vector<std::unique_ptr<Worker>> ended;
  {
    Lock lock(mutex_);
    bool is_own_thread = false;
    for (const auto& worker : workers_) {
      if (worker->subscriber != &subscriber) continue;
      let_go(*worker);
      is_own_thread = is_own_thread || worker->thread.get_id() == std::this_thread::get_id();
    }
    arrived_.notify_all();
    if (is_own_thread) return;  // it ends by itself when this delivery has returned
    progress_.wait(lock, [&] {
      return std::none_of(workers_.begin(), workers_.end(),
                          [&](const auto& w) { return w->subscriber == &subscriber && w->leaving && !w->ended; });
    });
    ended = take_ended();
  }
  for (const auto& worker : ended) worker->thread.join();
}

void Deliveries::wake() noexcept {
  { const std::lock_guard lock(mutex_); }  // nobody is between looking and waiting
  arrived_.notify_all();
}

void Deliveries::close() noexcept {
  std::vector<std::unique_ptr<Worker>> workers;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    for (const auto& worker : workers_) let_go(*worker);
    workers.swap(workers_);
  }
  arrived_.notify_all();
  for (const auto& worker : workers) worker->thread.join();
}

void Deliveries::run(Worker& worker) {
  Lock lock(mutex_);
  while (!worker.leaving) {
    if (const std::shared_ptr<Line> line = next_line(worker)) deliver(worker, line, lock);
    else if (worker.short_waits < many_short_waits) wait_for_work(worker, lock);
    else let_gather(worker, lock);
  }
  std::vector<std::shared_ptr<Line>> lines = std::move(worker.lines);
  lock.unlock();
  lines.clear();  // a source says good-bye to its broker when nobody has it any more
  lock.lock();
  worker.ended = true;
  progress_.notify_all();
  arrived_.notify_all();  // a successor may have waited
}

/// One that unsubscribed within its delivery and subscribed again: its old thread comes first.
bool Deliveries::has_predecessor(const Worker& worker) const noexcept {
  return std::any_of(workers_.begin(), workers_.end(), [&](const auto& other) {
    return other.get() != &worker && other->subscriber == worker.subscriber && !other->ended;
  });
}

std::shared_ptr<Deliveries::Line> Deliveries::next_line(const Worker& worker) const {
  std::shared_ptr<Line> next;
  if (has_predecessor(worker)) return next;
  for (const auto& line : worker.lines) {
    if (line->busy || (line->failures != 0 && line->not_before > steady_clock::now())) continue;
    if (!line->source->is_ready()) continue;
    if (!next || line->turn < next->turn) next = line;
  }
  return next;
}

void Deliveries::wait_for_work(Worker& worker, Lock& lock) {
  const steady_clock::time_point start = steady_clock::now();
  steady_clock::time_point wake = steady_clock::time_point::max();
  for (const auto& line : worker.lines) {
    if (line->failures != 0 && !line->busy) wake = std::min(wake, line->not_before);
  }
  if (wake == steady_clock::time_point::max()) arrived_.wait(lock);
  else arrived_.wait_until(lock, wake);
  worker.short_waits = steady_clock::now() - start < short_wait ? worker.short_waits + 1 : 0;
}

void Deliveries::let_gather(Worker& worker, Lock& lock) {
  lock.unlock();
  std::this_thread::sleep_for(gathering);
  lock.lock();
  const std::shared_ptr<Line> line = next_line(worker);
  const std::size_t gathered = line && !worker.leaving ? deliver(worker, line, lock) : 0;
  if (gathered < worth_gathering) worker.short_waits = 0;
}

/// How many there were.
std::size_t Deliveries::deliver(Worker& worker, const std::shared_ptr<Line>& line, Lock& lock) {
  line->busy = true;
  line->turn = ++worker.turns;
  lock.unlock();
  std::size_t count = 0;
  const std::string failure = hand_over(*worker.subscriber, *line->source, count);
  if (!failure.empty() && line->failures == 0) {
    log_("a subscriber of " + line->pattern + " failed: " + failure + "; the messages are delivered again");
  }
  lock.lock();
  line->busy = false;
  if (failure.empty()) line->failures = 0;
  else line->not_before = steady_clock::now() + pause_after(++line->failures);
  const bool is_shared = line->members.size() > 1 || worker.leaving;
  drop_line(line);
  if (is_shared) arrived_.notify_all();  // another of the group may go on
  return count;
}

/// Empty when it was delivered, else what the subscriber threw.
std::string Deliveries::hand_over(Subscriber& subscriber, Source& source, std::size_t& count) noexcept try {
  const std::span<const Message> messages = source.next();
  count = messages.size();
  const Time now = clock_->now();
  const auto is_dead = [&](const Message& message) { return !is_alive(message, now); };
  if (std::none_of(messages.begin(), messages.end(), is_dead)) {
    if (!messages.empty()) subscriber.deliver(messages);
  } else {
    std::vector<Message> alive;
    std::remove_copy_if(messages.begin(), messages.end(), std::back_inserter(alive), is_dead);
    if (!alive.empty()) subscriber.deliver(alive);
  }
  source.done();
  return {};
} catch (const std::exception& error) {
  return *error.what() == '\0' ? "an exception without a word" : error.what();
} catch (...) {
  return "something that is no std::exception";
}

}  // namespace astro::broker
