// SPDX-License-Identifier: BSD-3-Clause
#include "observing/schedule_candidate.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "astro/error.hpp"
#include "astro/observing/plan.hpp"
#include "observing/devices.hpp"

namespace astro::detail {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t most_samples = 1500;
constexpr Duration between_looks = 60s;
constexpr Duration look_ahead = 48h;

Duration sampling(const ScheduleOptions& options) {
  return std::max<Duration>(60s, (options.to - options.from) / static_cast<std::int64_t>(most_samples));
}

std::size_t samples_in(const ScheduleOptions& options) {
  return static_cast<std::size_t>((options.to - options.from) / sampling(options)) + 2;
}

/// The first stretch of free samples that is long enough, or nothing.
std::optional<std::size_t> first_stretch(const std::vector<Sight>& sights, Duration every, double length_s) {
  const auto needed = static_cast<std::size_t>(std::ceil(length_s / seconds(every))) + 1;
  std::size_t run = 0;
  for (std::size_t i = 0; i < sights.size(); ++i) {
    run = sights[i].bar == Bar::none ? run + 1 : 0;
    if (run > needed) return i - needed;
  }
  return std::nullopt;
}

double halvings(Duration age, Duration half_life) noexcept {
  return half_life > Duration{} ? std::min(60.0, std::max(0.0, seconds(age)) / seconds(half_life)) : 0.0;
}

}  // namespace

bool is_due(const QueuedRequest& queued, const ScheduleOptions& options) noexcept {
  return queued.deadline && *queued.deadline < options.to + 24h;
}

ScheduleGround::ScheduleGround(const Site& site, const ScheduleOptions& options)
    : site_(site), options_(options), sky_(site.location, options.from, sampling(options), samples_in(options)) {
  for (const DeviceEntry& device : site.devices) {
    if (device.kind != DeviceKind::mount) continue;
    const auto now = options.mounts.find(device.name);
    const MountNow given = now == options.mounts.end() ? MountNow{} : now->second;
    mounts_.emplace_back(site, device.name, given.axes, given.description);
    const PlanningMount& made = mounts_.back();
    rules_.emplace_back(site.location, made.description.geometry, made.limits, safety_of(site, made.name),
                        made.pointing.model());
  }
}

std::size_t ScheduleGround::drive_of(const PlanningMount* mount) const noexcept {
  return mount == nullptr ? mounts_.size() : static_cast<std::size_t>(mount - mounts_.data());
}

std::vector<Drive> ScheduleGround::drives() const {
  std::vector<Drive> drives;
  for (const PlanningMount& mount : mounts_) {
    drives.push_back({.from_deg = mount.limits.first.from.degrees(),
                      .to_deg = mount.limits.first.to.degrees(),
                      .first_deg_per_s = std::max(1e-6, mount.description.fastest.first.degrees()),
                      .second_deg_per_s = std::max(1e-6, mount.description.fastest.second.degrees()),
                      .first_deg = mount.axes.first.degrees(),
                      .second_deg = mount.axes.second.degrees()});
  }
  drives.push_back({.from_deg = -1e9, .to_deg = 1e9, .first_deg_per_s = 1e9, .second_deg_per_s = 1e9});
  return drives;
}

Candidate ScheduleGround::candidate(const QueuedRequest& queued) {
  Candidate made{.queued = &queued};
  try {
    made.steps = steps_of(queued.request);
    const std::string mount = device_of(site_, DeviceKind::receiver, queued.request.receiver).mount;
    for (std::size_t i = 0; i < mounts_.size(); ++i) {
      if (mounts_[i].name == mount) made.mount = &mounts_[i], made.rules = &rules_[i];
    }
    made.wanted.emplace(site_.location, queued, made.steps);
    made.sights = made.wanted->at(sky_, made.mount, made.rules);
    make_task(made);
  } catch (const Error& error) {
    made.impossible = error.what();
  }
  return made;
}

void ScheduleGround::make_task(Candidate& candidate) {
  Task& task = candidate.task;
  const QueuedRequest& queued = *candidate.queued;
  task.drive = drive_of(candidate.mount);
  for (const auto& earliest : {queued.planned_start, queued.request.planned_start, queued.retry_from}) {
    if (earliest) task.earliest_s = std::max(task.earliest_s, seconds_at(*earliest));
  }
  candidate.latest_wished_s = span_s();
  task.latest_s = queued.deadline ? std::min(span_s(), seconds_at(*queued.deadline)) : span_s();
  const auto first = static_cast<std::size_t>(
      std::ranges::find_if(candidate.steps, [](const Step& step) { return !step.target.empty(); }) -
      candidate.steps.begin());

  // What it takes in all is that of a time at which it can be seen.
  Duration sum{};
  for (const Step& step : candidate.steps) sum += step.duration;
  std::size_t at = first_stretch(candidate.sights, sky_.every(), seconds(sum)).value_or(0);
  if (at == 0) {
    const auto free = std::ranges::find(candidate.sights, Bar::none, &Sight::bar);
    if (free != candidate.sights.end()) at = static_cast<std::size_t>(free - candidate.sights.begin());
  }
  PlanOptions options{.start = sky_.times()[at], .look_ahead = false};
  if (candidate.mount != nullptr) options.axes = candidate.mount->axes, options.mount = candidate.mount->description;
  const Plan planned = plan(site_, queued.request, candidate.steps, options);
  task.science_s = seconds(planned.integrating > Duration{} ? planned.integrating : sum);
  task.lead = lead_of(candidate, first);
  if (first == candidate.steps.size()) return;
  task.body_s = seconds(planned.end - planned.steps[first].begin);
  for (const Sight& sight : candidate.sights) {
    task.first_deg.push_back(sight.axes.first.degrees());
    task.second_deg.push_back(sight.axes.second.degrees());
    task.free.push_back(sight.bar == Bar::none);
  }
  task.prepare(every_s());
}

