// SPDX-License-Identifier: BSD-3-Clause
#include "telemetry/history_writer.hpp"

#include <algorithm>
#include <iterator>

#include "astro/command.hpp"
#include "astro/error.hpp"
#include "astro/log.hpp"

namespace astro::telemetry::detail {

HistoryWriter::HistoryWriter(StoreHandle store, std::vector<std::pair<std::string, PointRule>> rules,
                             std::shared_ptr<Clock> clock)
    : store_(std::move(store)), clock_(std::move(clock)), sources_(store_), thinning_(std::move(rules)) {}

void HistoryWriter::add(std::deque<Incoming> points, const std::optional<Loss>& shed) {
  std::ranges::move(points, std::back_inserter(incoming_));
  if (shed) losses_.push_back(*shed);
}

/// What becomes of each point that came. Each leaves `incoming_` only when that is certain.
void HistoryWriter::sort_in() {
  const Time now = clock_->now();
  for (; !incoming_.empty(); incoming_.pop_front()) {
    const Incoming& next = incoming_.front();
    if (!sources_.see(next.point, next.is_own, now)) {
      ++pending_.repeated;
      continue;
    }
    averages_.add(next.point.point);
    if (thinning_.keeps(next.point.point)) rows_.push_back(history_point(next.point));
    else ++pending_.thinned;
  }
}

void HistoryWriter::insert_rows(Outcomes& outcomes) {
  if (rows_.empty()) return;
  try {
    store_.insert(std::span<const HistoryPoint>(rows_));
    outcomes.stored += rows_.size();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::invalid_argument) throw;
    insert_one_by_one(outcomes);
  }
}

/// One of them is such that this store never takes it: the others do not wait for it.
void HistoryWriter::insert_one_by_one(Outcomes& outcomes) {
  for (const HistoryPoint& row : rows_) {
    try {
      store_.insert(row);
      ++outcomes.stored;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::invalid_argument) throw;
      ++outcomes.shed;
      log(LogLevel::error, "telemetry", "the point " + row.key + " cannot be kept: " + error.what());
      store_.insert(Loss{.id = new_id(),
                         .time = clock_->now(),
                         .points = 1,
                         .from = row.time,
                         .to = row.time,
                         .says = row.id + ": " + error.what()});
    }
  }
}

Outcomes HistoryWriter::write() {
  sort_in();
  Outcomes outcomes;
  store_.transaction([&] {
    outcomes = pending_;
    insert_rows(outcomes);
    if (!losses_.empty()) store_.insert(std::span<const Loss>(losses_));
    sources_.write();
    averages_.write(store_);
  });
  sources_.written();
  averages_.written();
  rows_.clear();
  losses_.clear();
  pending_ = {};
  return outcomes;
}

}  // namespace astro::telemetry::detail
