// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "astro/clock.hpp"
#include "astro/transport.hpp"

namespace astro::broker {

/// Where the messages of a subscription come from.
class Source {
 public:
  virtual ~Source() = default;
  /// Whether `next` would have something; from any thread, waits for nobody.
  virtual bool is_ready() const noexcept = 0;
  /// The next messages in their order. Until `done` the same again. One thread at a time calls these two.
  virtual std::span<const Message> next() = 0;
  virtual void done() noexcept = 0;
};

/// Hands the messages of sources to subscribers and keeps what the interface promises of that: one
/// call at a time for each subscriber, again when it throws, none after it was removed. Several
/// subscribers of one source share its messages.
class Deliveries final {
 public:
  using Log = std::function<void(const std::string&)>;

  Deliveries(std::shared_ptr<Clock> clock, Log log);
  ~Deliveries();
  Deliveries(const Deliveries&) = delete;
  Deliveries& operator=(const Deliveries&) = delete;

  void add(Subscriber& subscriber, const std::shared_ptr<Source>& source, const std::string& pattern);
  /// As `Transport::unsubscribe`. Lets go of sources that nobody has any more.
  void remove(Subscriber& subscriber) noexcept;
  void wake() noexcept;  ///< a source has become ready
  void close() noexcept;

 private:
  using Lock = std::unique_lock<std::mutex>;
  struct Line;
  struct Worker;

  Worker& worker_for(Subscriber& subscriber);
  std::vector<std::unique_ptr<Worker>> take_ended();
  void let_go(Worker& worker);
  void drop_line(const std::shared_ptr<Line>& line);
  bool has_predecessor(const Worker& worker) const noexcept;
  std::shared_ptr<Line> next_line(const Worker& worker) const;
  void wait_for_work(Worker& worker, Lock& lock);
  void let_gather(Worker& worker, Lock& lock);
  void run(Worker& worker);
  std::size_t deliver(Worker& worker, const std::shared_ptr<Line>& line, Lock& lock);
  std::string hand_over(Subscriber& subscriber, Source& source, std::size_t& count) noexcept;

  const std::shared_ptr<Clock> clock_;
  const Log log_;
  std::mutex mutex_;
  std::condition_variable arrived_;   // workers wait for it
  std::condition_variable progress_;  // who waits for workers
  std::vector<std::shared_ptr<Line>> lines_;
  std::vector<std::unique_ptr<Worker>> workers_;
  bool closed_ = false;
};

}  // namespace astro::broker