std::vector<Leg> ScheduleGround::lead_of(const Candidate& candidate, std::size_t first) const {
  std::vector<Leg> legs;
  const ObservationRequest& request = candidate.queued->request;
  const auto calibration = calibration_of(site_, device_of(site_, DeviceKind::receiver, request.receiver).name);
  for (std::size_t i = 0; i < first; ++i) {
    Leg leg{.duration_s = seconds(candidate.steps[i].duration)};
    const Phase phase = candidate.steps[i].phase;
    const bool loads = calibration && candidate.mount != nullptr && request.calibration == CalibrationKind::loads;
    const std::string place = !loads ? "" : phase == Phase::hot ? calibration->hot.target : calibration->cold.target;
    if (!place.empty()) {
      const AltAz look = sky_.observer().altaz(parse_target(place), options_.from);
      const Axes axes = candidate.mount->pointing.axes_of(look, options_.from);
      leg.has_place = true;
      leg.first_deg = axes.first.degrees();
      leg.second_deg = axes.second.degrees();
    }
    legs.push_back(leg);
  }
  return legs;
}

const std::vector<Sight>& ScheduleGround::ahead(const Candidate& candidate) {
  if (!sky_ahead_) {
    const auto count = static_cast<std::size_t>((options_.to - options_.from + look_ahead) / between_looks) + 1;
    sky_ahead_.emplace(sky_.observer(), options_.from, between_looks, count);
  }
  if (ahead_of_ != &candidate) ahead_ = candidate.wanted->at(*sky_ahead_, candidate.mount, candidate.rules);
  ahead_of_ = &candidate;
  return ahead_;
}

const std::vector<SkyTimes>& ScheduleGround::far_ahead() {
  if (far_ahead_.empty()) {
    for (Time day = options_.from + 5 * 24h; day < options_.from + 370 * 24h; day += 5 * 24h) {
      far_ahead_.emplace_back(sky_.observer(), day, 20min, 73);
    }
  }
  return far_ahead_;
}

std::optional<Time> ScheduleGround::next_chance(const Candidate& candidate, Time from) {
  if (!candidate.wanted || !candidate.wanted->has_place()) return from;
  const std::vector<Sight>& all = ahead(candidate);
  const auto past =
      static_cast<std::ptrdiff_t>(std::max(Duration{}, from - options_.from + between_looks - 1ns) / between_looks);
  if (past >= std::ssize(all)) return std::nullopt;
  const auto found = first_stretch({all.begin() + past, all.end()}, between_looks, candidate.task.body_s);
  if (!found) return std::nullopt;
  return sky_ahead_->times()[static_cast<std::size_t>(past) + *found];
}

std::optional<Time> ScheduleGround::far_chance(const Candidate& candidate) {
  if (!candidate.wanted) return std::nullopt;
  for (const SkyTimes& day : far_ahead()) {
    const std::vector<Sight> sights = candidate.wanted->at(day, candidate.mount, candidate.rules);
    if (const auto found = first_stretch(sights, day.every(), candidate.task.body_s)) return day.times()[*found];
  }
  return std::nullopt;
}

Duration ScheduleGround::longest_stretch(const Candidate& candidate) {
  std::size_t longest = 0;
  std::size_t run = 0;
  for (const Sight& sight : ahead(candidate)) {
    run = sight.bar == Bar::none ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return between_looks * static_cast<std::int64_t>(longest);
}

void weigh(std::vector<Candidate>& candidates, std::span<const QueuedRequest> queue, const ScheduleGround& ground) {
  const ScheduleOptions& options = ground.options();
  std::map<std::string, double> had_s;
  for (const QueuedRequest& each : queue) {
    if (each.spent <= Duration{}) continue;
    had_s[each.user] +=
        seconds(each.spent) * std::exp2(-halvings(options.from - each.updated, options.usage_half_life));
  }
  std::set<std::string> users;
  std::vector<Candidate*> order;
  for (Candidate& each : candidates) {
    const QueuedRequest& queued = *each.queued;
    each.task.weight = std::exp2(static_cast<double>(queued.priority) / 2.0 +
                                 halvings(options.from - queued.created, options.age_doubling));
    const bool can_be_seen = each.task.next_begin_s(each.task.earliest_s, ground.every_s()).has_value();
    if (!each.impossible.empty() || !can_be_seen) continue;
    users.insert(queued.user);
    order.push_back(&each);
  }
  const double share_s =
      seconds(options.to - options.from) / static_cast<double>(std::max<std::size_t>(1, users.size()));
  std::ranges::stable_sort(order,
                           [](const Candidate* a, const Candidate* b) { return a->task.weight > b->task.weight; });
  for (Candidate* each : order) {
    double& had = had_s[each->queued->user];
    each->task.weight /= 1.0 + had / share_s;
    had += each->task.body_s;
    if (is_due(*each->queued, options)) each->task.weight *= options.due_factor;
  }
}

}  // namespace astro::detail
