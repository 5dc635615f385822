// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>

#include "astro/observing/schedule.hpp"
#include "astro/registry.hpp"
#include "astro/sky/events.hpp"

namespace astro {

using namespace std::chrono_literals;

namespace {

using Spans = std::vector<std::pair<Time, Time>>;

constexpr Duration longest_night_look = 48h;
constexpr Duration too_short = 1min;  // what is left of a night that is as good as over

/// What lies between the spans.
Spans between(const Spans& spans, Time from, Time to) {
  Spans others;
  for (const auto& [begin, end] : spans) {
    if (begin > from) others.emplace_back(from, begin);
    from = end;
  }
  if (from < to) others.emplace_back(from, to);
  return others;
}

const SectionEnrolment queue_section(
    {.name = "queue",
     .says = "where requests wait, when they are carried out, and what one may ask for",
     .schema = schema_of<QueueSection>()});

}  // namespace

std::optional<ScheduleOptions> schedule_options(const Site& site, Time now, Duration length) {
  const auto section = site.section<QueueSection>("queue");
  const Duration horizon = length > Duration::zero() ? length : section.horizon;
  ScheduleOptions options{.from = now,
                          .to = now + horizon,
                          .age_doubling = section.age_doubling,
                          .usage_half_life = section.usage_half_life};
  if (section.hours == QueueHours::always) return options;
  const Time end = now + longest_night_look;
  Spans hours = sky::nights(site.location, now, end, section.sun_altitude);
  if (section.hours == QueueHours::day) hours = between(hours, now, end);
  const auto next = std::ranges::find_if(hours, [](const auto& span) { return span.second - span.first > too_short; });
  if (next == hours.end()) return std::nullopt;
  options.from = next->first;
  options.to = std::min(next->second, next->first + horizon);
  return options;
}

}  // namespace astro
