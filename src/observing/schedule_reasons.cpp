// SPDX-License-Identifier: BSD-3-Clause
#include "observing/schedule_reasons.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace astro::detail {

using namespace std::chrono_literals;

namespace {

std::string at(Time time) { return format_time(time, 0); }

std::string lasting(Duration duration) {
  const auto minutes = static_cast<std::int64_t>(std::llround(seconds(duration) / 60.0));
  if (minutes < 1) return std::to_string(static_cast<std::int64_t>(std::llround(seconds(duration)))) + " s";
  if (minutes < 120) return std::to_string(minutes) + " min";
  return std::to_string(minutes / 60) + " h " + std::to_string(minutes % 60) + " min";
}

const char* words_of(Bar bar) {
  switch (bar) {
    case Bar::sun:
      return "too near to the Sun";
    case Bar::moon:
      return "too near to the Moon";
    case Bar::reach:
      return "out of the mount's reach";
    default:
      return "too low";
  }
}

WaitReason reason_of(Bar bar) {
  switch (bar) {
    case Bar::sun:
      return WaitReason::sun;
    case Bar::moon:
      return WaitReason::moon;
    case Bar::reach:
      return WaitReason::reach;
    default:
      return WaitReason::below;
  }
}

/// What the samples between two seconds of the span say.
struct Outlook {
  std::array<std::size_t, 5> count{};  ///< by Bar
  std::size_t free_from = 0;           ///< of the longest free stretch
  std::size_t free_to = 0;

  std::size_t of(Bar bar) const { return count[static_cast<std::size_t>(bar)]; }
  Bar commonest() const {
    Bar most = Bar::below;
    for (const Bar bar : {Bar::reach, Bar::sun, Bar::moon}) {
      if (of(bar) > of(most)) most = bar;
    }
    return most;
  }
};

Outlook look(const Candidate& candidate, double every_s, double from_s, double to_s) {
  Outlook outlook;
  std::size_t run = 0;
  for (std::size_t i = 0; i < candidate.sights.size(); ++i) {
    const double here_s = every_s * static_cast<double>(i);
    if (here_s < from_s || here_s > to_s) continue;
    const Bar bar = candidate.sights[i].bar;
    ++outlook.count[static_cast<std::size_t>(bar)];
    run = bar == Bar::none ? run + 1 : 0;
    if (run > outlook.free_to - outlook.free_from) outlook.free_from = i + 1 - run, outlook.free_to = i + 1;
  }
  return outlook;
}

class Waiting {
 public:
  Waiting(ScheduleGround& ground, const Candidate& candidate)
      : ground_(ground), candidate_(candidate), queued_(*candidate.queued) {
    told_.id = queued_.id;
    told_.target = candidate.name();
    told_.user = queued_.user;
  }

  WaitingRequest told(const std::vector<ScheduledRequest>& entries) {
    if (!candidate_.impossible.empty()) return never(WaitReason::impossible, candidate_.impossible);
    const Task& task = candidate_.task;
    if (queued_.deadline && *queued_.deadline <= ground_.options().from)
      return never(WaitReason::deadline, "its deadline was " + at(*queued_.deadline));
    if (task.earliest_s >= ground_.span_s()) return later();
    const auto begin_s = task.next_begin_s(task.earliest_s + lead_s(), ground_.every_s());
    const bool fits_span = begin_s && *begin_s + task.body_s <= ground_.span_s();
    if (!fits_span) return not_seen();
    if (*begin_s + task.body_s > task.latest_s) return too_late(*begin_s);
    return behind(*begin_s, entries);
  }

 private:
  double lead_s() const {
    double sum_s = 0.0;
    for (const Leg& leg : candidate_.task.lead) sum_s += leg.duration_s + settling_s;
    return sum_s;
  }
  Duration body() const { return from_seconds(candidate_.task.body_s); }

  WaitingRequest never(WaitReason because, const std::string& why) {
    told_.because = because;
    told_.why = why;
    told_.never = true;
    return told_;
  }

  WaitingRequest later() {
    const Time earliest = ground_.time_at(candidate_.task.earliest_s);
    const bool retries = queued_.retry_from && *queued_.retry_from == earliest;
    told_.because = retries ? WaitReason::retry : WaitReason::not_before;
    told_.possible_from = ground_.next_chance(candidate_, earliest);
    told_.why = retries ? "it is tried again from " + at(earliest) + " on: " + queued_.reason
                        : "it is not to begin before " + at(earliest);
    return told_;
  }

  /// When, after the span; for the Sun's sake also much later.
  void find_chance(Bar bar) {
    told_.possible_from = ground_.next_chance(candidate_, ground_.options().to);
    if (!told_.possible_from && bar == Bar::sun) told_.possible_from = ground_.far_chance(candidate_);
  }

  std::string until() const {
    return told_.possible_from ? "; it could begin at " + at(*told_.possible_from) : "; not within the next two days";
  }

  WaitingRequest not_seen() {
    const double from_s = candidate_.task.earliest_s;
    const Outlook outlook = look(candidate_, ground_.every_s(), from_s, ground_.span_s());
    const Bar bar = outlook.commonest();
    find_chance(bar);
    if (queued_.deadline && (!told_.possible_from || *told_.possible_from + body() > *queued_.deadline)) {
      if (*queued_.deadline < ground_.options().to + 48h)
        return never(WaitReason::deadline, std::string("it is ") + words_of(bar) + " until its deadline at " +
                                               at(*queued_.deadline) + ", or not up for long enough");
    }
    if (outlook.of(Bar::none) == 0) {
      if (!told_.possible_from && (bar == Bar::below || bar == Bar::reach) && candidate_.wanted->repeats_daily() &&
          !far_from_now())
        return never(WaitReason::impossible, never_up());
      told_.because = reason_of(bar);
      told_.why = std::string("it is ") + words_of(bar) + " all the time from " + at(ground_.time_at(from_s)) + " to " +
                  at(ground_.options().to) + until();
      return told_;
    }
    return too_short(outlook);
  }

