// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <string>
#include <vector>

#include "observing/schedule_search.hpp"
#include "observing/schedule_sight.hpp"

namespace astro::detail {

/// One waiting request on its way into a schedule.
struct Candidate {
  const QueuedRequest* queued = nullptr;
  std::vector<Step> steps{};
  const PlanningMount* mount = nullptr;
  const SafeSky* rules = nullptr;
  std::optional<Wanted> wanted{};
  std::vector<Sight> sights{};  ///< over the span
  Task task{};
  std::string impossible{};      ///< why it cannot be done at this site
  std::string refusal{};         ///< what `plan` objected to, of a time that looked free
  double latest_wished_s = 0.0;  ///< the span's end, without its deadline

  const std::string& name() const {
    return queued->request.target_name.empty() ? queued->request.target : queued->request.target_name;
  }
};

/// What all candidates of one planning share.
class ScheduleGround {
 public:
  ScheduleGround(const Site& site, const ScheduleOptions& options);

  const Site& site() const noexcept { return site_; }
  const ScheduleOptions& options() const noexcept { return options_; }
  const SkyTimes& sky() const noexcept { return sky_; }
  double every_s() const noexcept { return seconds(sky_.every()); }
  double span_s() const noexcept { return seconds(options_.to - options_.from); }
  double seconds_at(Time time) const noexcept { return seconds(time - options_.from); }
  Time time_at(double s) const { return options_.from + from_seconds(s); }

  Candidate candidate(const QueuedRequest& queued);
  const std::vector<PlanningMount>& mounts() const noexcept { return mounts_; }
  std::size_t drive_of(const PlanningMount* mount) const noexcept;
  std::vector<Drive> drives() const;

  /// The first time from `from` on at which so long a body could begin, until two days after the span.
  std::optional<Time> next_chance(const Candidate& candidate, Time from);
  /// The same about once in five days of the year after those.
  std::optional<Time> far_chance(const Candidate& candidate);
  /// The longest stretch from the span's begin until two days after it.
  Duration longest_stretch(const Candidate& candidate);

 private:
  void make_task(Candidate& candidate);
  std::vector<Leg> lead_of(const Candidate& candidate, std::size_t first) const;
  const std::vector<Sight>& ahead(const Candidate& candidate);
  const std::vector<SkyTimes>& far_ahead();

  const Site& site_;
  const ScheduleOptions& options_;
  SkyTimes sky_;
  std::optional<SkyTimes> sky_ahead_;
  std::vector<Sight> ahead_;
  const Candidate* ahead_of_ = nullptr;  ///< whose those are
  std::vector<SkyTimes> far_ahead_;
  std::vector<PlanningMount> mounts_;
  std::vector<SafeSky> rules_;
};

/// The weights of all tasks, by the formula in schedule.hpp.
void weigh(std::vector<Candidate>& candidates, std::span<const QueuedRequest> queue, const ScheduleGround& ground);

/// Whether this span is the last chance that its deadline leaves.
bool is_due(const QueuedRequest& queued, const ScheduleOptions& options) noexcept;

}  // namespace astro::detail
