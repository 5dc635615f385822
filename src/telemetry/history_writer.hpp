// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "astro/clock.hpp"
#include "astro/telemetry/gaps.hpp"
#include "astro/telemetry/hub.hpp"
#include "telemetry/averages.hpp"
#include "telemetry/sequences.hpp"
#include "telemetry/thinning.hpp"

namespace astro::telemetry::detail {

/// A point on its way into the store.
struct Incoming {
  SourcedPoint point{};
  bool is_own = false;  ///< of a device of this process
};

/// How many points came to which end.
struct Outcomes {
  std::uint64_t stored = 0;
  std::uint64_t thinned = 0;
  std::uint64_t repeated = 0;
  std::uint64_t shed = 0;  ///< no store would ever take them

  std::uint64_t total() const noexcept { return stored + thinned + repeated + shed; }
};

/// Brings points into a store, each once, with averages and gaps, all in one transaction. For one thread. When the
/// store fails, `write` throws, and the same is tried with the next call.
class HistoryWriter {
 public:
  HistoryWriter(StoreHandle store, std::vector<std::pair<std::string, PointRule>> rules, std::shared_ptr<Clock> clock);

  /// More to write; what was shed before them comes with them.
  void add(std::deque<Incoming> points, const std::optional<Loss>& shed);
  bool has_work() const noexcept { return !incoming_.empty() || !rows_.empty() || !losses_.empty(); }

  Outcomes write();

 private:
  void sort_in();
  void insert_rows(Outcomes& outcomes);
  void insert_one_by_one(Outcomes& outcomes);

  StoreHandle store_;
  std::shared_ptr<Clock> clock_;
  std::deque<Incoming> incoming_;
  std::vector<HistoryPoint> rows_;
  std::vector<Loss> losses_;
  Outcomes pending_;
  Sources sources_;
  Averages averages_;
  Thinning thinning_;
};

}  // namespace astro::telemetry::detail
