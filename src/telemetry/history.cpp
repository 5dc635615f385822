// SPDX-License-Identifier: BSD-3-Clause
#include "astro/telemetry/history.hpp"

#include <algorithm>
#include <thread>
#include <unordered_set>

#include "astro/command.hpp"
#include "astro/error.hpp"
#include "astro/telemetry/gaps.hpp"
#include "telemetry/pages.hpp"

namespace astro::telemetry {

namespace {

constexpr std::size_t page_size = 2000;

bool wait_until(std::chrono::steady_clock::time_point instant, const std::stop_token& stop) {
  using namespace std::chrono_literals;
  for (;;) {
    if (stop.stop_requested()) return false;
    const auto left = instant - std::chrono::steady_clock::now();
    if (left <= 0s) return true;
    std::this_thread::sleep_for(std::min<std::chrono::steady_clock::duration>(left, 50ms));
  }
}

/// Gives points to a listener at the pace at which they were measured.
class Replay {
 public:
  Replay(Listener& listener, const ReplayOptions& options) : listener_(listener), options_(options) {}

  bool operator()(const std::vector<HistoryPoint>& page) {
    std::vector<Point> together;
    for (const HistoryPoint& kept : page) {
      if (options_.stop.stop_requested()) return false;
      const auto due = due_at(kept.time);
      if (due > std::chrono::steady_clock::now()) {
        give(together);
        if (!wait_until(due, options_.stop)) return false;
      }
      together.push_back(point_of(kept));
    }
    give(together);
    return true;
  }

  std::size_t given() const noexcept { return given_; }

 private:
  std::chrono::steady_clock::time_point due_at(Time time) {
    const auto now = std::chrono::steady_clock::now();
    if (!first_) first_.emplace(time, now);
    if (options_.speed == 0.0) return now;
    const double seconds_after = seconds(time - first_->first) / options_.speed;
    return first_->second + from_seconds(std::min(seconds_after, 1e9));
  }
  void give(std::vector<Point>& together) {
    if (together.empty()) return;
    listener_.points(together, 0);
    given_ += together.size();
    together.clear();
  }

  Listener& listener_;
  const ReplayOptions& options_;
  std::optional<std::pair<Time, std::chrono::steady_clock::time_point>> first_;
  std::size_t given_ = 0;
};

}  // namespace

std::vector<Condition> detail::conditions_of(const HistoryQuery& query) {
  std::vector<Condition> where;
  if (!query.id.empty()) where.push_back({"id", Compare::equal, query.id});
  if (query.from) where.push_back({"time", Compare::from, *query.from + Duration(1)});
  if (query.to) where.push_back({"time", Compare::below, *query.to});
  return where;
}

void detail::for_each_page(const StoreHandle& store, const HistoryQuery& query,
                           const std::function<bool(std::vector<HistoryPoint>&)>& take) {
  Query next{.where = conditions_of(query), .order_by = "time", .limit = page_size};
  std::unordered_set<std::string> taken;  // of the time at which the next page begins
  for (;;) {
    auto page = store.find<HistoryPoint>(next);
    const bool is_last = page.size() < next.limit;
    const bool is_one_time = !page.empty() && page.front().time == page.back().time;
    const Time end = page.empty() ? Time{} : page.back().time;
    std::erase_if(page, [&](const HistoryPoint& point) { return taken.contains(point.key); });
    if (!is_one_time) taken.clear();
    for (const HistoryPoint& point : page) {
      if (point.time == end) taken.insert(point.key);
    }
    if (!page.empty() && !take(page)) return;
    if (is_last) return;
    // A page that is full of one instant would come again and again.
    next.limit = is_one_time ? next.limit * 2 : page_size;
    std::erase_if(next.where, [](const Condition& each) { return each.compare == Compare::from; });
    next.where.push_back({"time", Compare::from, end});
  }
}

std::string detail::history_key(const HistoryPoint& point) {
  if (point.sequence == 0) return point.id + '@' + std::to_string(point.time.time_since_epoch().count());
  return point.source + '/' + std::to_string(point.boot) + '/' + std::to_string(point.sequence);
}

HistoryPoint history_point(const SourcedPoint& sourced) {
  const Point& point = sourced.point;
  HistoryPoint kept{.key = {},
                    .id = point.id,
                    .time = point.time,
                    .value = point.value,
                    .unit = point.unit,
                    .quality = point.quality,
                    .source = sourced.source,
                    .boot = sourced.boot,
                    .sequence = point.sequence,
                    .historical = sourced.historical};
  kept.key = detail::history_key(kept);
  return kept;
}

Point point_of(const HistoryPoint& kept) {
  return {.id = kept.id,
          .device = kept.source.substr(kept.source.rfind('/') + 1),
          .value = kept.value,
          .unit = kept.unit,
          .time = kept.time,
          .quality = kept.quality,
          .sequence = static_cast<std::uint32_t>(kept.sequence)};
}

std::size_t store_points(const StoreHandle& store, std::span<const SourcedPoint> points) {
  std::vector<HistoryPoint> kept;
  kept.reserve(points.size());
  for (const SourcedPoint& point : points) kept.push_back(history_point(point));
  return store.insert(std::span<const HistoryPoint>(kept));
}

std::vector<HistoryPoint> find_history(const StoreHandle& store, const HistoryQuery& query) {
  auto found = store.find<HistoryPoint>(
      {.where = detail::conditions_of(query), .order_by = "time", .newest_first = true, .limit = query.limit});
  std::ranges::reverse(found);
  return found;
}

std::size_t count_history(const StoreHandle& store, const HistoryQuery& query) {
  return store.count<HistoryPoint>({.where = detail::conditions_of(query)});
}

std::size_t clear_history(const StoreHandle& store, const HistoryQuery& query, const std::string& who, Time now) {
  std::size_t erased = 0;
  store.transaction([&] {
    erased = store.erase<HistoryPoint>({.where = detail::conditions_of(query)});
    const std::string what = query.id.empty() ? "all points" : query.id;
    store.insert(Loss{.id = new_id(),
                      .time = now,
                      .reason = LossReason::cleared,
                      .points = static_cast<std::int64_t>(erased),
                      .from = query.from,
                      .to = query.to,
                      .says = what + ", by " + who});
  });
  return erased;
}

std::size_t replay_history(const StoreHandle& store, const HistoryQuery& query, Listener& listener,
                           const ReplayOptions& options) {
  if (!(options.speed >= 0.0)) {
    throw Error(ErrorCode::invalid_argument, "replaying the history: the speed is 0 (without waiting) or more, it is " +
                                                 std::to_string(options.speed));
  }
  Replay replay(listener, options);
  HistoryQuery all = query;
  if (query.limit != 0) {
    // The newest so many: from the first of them on.
    const auto newest = store.find<HistoryPoint>(
        {.where = detail::conditions_of(query), .order_by = "time", .newest_first = true, .limit = query.limit});
    if (newest.size() == query.limit) all.from = newest.back().time - Duration(1);
  }
  detail::for_each_page(store, all, [&](const std::vector<HistoryPoint>& page) { return replay(page); });
  return replay.given();
}

}  // namespace astro::telemetry
