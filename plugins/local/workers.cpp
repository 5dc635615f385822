// SPDX-License-Identifier: BSD-3-Clause
// The subscribers' side of the bus.
#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>

#include "astro/error.hpp"
#include "astro/topic.hpp"
#include "bus.hpp"

namespace astro::local {

namespace {

using std::chrono::steady_clock;

/// After the n-th failure in a row: 10, 20, 40 ms, ... to a second.
steady_clock::duration pause_after(unsigned failures) noexcept {
  return std::min<steady_clock::duration>(std::chrono::milliseconds(10 << std::min(failures - 1, 10U)),
                                          std::chrono::seconds(1));
}

void join(const std::vector<std::unique_ptr<Worker>>& workers) {
  for (const auto& worker : workers) worker->thread.join();
}

}  // namespace

/// What is handed over in one call: messages of one chunk, or (without a chunk) the retained ones.
struct Bus::Piece {
  std::shared_ptr<const Chunk> chunk;
  std::uint64_t from = 0;
  std::uint64_t to = 0;
};

void Bus::subscribe(const std::string& pattern, Subscriber& subscriber, const std::string& group) {
  if (const std::string complaint = complaint_about_pattern(pattern); !complaint.empty()) {
    throw Error(ErrorCode::invalid_argument, "subscribing to the pattern \"" + pattern.substr(0, 80) +
                                                 "\": " + complaint + "; expected levels between slashes, + or #");
  }
  std::vector<std::unique_ptr<Worker>> ended;
  {
    const std::lock_guard publishing(publishing_);  // nothing comes between the retained messages and the next one
    const std::lock_guard lock(mutex_);
    check_open("subscribing");
    ended = take_ended();
    Worker& worker = worker_for(subscriber);
    const std::shared_ptr<Line> line = line_for(pattern, group);
    line->members.push_back(&worker);
    worker.lines.push_back(line);
  }
  arrived_.notify_all();
  join(ended);
}

std::shared_ptr<Line> Bus::line_for(const std::string& pattern, const std::string& group) {
  for (const auto& line : lines_) {
    if (!group.empty() && line->group == group && line->pattern == pattern) return line;
  }
  auto line = std::make_shared<Line>();
  line->pattern = pattern;
  line->group = group;
  line->next = head_;
  for (const auto& [topic, chunk] : retained_) {
    if (topic_matches(pattern, topic)) line->retained.push_back(chunk);
  }
  return lines_.emplace_back(std::move(line));
}

Worker& Bus::worker_for(Subscriber& subscriber) {
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

std::vector<std::unique_ptr<Worker>> Bus::take_ended() {
  const auto ended = std::stable_partition(workers_.begin(), workers_.end(), [](const auto& w) { return !w->ended; });
  std::vector<std::unique_ptr<Worker>> taken(std::make_move_iterator(ended), std::make_move_iterator(workers_.end()));
  workers_.erase(ended, workers_.end());
  return taken;
}

void Bus::let_go(Worker& worker) noexcept {
  worker.leaving = true;
  for (const auto& line : worker.lines) {
    std::erase(line->members, &worker);
    if (line->group.empty()) std::erase(lines_, line);
  }
}

void Bus::unsubscribe(Subscriber& subscriber) noexcept {
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
    progress_.notify_all();     // it may have been the one that a confirmation waited for
    if (is_own_thread) return;  // it ends by itself when this delivery has returned
    progress_.wait(lock, [&] {
      return std::none_of(workers_.begin(), workers_.end(),
                          [&](const auto& w) { return w->subscriber == &subscriber && w->leaving && !w->ended; });
    });
    ended = take_ended();
  }
  join(ended);
}

void Bus::close() noexcept {
  std::vector<std::unique_ptr<Worker>> workers;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    for (const auto& worker : workers_) let_go(*worker);
    workers.swap(workers_);
  }
  arrived_.notify_all();
  progress_.notify_all();
  join(workers);
}

void Bus::run(Worker& worker) {
  Lock lock(mutex_);
  while (!worker.leaving) {
    if (const std::shared_ptr<Line> line = next_line(worker)) deliver(worker, line, lock);
    else wait_for_work(worker, lock);
  }
  worker.ended = true;
  progress_.notify_all();
  arrived_.notify_all();  // a successor may have waited
}

/// One that unsubscribed within its delivery and subscribed again: its old thread comes first.
bool Bus::has_predecessor(const Worker& worker) const noexcept {
  return std::any_of(workers_.begin(), workers_.end(), [&](const auto& other) {
    return other.get() != &worker && other->subscriber == worker.subscriber && !other->ended;
  });
}

/// A line with something to deliver, the one that is farthest behind.
std::shared_ptr<Line> Bus::next_line(const Worker& worker) const {
  std::shared_ptr<Line> next;
  if (has_predecessor(worker)) return next;
  for (const auto& line : worker.lines) {
    const bool has_work = line->next < head_ || !line->retained.empty();
    if (!has_work || line->busy) continue;
    if (line->failures != 0 && line->not_before > steady_clock::now()) continue;
    if (!next || line->next < next->next) next = line;
  }
  return next;
}

void Bus::wait_for_work(const Worker& worker, Lock& lock) {
  steady_clock::time_point wake = steady_clock::time_point::max();
  for (const auto& line : worker.lines) {
    if (line->failures != 0 && !line->busy) wake = std::min(wake, line->not_before);
  }
  if (wake == steady_clock::time_point::max()) arrived_.wait(lock);
  else arrived_.wait_until(lock, wake);
}

Bus::Piece Bus::next_piece(const Line& line) const {
  if (!line.retained.empty()) return {};
  const auto after = std::upper_bound(chunks_.begin(), chunks_.end(), line.next,
                                      [](std::uint64_t number, const auto& chunk) { return number < chunk->first(); });
  const std::uint64_t end = after == chunks_.end() ? head_ : std::min(head_, (*after)->first());
  return {*std::prev(after), line.next, end};
}

void Bus::deliver(Worker& worker, const std::shared_ptr<Line>& line, Lock& lock) {
  Piece piece = next_piece(*line);
  line->busy = true;
  lock.unlock();
  const std::string failure = hand_over(*worker.subscriber, *line, piece);
  if (!failure.empty() && line->failures == 0) {
    log_("a subscriber of " + line->pattern + " failed: " + failure + "; the messages are delivered again");
  }
  lock.lock();
  line->busy = false;
  if (failure.empty()) {
    line->failures = 0;
    if (piece.chunk) line->next = piece.to;
    else line->retained.clear();
  } else {
    line->not_before = steady_clock::now() + pause_after(++line->failures);
  }
  piece.chunk.reset();  // under the lock: the publisher counts who has it
  progress_.notify_all();
  if (line->members.size() > 1 || worker.leaving) arrived_.notify_all();  // another of the group may go on
}

/// Empty when it was delivered, else what the subscriber threw.
std::string Bus::hand_over(Subscriber& subscriber, Line& line, const Piece& piece) noexcept try {
  const Time now = clock_->now();
  const auto messages = piece.chunk ? line.choose(*piece.chunk, piece.from, piece.to, now) : line.choose_retained(now);
  if (!messages.empty()) subscriber.deliver(messages);
  return {};
} catch (const std::exception& error) {
  return *error.what() == '\0' ? "an exception without a word" : error.what();
} catch (...) {
  return "something that is no std::exception";
}

}  // namespace astro::local
