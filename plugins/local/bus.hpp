// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "astro/clock.hpp"
#include "astro/transport.hpp"
#include "chunk.hpp"
#include "line.hpp"

namespace astro::local {

/// A subscriber's thread. All calls to one subscriber come from one of them.
struct Worker {
  Subscriber* subscriber = nullptr;
  std::thread thread;
  std::vector<std::shared_ptr<Line>> lines;
  bool leaving = false;  // takes up nothing any more
  bool ended = false;
};

struct Bounds {
  std::size_t messages;
  std::size_t bytes;
  std::size_t largest_body;
};

/// The messages of one open transport: one stream of chunks, in which every subscription has its
/// place. What all subscriptions have passed is used again; a subscriber that does not return holds
/// the stream, and with it the publishers, when the bounds are reached.
class Bus final {
 public:
  using Log = std::function<void(const std::string&)>;

  Bus(Bounds bounds, std::shared_ptr<Clock> clock, Log log);
  ~Bus() { close(); }
  Bus(const Bus&) = delete;
  Bus& operator=(const Bus&) = delete;

  Published publish(std::span<const Message> batch);
  Ticket confirmed(Ticket ticket, Duration at_most);
  void subscribe(const std::string& pattern, Subscriber& subscriber, const std::string& group);
  void unsubscribe(Subscriber& subscriber) noexcept;
  /// Ends all threads; what was not delivered is lost.
  void close() noexcept;

 private:
  using Lock = std::unique_lock<std::mutex>;
  struct Piece;

  // In the publisher's thread, with publishing_ locked.
  void look_up(std::span<const Message> batch);
  std::size_t make_room(std::size_t wanted, bool& is_heard);
  bool append(const Message& message, const Topics::Topic& topic, std::uint64_t number, Time now);
  void start_chunk(std::uint64_t first, std::size_t bytes);
  void retain(const Message& message, const Topics::Topic& topic, Time now);

  // With mutex_ locked.
  void check_open(const char* doing) const;
  std::uint64_t oldest() const noexcept;
  std::uint64_t delivered() const noexcept;
  void reclaim();
  std::shared_ptr<Line> line_for(const std::string& pattern, const std::string& group);
  Worker& worker_for(Subscriber& subscriber);
  std::vector<std::unique_ptr<Worker>> take_ended();
  void let_go(Worker& worker) noexcept;
  std::shared_ptr<Line> next_line(const Worker& worker) const;
  bool has_predecessor(const Worker& worker) const noexcept;
  void wait_for_work(const Worker& worker, Lock& lock);
  Piece next_piece(const Line& line) const;

  // In a worker's thread.
  void run(Worker& worker);
  void deliver(Worker& worker, const std::shared_ptr<Line>& line, Lock& lock);
  std::string hand_over(Subscriber& subscriber, Line& line, const Piece& piece) noexcept;

  const Bounds bounds_;
  const std::shared_ptr<Clock> clock_;
  const Log log_;

  std::mutex publishing_;  // taken before mutex_
  std::shared_ptr<Topics> topics_ = std::make_shared<Topics>();
  std::vector<const Topics::Topic*> looked_up_;
  std::map<std::string, std::shared_ptr<const Chunk>, std::less<>> retained_;

  mutable std::mutex mutex_;
  std::condition_variable arrived_;   // workers wait for it
  std::condition_variable progress_;  // who wants to know how far the workers are
  std::deque<std::shared_ptr<Chunk>> chunks_;
  std::vector<std::shared_ptr<Chunk>> spare_;
  std::size_t bytes_ = 0;   // in chunks_
  std::uint64_t head_ = 0;  // the number of the next message
  std::uint64_t confirmed_ = 0;
  std::vector<std::shared_ptr<Line>> lines_;
  std::vector<std::unique_ptr<Worker>> workers_;
  bool closed_ = false;
};

}  // namespace astro::local
