// SPDX-License-Identifier: BSD-3-Clause
#include "telemetry/thinning.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <cmath>

#include "astro/error.hpp"
#include "astro/log.hpp"
#include "astro/telemetry/aggregates.hpp"

namespace astro::telemetry::detail {

bool pattern_matches(const std::string& pattern, const std::string& id) noexcept {
  return pattern == id || ::fnmatch(pattern.c_str(), id.c_str(), FNM_NOESCAPE) == 0;
}

Thinning::Kept& Thinning::kept_of(const Point& point) {
  const auto [found, is_new] = all_.try_emplace(point.id);
  Kept& kept = found->second;
  if (!is_new) return kept;
  const auto rule =
      std::ranges::find_if(rules_, [&](const auto& each) { return pattern_matches(each.first, point.id); });
  if (rule == rules_.end()) return kept;
  kept.rule = &rule->second;
  if (kept.rule->dead_band.is_null()) return kept;
  try {
    kept.dead_band = limit_in(kept.rule->dead_band, point.unit);
  } catch (const Error& error) {
    log(LogLevel::warning, "telemetry", "the dead_band of " + point.id + " does not count: " + error.what());
  }
  return kept;
}

bool Thinning::is_news(const Kept& kept, const Point& point) {
  const Point& last = *kept.last;
  if (point.quality != last.quality) return true;
  const Duration since = point.time - last.time;
  if (since < Duration::zero()) return true;  // late: it has its place before what was kept
  if (since < kept.rule->every) return false;
  if (kept.rule->at_least > Duration::zero() && since >= kept.rule->at_least) return true;
  if (kept.rule->dead_band.is_null()) return true;
  const auto was = number_of(last);
  const auto is = number_of(point);
  if (was && is) return std::abs(*is - *was) > kept.dead_band;
  return point.value != last.value;
}

bool Thinning::keeps(const Point& point) {
  Kept& kept = kept_of(point);
  if (kept.rule == nullptr) return true;
  if (kept.last && !is_news(kept, point)) return false;
  if (!kept.last || point.time >= kept.last->time) kept.last = point;
  return true;
}

}  // namespace astro::telemetry::detail
