// SPDX-License-Identifier: BSD-3-Clause
#include "astro/telemetry/aggregates.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "astro/error.hpp"
#include "telemetry/averages.hpp"
#include "telemetry/pages.hpp"

namespace astro::telemetry {

namespace {

constexpr std::array periods{Period::minute, Period::hour, Period::day};
constexpr std::size_t most_remembered = 20'000;
constexpr int most_attempts = 100;

Aggregate empty_aggregate(const Point& point, Period period) {
  const Time begin = begin_of(period, point.time);
  const char* name = Description<Period>::choices.at(static_cast<std::size_t>(period));
  return {.key = point.id + '/' + name + '/' + format_time(begin, 0),
          .revision = 0,
          .id = point.id,
          .period = period,
          .begin = begin,
          .unit = point.unit};
}

Aggregate merged(Aggregate kept, const detail::Sum& sum) noexcept {
  ++kept.revision;
  const std::int64_t count = kept.count + sum.count;
  kept.min = kept.count == 0 ? sum.min : std::min(kept.min, sum.min);
  kept.max = kept.count == 0 ? sum.max : std::max(kept.max, sum.max);
  kept.average += (sum.average - kept.average) * static_cast<double>(sum.count) / static_cast<double>(count);
  kept.count = count;
  return kept;
}

std::optional<Aggregate> find_one(const StoreHandle& store, const std::string& key) {
  auto found = store.find<Aggregate>({.where = {{"key", Compare::equal, key}}});
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

[[noreturn]] void give_up(const Aggregate& aggregate) {
  throw Error(ErrorCode::busy, "writing the average " + aggregate.key +
                                   ": somebody else changes it all the time; let one hub keep this store");
}

}  // namespace

Duration length_of(Period period) noexcept {
  switch (period) {
    case Period::minute:
      return std::chrono::minutes(1);
    case Period::hour:
      return std::chrono::hours(1);
    case Period::day:
      return std::chrono::hours(24);
  }
  return {};
}

Time begin_of(Period period, Time time) noexcept {
  const std::int64_t length = length_of(period).count();
  const std::int64_t at = time.time_since_epoch().count();
  const std::int64_t since = (at % length + length) % length;
  return time - Duration(since);
}

std::optional<double> number_of(const Point& point) noexcept {
  if (point.quality == Quality::bad) return std::nullopt;
  if (const auto* number = point.value.get_if<double>()) {
    return std::isfinite(*number) ? std::optional(*number) : std::nullopt;
  }
  if (const auto* whole = point.value.get_if<std::int64_t>()) return static_cast<double>(*whole);
  if (const auto* truth = point.value.get_if<bool>()) return *truth ? 1.0 : 0.0;
  return std::nullopt;
}

void detail::Sum::add(double number) noexcept {
  min = count == 0 ? number : std::min(min, number);
  max = count == 0 ? number : std::max(max, number);
  ++count;
  average += (number - average) / static_cast<double>(count);
}

void detail::Averages::add(const Point& point) {
  const std::optional<double> number = number_of(point);
  if (!number) return;
  for (const Period period : periods) {
    Aggregate fresh = empty_aggregate(point, period);
    Entry& entry = all_[fresh.key];
    if (entry.kept.key.empty()) entry.kept = std::move(fresh);
    changed_.emplace(entry.kept.key, &entry);
    entry.sum.add(*number);
  }
}

void detail::Averages::write(const StoreHandle& store, Entry& entry) const {
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    if (!entry.is_known) {
      if (auto found = find_one(store, entry.kept.key)) entry.kept = std::move(*found);
      entry.is_known = true;
    }
    entry.next = merged(entry.kept, entry.sum);
    const bool is_written = entry.kept.revision == 0 ? store.insert(entry.next)
                                                     : store.replace(entry.next, "revision", entry.kept.revision);
    if (is_written) return;
    entry.is_known = false;
  }
  give_up(entry.kept);
}

void detail::Averages::write(const StoreHandle& store) {
  try {
    for (const auto& [key, entry] : changed_) write(store, *entry);
  } catch (...) {
    for (const auto& [key, entry] : changed_) entry->is_known = false;
    throw;
  }
}

void detail::Averages::written() {
  for (const auto& [key, entry] : changed_) {
    entry->kept = std::move(entry->next);
    entry->sum = {};
  }
  changed_.clear();
  if (all_.size() > most_remembered) all_.clear();  // they are read again when a number comes to them
}

std::vector<Aggregate> find_aggregates(const StoreHandle& store, const AggregateQuery& query) {
  Query wanted{.order_by = "begin"};
  if (!query.id.empty()) wanted.where.push_back({"id", Compare::equal, query.id});
  const char* name = Description<Period>::choices.at(static_cast<std::size_t>(query.period));
  wanted.where.push_back({"period", Compare::equal, name});
  if (query.from) wanted.where.push_back({"begin", Compare::from, *query.from});
  if (query.to) wanted.where.push_back({"begin", Compare::below, *query.to});
  return store.find<Aggregate>(wanted);
}

std::size_t rebuild_aggregates(const StoreHandle& store, const AggregateQuery& query) {
  HistoryQuery wanted{.id = query.id, .limit = 0};
  if (query.from) wanted.from = begin_of(query.period, *query.from) - Duration(1);
  if (query.to) {
    const Time begin = begin_of(query.period, *query.to);
    wanted.to = begin == *query.to ? begin : begin + length_of(query.period);
  }
  std::map<std::string, Aggregate> made;
  detail::for_each_page(store, wanted, [&](const std::vector<HistoryPoint>& page) {
    for (const HistoryPoint& kept : page) {
      const Point point = point_of(kept);
      const std::optional<double> number = number_of(point);
      if (!number) continue;
      Aggregate fresh = empty_aggregate(point, query.period);
      Aggregate& aggregate = made.try_emplace(fresh.key, fresh).first->second;
      detail::Sum one;
      one.add(*number);
      aggregate = merged(std::move(aggregate), one);
    }
    return true;
  });
  store.transaction([&] {
    for (auto& [key, aggregate] : made) {
      for (int attempt = 0;; ++attempt) {
        if (attempt == most_attempts) give_up(aggregate);
        const auto there = find_one(store, key);
        aggregate.revision = there ? there->revision + 1 : 1;
        if (there ? store.replace(aggregate, "revision", there->revision) : store.insert(aggregate)) break;
      }
    }
  });
  return made.size();
}

}  // namespace astro::telemetry
