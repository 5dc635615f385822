// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "astro/metrics.hpp"
#include "astro/telemetry.hpp"

namespace astro::detail {

class ListenerQueue;

/// Where everything that happens in an observatory comes together: latest values, and listeners,
/// each behind a queue and a thread of its own. Nobody waits here for a listener.
class TelemetryHub {
 public:
  void publish(Point point);
  void acknowledge(const Acknowledgment& acknowledgment);
  void notify(const Notice& notice);
  bool has_listeners() const noexcept { return listeners_.load(std::memory_order_relaxed) != 0; }

  std::vector<Point> latest() const;
  std::optional<Point> latest(const std::string& id) const;

  std::shared_ptr<ListenerQueue> add(Listener& listener);
  void remove(const std::shared_ptr<ListenerQueue>& queue) noexcept;
  /// Listeners hear what is still in their queues, and then nothing more.
  void close() noexcept;

 private:
  void tell(MetricWriter& writer) const;

  mutable std::mutex mutex_;
  std::atomic<std::size_t> listeners_ = 0;
  bool closed_ = false;
  std::vector<Point> points_;  // in order of their first coming
  std::unordered_map<std::string, std::size_t> index_;
  std::vector<std::shared_ptr<ListenerQueue>> queues_;
  const MetricSource metrics_{[this](MetricWriter& writer) { tell(writer); }};
};

Subscription subscribe(const std::shared_ptr<TelemetryHub>& hub, Listener& listener);

}  // namespace astro::detail
