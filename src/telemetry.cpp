// SPDX-License-Identifier: BSD-3-Clause
#include "astro/telemetry.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <thread>
#include <utility>
#include <variant>

#include "astro/log.hpp"
#include "telemetry_hub.hpp"

namespace astro {

Listener::~Listener() = default;
void Listener::points(std::span<const Point>, std::uint64_t) {}
void Listener::acknowledgment(const Acknowledgment&) {}
void Listener::notice(const Notice&) {}

namespace detail {

namespace {

void count(const Acknowledgment& acknowledgment) {
  if (!is_final(acknowledgment.state) && acknowledgment.progress_percent) return;  // it was started before
  counter("astro_commands_total", "Commands that came to a state, by device",
          {{"device", acknowledgment.device},
           {"state", Description<CommandState>::choices.at(static_cast<std::size_t>(acknowledgment.state))}})
      .add();
}

}  // namespace

/// What waits for one listener. Points stand apart from the rest, because only they may be dropped;
/// their numbers bring both back into one order.
class ListenerQueue : public std::enable_shared_from_this<ListenerQueue> {
 public:
  explicit ListenerQueue(Listener& listener) : listener_(listener) {}

  void start() {
    thread_ = std::thread([self = shared_from_this()] { self->deliver_all(); });
  }

  void put(const Point& point) {
    const std::lock_guard lock(mutex_);
    if (points_.size() == most_points) {
      points_.pop_front();
      ++missed_;
      lost_.add();
    }
    points_.emplace_back(next_++, point);
    wake_.notify_one();
  }

  void put(std::variant<Acknowledgment, Notice> event) {
    const std::lock_guard lock(mutex_);
    events_.emplace_back(next_++, std::move(event));
    wake_.notify_one();
  }

  /// Nothing more will be put.
  void finish() {
    const std::lock_guard lock(mutex_);
    finished_ = true;
    wake_.notify_one();
  }

  /// The listener is not called any more when this returns, unless it is the listener that calls.
  void end() {
    {
      const std::lock_guard lock(mutex_);
      finished_ = true;
      points_.clear();
      events_.clear();
      wake_.notify_one();
    }
    if (thread_.get_id() == std::this_thread::get_id()) thread_.detach();
    else if (thread_.joinable()) thread_.join();
  }

 private:
  static constexpr std::size_t most_points = 65536;

  void deliver_all() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return finished_ || !points_.empty() || !events_.empty(); });
      if (points_.empty() && events_.empty()) return;
      if (events_.empty() || (!points_.empty() && points_.front().first < events_.front().first)) deliver_points(lock);
      else deliver_event(lock);
    }
  }

  void deliver_points(std::unique_lock<std::mutex>& lock) {
    const std::uint64_t before = events_.empty() ? next_ : events_.front().first;
    std::vector<Point> batch;
    while (!points_.empty() && points_.front().first < before) {
      batch.push_back(std::move(points_.front().second));
      points_.pop_front();
    }
    const std::uint64_t missed = std::exchange(missed_, 0);
    lock.unlock();
    guarded([&] { listener_.points(batch, missed); });
    lock.lock();
  }

  void deliver_event(std::unique_lock<std::mutex>& lock) {
    const auto event = std::move(events_.front().second);
    events_.pop_front();
    lock.unlock();
    guarded([&] {
      if (const auto* acknowledgment = std::get_if<Acknowledgment>(&event)) listener_.acknowledgment(*acknowledgment);
      else listener_.notice(std::get<Notice>(event));
    });
    lock.lock();
  }

  template <class Call>
  void guarded(Call call) noexcept {
    try {
      call();
    } catch (const std::exception& error) {
      log(LogLevel::error, "telemetry", std::string("a listener threw: ") + error.what());
    } catch (...) {
      log(LogLevel::error, "telemetry", "a listener threw something that is no std::exception");
    }
  }

  Listener& listener_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool finished_ = false;
  std::uint64_t next_ = 0;
  std::uint64_t missed_ = 0;
  const Counter lost_ =
      counter("astro_points_lost_total", "Points that were dropped because a listener in the process was too slow");
  std::deque<std::pair<std::uint64_t, Point>> points_;
  std::deque<std::pair<std::uint64_t, std::variant<Acknowledgment, Notice>>> events_;
  std::thread thread_;
};

void TelemetryHub::publish(Point point) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  for (const auto& queue : queues_) queue->put(point);
  const auto [found, is_new] = index_.try_emplace(point.id, points_.size());
  if (is_new) points_.push_back(std::move(point));
  else points_[found->second] = std::move(point);
}

void TelemetryHub::acknowledge(const Acknowledgment& acknowledgment) {
  count(acknowledgment);
  if (!has_listeners()) return;
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  for (const auto& queue : queues_) queue->put(acknowledgment);
}

void TelemetryHub::notify(const Notice& notice) {
  if (!has_listeners()) return;
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  for (const auto& queue : queues_) queue->put(notice);
}

/// The points of a device are numbered, so that counting them costs nothing.
void TelemetryHub::tell(MetricWriter& writer) const {
  std::map<std::string, std::uint32_t> last;
  {
    const std::lock_guard lock(mutex_);
    for (const Point& point : points_) last[point.device] = std::max(last[point.device], point.sequence);
  }
  for (const auto& [device, sequence] : last) {
    writer.counter("astro_points_total", "Points that a device measured", sequence, {{"device", device}});
  }
}

std::vector<Point> TelemetryHub::latest() const {
  const std::lock_guard lock(mutex_);
  return points_;
}

std::optional<Point> TelemetryHub::latest(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = index_.find(id);
  if (found == index_.end()) return std::nullopt;
  return points_[found->second];
}

std::shared_ptr<ListenerQueue> TelemetryHub::add(Listener& listener) {
  auto queue = std::make_shared<ListenerQueue>(listener);
  queue->start();
  const std::lock_guard lock(mutex_);
  if (closed_) queue->finish();
  else queues_.push_back(queue), listeners_ = queues_.size();
  return queue;
}

void TelemetryHub::remove(const std::shared_ptr<ListenerQueue>& queue) noexcept {
  {
    const std::lock_guard lock(mutex_);
    std::erase(queues_, queue);
    listeners_ = queues_.size();
  }
  queue->end();
}

void TelemetryHub::close() noexcept {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (const auto& queue : queues_) queue->finish();
  queues_.clear();
  listeners_ = 0;
}

}  // namespace detail

struct Subscription::State {
  std::shared_ptr<detail::TelemetryHub> hub;
  std::shared_ptr<detail::ListenerQueue> queue;

  State(std::shared_ptr<detail::TelemetryHub> of, Listener& listener) : hub(std::move(of)), queue(hub->add(listener)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { hub->remove(queue); }
};

Subscription::Subscription() noexcept = default;
Subscription::Subscription(Subscription&&) noexcept = default;
Subscription& Subscription::operator=(Subscription&&) noexcept = default;
Subscription::~Subscription() = default;
Subscription::Subscription(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}

Subscription detail::subscribe(const std::shared_ptr<TelemetryHub>& hub, Listener& listener) {
  return Subscription(std::make_shared<Subscription::State>(hub, listener));
}

}  // namespace astro
