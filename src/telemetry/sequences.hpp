// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "astro/store_handle.hpp"
#include "astro/telemetry/gaps.hpp"
#include "astro/telemetry/history.hpp"

namespace astro::telemetry::detail {

/// Which sequences of a source came since one of its starts, and which are missing.
class Sequences {
 public:
  Sequences(SourceMark mark, std::vector<Gap> gaps);

  /// Whether it is new; one that came before is not.
  bool see(std::int64_t sequence, Time time, Time now);

  const SourceMark& mark() const noexcept { return mark_; }
  /// By the first sequence of each.
  const std::map<std::int64_t, Gap>& gaps() const noexcept { return gaps_; }

  void write(const StoreHandle& store);
  void written() noexcept;

 private:
  bool fill(std::int64_t sequence, Time now);
  void jump(std::int64_t from, std::int64_t to, Time now);

  SourceMark mark_;
  std::int64_t kept_revision_;
  std::map<std::int64_t, Gap> gaps_;  // those that are open, and those that closed since they were written
  std::set<std::int64_t> changed_;    // of them
  bool is_changed_ = false;
};

/// All sources. What was known of them is read when they come first.
class Sources {
 public:
  explicit Sources(StoreHandle store) : store_(std::move(store)) {}

  /// False for a point that came before. Throws what the store throws, and then has not counted it. `is_own`: the
  /// source did not begin when we began to listen, so what it counted before is no gap.
  bool see(const SourcedPoint& point, bool is_own, Time now);

  void write();
  void written() noexcept;

 private:
  Sequences& sequences_of(const SourcedPoint& point, bool is_own);

  StoreHandle store_;
  std::map<std::pair<std::string, std::int64_t>, Sequences> all_;
  std::set<Sequences*> changed_;
};

}  // namespace astro::telemetry::detail
