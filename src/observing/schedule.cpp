// SPDX-License-Identifier: BSD-3-Clause
#include "astro/observing/schedule.hpp"

#include <algorithm>

#include "astro/error.hpp"
#include "astro/observing/plan.hpp"
#include "observing/schedule_reasons.hpp"

namespace astro {

using namespace std::chrono_literals;
using detail::Candidate;
using detail::Night;
using detail::NightState;
using detail::Visit;

namespace {

class Scheduler {
 public:
  Scheduler(const Site& site, std::span<const QueuedRequest> queue, const ScheduleOptions& options)
      : site_(site), options_(options), ground_(site, options) {
    for (const QueuedRequest& each : queue) {
      if (each.state == QueueState::waiting) candidates_.push_back(ground_.candidate(each));
    }
    weigh(candidates_, queue, ground_);
  }

  Schedule made() {
    // A plan may object to what looked free: once that is known, the search begins anew.
    constexpr int rounds = 3;
    for (int round = 0; round < rounds; ++round) {
      choose();
      if (carry_out() || round + 1 == rounds) break;
    }
    explain_all();
    return std::move(schedule_);
  }

 private:
  void choose() {
    night_ = {.span_s = ground_.span_s(), .every_s = ground_.every_s(), .drives = ground_.drives()};
    numbers_.clear();
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      if (!candidates_[i].impossible.empty()) continue;
      numbers_.push_back(i);
      night_.tasks.push_back(candidates_[i].task);
    }
    const detail::Found found = detail::search(night_, options_.seed, options_.evaluations);
    order_ = found.order;
    schedule_.evaluations += found.evaluations;
  }

  /// Plans each request at its time, from where the one before it ends; false when one was refused.
  bool carry_out() {
    schedule_.begin = options_.from;
    schedule_.end = options_.to;
    schedule_.entries.clear();
    schedule_.science = schedule_.slewing = {};
    befores_.clear();
    NightState state{.drives = night_.drives};
    bool all = true;
    for (const std::size_t task : order_) all = try_out(task, state) && all;
    return all;
  }

  bool try_out(std::size_t task, NightState& state) {
    Candidate& candidate = candidates_[numbers_[task]];
    bool smooth = true;
    for (int tries = 0; tries < 6; ++tries) {
      NightState after = state;
      const auto done = detail::visit(night_, task, after);
      if (!done) return smooth;
      const Time start = ground_.time_at(done->start_s);
      const Plan planned = plan_of(candidate, start, state);
      if (planned.is_possible() && ground_.seconds_at(planned.end) <= candidate.task.latest_s) {
        enter(candidate, planned, *done, state);
        settle(candidate, planned, after, state);
        return smooth;
      }
      smooth = false;
      candidate.refusal =
          planned.is_possible() ? "it would end at " + format_time(planned.end, 0) : planned.refusals.front();
      bar(candidate, done->begin_s);
      night_.tasks[task] = candidate.task;
    }
    return smooth;
  }

  Plan plan_of(const Candidate& candidate, Time start, const NightState& state) const {
    PlanOptions options{.start = start, .look_ahead = false};
    if (candidate.mount != nullptr) {
      const detail::Drive& drive = state.drives[candidate.task.drive];
      options.axes = Axes{degrees(drive.first_deg), degrees(drive.second_deg)};
      options.mount = candidate.mount->description;
    }
    return plan(site_, candidate.queued->request, candidate.steps, options);
  }

  /// No body begins here any more, nor within the next sample.
  void bar(Candidate& candidate, double begin_s) const {
    detail::Task& task = candidate.task;
    if (task.free.empty()) {
      task.latest_s = -1.0;
      return;
    }
    const auto at = static_cast<std::size_t>(std::max(0.0, begin_s) / ground_.every_s());
    if (at < task.free.size()) task.free[at] = false;
    task.prepare(ground_.every_s());
  }

  void enter(const Candidate& candidate, const Plan& planned, const Visit& done, const NightState& before) {
    ScheduledRequest entry{.id = candidate.queued->id,
                           .target = candidate.name(),
                           .user = candidate.queued->user,
                           .start = planned.start,
                           .begin = planned.start,
                           .end = planned.end,
                           .slew = planned.slewing,
                           .science = from_seconds(candidate.task.science_s),
                           .weight = candidate.task.weight};
    for (const PlannedStep& step : planned.steps) {
      if (step.step.target.empty()) continue;
      entry.begin = step.begin;
      break;
    }
    schedule_.science += entry.science;
    schedule_.slewing += entry.slew;
    befores_.push_back({.state = before, .idle = done.start_s > before.now_s + 1.0});
    schedule_.entries.push_back(std::move(entry));
  }

  /// What the plan found is truer than the estimate.
  void settle(const Candidate& candidate, const Plan& planned, const NightState& after, NightState& state) const {
    state = after;
    state.now_s = ground_.seconds_at(planned.end);
    if (candidate.mount == nullptr || planned.steps.empty()) return;
    const PlannedStep& last = planned.steps.back();
    if (last.step.target.empty()) return;
    state.drives[candidate.task.drive].first_deg = last.to.first.degrees();
    state.drives[candidate.task.drive].second_deg = last.to.second.degrees();
  }

  void explain_all() {
    std::vector<bool> done(candidates_.size(), false);
    for (std::size_t i = 0; i < schedule_.entries.size(); ++i) {
      ScheduledRequest& entry = schedule_.entries[i];
      const std::size_t self = index_of(entry.id);
      done[self] = true;
      std::vector<const Candidate*> rivals;
      for (std::size_t task = 0; task < numbers_.size(); ++task) {
        if (done[numbers_[task]]) continue;
        NightState state = befores_[i].state;
        const double now_s = std::max(state.now_s, ground_.seconds_at(entry.start));
        const auto could = detail::visit(night_, task, state);
        if (could && could->start_s <= now_s + 1.0) rivals.push_back(&candidates_[numbers_[task]]);
      }
      explain(entry, ground_, candidates_[self], befores_[i].idle && rivals.empty(), rivals);
    }
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      if (!done[i]) schedule_.waiting.push_back(reason_to_wait(ground_, candidates_[i], schedule_.entries));
    }
  }

  std::size_t index_of(const std::string& id) const {
    const auto found = std::ranges::find(candidates_, id, [](const Candidate& each) { return each.queued->id; });
    return static_cast<std::size_t>(found - candidates_.begin());
  }

  struct Before {
    NightState state{};
    bool idle = false;  ///< the telescope waits before it
  };

  const Site& site_;
  const ScheduleOptions& options_;
  detail::ScheduleGround ground_;
  std::vector<Candidate> candidates_;
  Night night_;
  std::vector<std::size_t> numbers_;  ///< candidates of the tasks
  std::vector<std::size_t> order_;
  std::vector<Before> befores_;
  Schedule schedule_;
};

}  // namespace

Schedule schedule(const Site& site, std::span<const QueuedRequest> queue, const ScheduleOptions& options) {
  if (options.to <= options.from || options.to - options.from > 48h) {
    throw Error(ErrorCode::invalid_argument, "scheduling: the span from " + format_time(options.from, 0) + " to " +
                                                 format_time(options.to, 0) +
                                                 " is empty or longer than two days; choose one of 1 s to 48 h");
  }
  return Scheduler(site, queue, options).made();
}

}  // namespace astro