  bool far_from_now() { return ground_.longest_stretch(candidate_) > Duration{} && !is_always_too_short(); }
  bool is_always_too_short() {
    return candidate_.wanted->repeats_daily() && ground_.longest_stretch(candidate_) + 2min < body();
  }
  std::string never_up() {
    const Duration longest = ground_.longest_stretch(candidate_);
    if (longest > Duration{})
      return "it takes " + lasting(body()) + " and is never up for more than about " + lasting(longest);
    return "it is never high enough at this site, or never within the mount's reach";
  }

  WaitingRequest too_short(const Outlook& outlook) {
    const std::size_t sun_or_moon = outlook.of(Bar::sun) + outlook.of(Bar::moon);
    if (!told_.possible_from && sun_or_moon == 0 && is_always_too_short())
      return never(WaitReason::impossible, never_up());
    const double every_s = ground_.every_s();
    const Time up = ground_.time_at(every_s * static_cast<double>(outlook.free_from));
    const Time down = std::min(ground_.options().to, ground_.time_at(every_s * static_cast<double>(outlook.free_to)));
    told_.because = WaitReason::short_time;
    told_.why = "it takes " + lasting(body()) + ", and in this span it can be observed for " + lasting(down - up) +
                " at most, from " + at(up) + " to " + at(down) + until();
    return told_;
  }

  WaitingRequest too_late(double begin_s) {
    return never(WaitReason::deadline, "it could not begin before " + at(ground_.time_at(begin_s)) + ", and takes " +
                                           lasting(body()) + ": its deadline at " + at(*queued_.deadline) +
                                           " comes before that");
  }

  WaitingRequest behind(double begin_s, const std::vector<ScheduledRequest>& entries) {
    told_.because = WaitReason::others;
    told_.possible_from = ground_.next_chance(candidate_, ground_.options().to);
    if (!candidate_.refusal.empty()) {
      told_.why = "a plan of it is refused: " + candidate_.refusal + until();
      return told_;
    }
    const Time begin = ground_.time_at(begin_s);
    std::vector<std::string> names;
    for (const ScheduledRequest& entry : entries) {
      if (entry.end > begin && names.size() < 3) names.push_back(entry.target);
    }
    told_.why = "it could begin at " + at(begin) + ", but others take the time";
    for (std::size_t i = 0; i < names.size(); ++i) told_.why += (i == 0 ? ": " : ", ") + names[i];
    told_.why += told_.possible_from ? "; its next chance after them is at " + at(*told_.possible_from) : "";
    return told_;
  }

  ScheduleGround& ground_;
  const Candidate& candidate_;
  const QueuedRequest& queued_;
  WaitingRequest told_;
};

}  // namespace

WaitingRequest reason_to_wait(ScheduleGround& ground, const Candidate& candidate,
                              const std::vector<ScheduledRequest>& entries) {
  return Waiting(ground, candidate).told(entries);
}

void explain(ScheduledRequest& entry, const ScheduleGround& ground, const Candidate& candidate, bool idle_before,
             const std::vector<const Candidate*>& rivals) {
  constexpr double soon_s = 1800.0;
  const Task& task = candidate.task;
  const double begin_s = ground.seconds_at(entry.begin);
  const auto sample = static_cast<std::size_t>(std::max(0.0, begin_s) / ground.every_s());
  if (is_due(*candidate.queued, ground.options())) {
    entry.because = TurnReason::deadline;
    entry.why = "it has to be done by " + at(*candidate.queued->deadline);
    return;
  }
  if (!task.first_deg.empty()) {
    std::size_t barred = sample;
    while (barred < candidate.sights.size() && candidate.sights[barred].bar == Bar::none) ++barred;
    const double until_s = ground.every_s() * static_cast<double>(barred);
    if (barred > sample && barred < candidate.sights.size() && until_s - task.body_s - begin_s < soon_s) {
      entry.because = TurnReason::setting;
      entry.why = std::string("it is ") + words_of(candidate.sights[barred].bar) + " from " +
                  at(ground.time_at(until_s)) + " on, and takes " + lasting(from_seconds(task.body_s));
      return;
    }
  }
  if (idle_before) {
    entry.because = TurnReason::rising;
    entry.why = "nothing could begin earlier, and it not before " + at(entry.begin);
    return;
  }
  const bool is_first = std::ranges::none_of(rivals, [&](const Candidate* r) { return r->task.weight > task.weight; });
  entry.because = is_first ? TurnReason::first : TurnReason::fits;
  const bool is_one = rivals.size() == 1;
  const std::string others = is_one ? "the one other" : "the " + std::to_string(rivals.size()) + " others";
  if (rivals.empty()) {
    entry.why = "nothing else could begin then";
  } else if (is_first) {
    entry.why = is_one ? others + " that could begin then does not count for more"
                       : "none of " + others + " that could begin then counts for more";
  } else {
    entry.why = "it fits here best: " + others + " that could begin then " +
                (is_one ? "comes later, or takes" : "come later, or take") + " time that is worth more";
  }
}

}  // namespace astro::detail
