// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "astro/guard.hpp"
#include "observing/forbidden_sky.hpp"
#include "observing/safe_route.hpp"
#include "observing/safety_conditions.hpp"

namespace astro::detail {

/// Throws `unsafe` (Sun, Moon) or `out_of_limits` (the horizon's line) when the axes must not be there.
void check_free(const SkyRules& rules, const Axes& axes, Time time, const WayOptions& options);
[[noreturn]] void refuse_way(const SkyRules& rules, const Axes& from, const Axes& to, Time time);

/// So many starts a minute, and a pause between two of them.
class MotorDuty {
 public:
  MotorDuty(std::int64_t per_minute, Duration pause) : per_minute_(per_minute), pause_(pause) {}
  bool may_start(Time now);
  void started(Time now);

 private:
  void forget(Time now);

  const std::int64_t per_minute_;
  const Duration pause_;
  std::mutex mutex_;
  std::deque<Time> starts_;
};

/// Whether a mount moves as it was told: whether it stalls, strays or turns too fast.
class MotionWatch {
 public:
  explicit MotionWatch(const SafetySection& section) : section_(section) {}
  std::optional<Objection> look(const MountDescription& mount, const GuardedReading& reading);

 private:
  std::optional<Objection> stalls(const MountDescription& mount, const GuardedReading& reading);
  std::optional<Objection> strays(const MountDescription& mount, const GuardedReading& reading);
  std::optional<Objection> races(const MountDescription& mount, const GuardedReading& reading);

  const SafetySection& section_;
  std::uint64_t command_ = 0;
  std::optional<GuardedReading> mark_{};  ///< where it last got ahead
  double nearest_ = 0.0;                  ///< to its goal, since the goal was set
  bool arrived_ = false;
  std::optional<Axes> rests_at_{};
  std::optional<Time> away_since_{};
};

/// The rules of the section `safety:`, kept for one mount.
class SafetyGuard final : public MountGuard {
 public:
  SafetyGuard(GuardedMount mount, SafetySection section);

  std::optional<Objection> forbids(Time now) override;
  std::optional<Objection> place(const MountReach& reach, const Axes& axes, Time now) override;
  std::vector<Axes> route(const MountReach& reach, const GuardedReading& from, const Axes& to, bool parking) override;
  std::optional<Axes> parks_at(const MountReach& reach) override {
    return reach.description.parks_at ? reach.description.parks_at : section_.park;
  }
  std::optional<Objection> steer(const MountReach& reach, const GuardedReading& from, const AxisRates& rates,
                                 Duration lifetime) override;
  std::optional<Objection> judge(const MountReach& reach, const GuardedReading& reading) override;
  bool may_start(Time now) override { return duty_.may_start(now); }
  void started(Time now) override { duty_.started(now); }

 private:
  std::shared_ptr<const SkyRules> rules(const MountReach& reach);
  std::optional<Objection> judge_place(const MountReach& reach, const GuardedReading& reading);
  std::optional<Objection> judge_standing(const ForbiddenSky& sky, const GuardedReading& reading);
  Objection objection_to(const ForbiddenSky::Found& found) const;

  const GuardedMount mount_;
  const SafetySection section_;
  SafetyConditions conditions_;
  MotorDuty duty_;
  MotionWatch watch_{section_};
  std::mutex mutex_;
  std::shared_ptr<const SkyRules> rules_{};
  std::optional<Time> quiet_until_{};  // this and the next: of the mount's own thread
  bool sun_told_ = false;
};

}  // namespace astro::detail
