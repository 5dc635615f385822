// SPDX-License-Identifier: BSD-3-Clause
#include "telemetry/sequences.hpp"

#include <algorithm>
#include <limits>

#include "astro/error.hpp"

namespace astro::telemetry::detail {

namespace {

constexpr std::size_t most_gaps = 1000;  // open ones of a source; the oldest is given up: it stays recorded as missing

std::string key_of(const std::string& source, std::int64_t boot) { return source + '/' + std::to_string(boot); }

/// Writes a record that this process alone changes.
template <class Record>
void put(const StoreHandle& store, Record& record, std::int64_t kept_revision) {
  record.revision = kept_revision + 1;
  const bool is_written = kept_revision == 0 ? store.insert(record) : store.replace(record, "revision", kept_revision);
  if (is_written) return;
  throw Error(ErrorCode::busy, "writing what is known of " + record.key +
                                   ": somebody else changes it; let one hub at a time keep this store");
}

}  // namespace

Sequences::Sequences(SourceMark mark, std::vector<Gap> gaps) : mark_(std::move(mark)), kept_revision_(mark_.revision) {
  for (Gap& gap : gaps) gaps_.emplace(gap.first, std::move(gap));
}

bool Sequences::see(std::int64_t sequence, Time time, Time now) {
  if (sequence <= mark_.last) {
    if (!fill(sequence, now)) return false;
  } else {
    if (sequence > mark_.last + 1) jump(mark_.last + 1, sequence - 1, now);
    mark_.last = sequence;
  }
  ++mark_.points;
  mark_.seen = std::max(mark_.seen, time);
  is_changed_ = true;
  return true;
}

/// Takes one that comes late out of what is missing.
bool Sequences::fill(std::int64_t sequence, Time now) {
  auto after = gaps_.upper_bound(sequence);
  if (after == gaps_.begin()) return false;
  Gap& gap = std::prev(after)->second;
  const auto range = std::ranges::find_if(
      gap.missing, [&](const SequenceRange& each) { return each.first <= sequence && sequence <= each.last; });
  if (range == gap.missing.end()) return false;
  const SequenceRange above{sequence + 1, range->last};
  range->last = sequence - 1;
  const bool is_empty_below = range->last < range->first;
  const auto next = is_empty_below ? gap.missing.erase(range) : std::next(range);
  if (above.first <= above.last) gap.missing.insert(next, above);
  if (gap.missing.empty()) gap.closed = now;
  changed_.insert(gap.first);
  return true;
}

void Sequences::jump(std::int64_t from, std::int64_t to, Time now) {
  Gap gap{.key = mark_.key + '/' + std::to_string(from),
          .revision = 0,
          .source = mark_.source,
          .boot = mark_.boot,
          .first = from,
          .last = to,
          .missing = {{from, to}},
          .noticed = now};
  gaps_.emplace(from, std::move(gap));
  changed_.insert(from);
}

void Sequences::write(const StoreHandle& store) {
  if (is_changed_) put(store, mark_, kept_revision_);
  for (const std::int64_t first : changed_) {
    Gap& gap = gaps_.at(first);
    Gap next = gap;  // its own revision moves when this is committed
    put(store, next, gap.revision);
  }
}

void Sequences::written() noexcept {
  if (is_changed_) kept_revision_ = mark_.revision;
  is_changed_ = false;
  for (const std::int64_t first : changed_) {
    const auto gap = gaps_.find(first);
    ++gap->second.revision;
    if (gap->second.closed) gaps_.erase(gap);
  }
  changed_.clear();
  while (gaps_.size() > most_gaps) gaps_.erase(gaps_.begin());
}

bool Sources::see(const SourcedPoint& point, bool is_own, Time now) {
  if (point.point.sequence == 0) return true;
  Sequences& sequences = sequences_of(point, is_own);
  if (!sequences.see(point.point.sequence, point.point.time, now)) return false;
  changed_.insert(&sequences);
  return true;
}

Sequences& Sources::sequences_of(const SourcedPoint& point, bool is_own) {
  const auto found = all_.find({point.source, point.boot});
  if (found != all_.end()) return found->second;
  const std::string key = key_of(point.source, point.boot);
  auto marks = store_.find<SourceMark>({.where = {{"key", Compare::equal, key}}});
  std::vector<Gap> gaps;
  if (marks.empty()) {
    // Of a source that is known a new start is counted from its first point on.
    const auto other = all_.lower_bound({point.source, std::numeric_limits<std::int64_t>::min()});
    const bool is_known =
        (other != all_.end() && other->first.first == point.source) ||
        store_.count<SourceMark>({.where = {{"source", Compare::equal, point.source}}, .limit = 1}) != 0;
    const std::int64_t first = is_known && !is_own ? 1 : point.point.sequence;
    marks.push_back({.key = key, .source = point.source, .boot = point.boot, .first = first, .last = first - 1});
  } else {
    gaps =
        store_.find<Gap>({.where = {{"source", Compare::equal, point.source}, {"boot", Compare::equal, point.boot}}});
    std::erase_if(gaps, [](const Gap& gap) { return gap.closed.has_value(); });
  }
  return all_.try_emplace({point.source, point.boot}, std::move(marks.front()), std::move(gaps)).first->second;
}

void Sources::write() {
  for (Sequences* each : changed_) each->write(store_);
}

void Sources::written() noexcept {
  for (Sequences* each : changed_) each->written();
  changed_.clear();
}

}  // namespace astro::telemetry::detail
