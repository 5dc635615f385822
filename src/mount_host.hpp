// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "astro/guard.hpp"
#include "astro/handles.hpp"
#include "device_host.hpp"
#include "pointing.hpp"
#include "seqlock.hpp"

namespace astro {

class MountHost final : public DeviceHost {
 public:
  /// `guard`: asked about all that moves the mount; null: there is none.
  explicit MountHost(detail::HostSetup setup, std::shared_ptr<MountGuard> guard = nullptr);

  MountReport status() const noexcept { return snapshot_.load(); }
  MountDescription description() const;
  MountLimits limits() const;
  std::optional<Target> target() const;
  Axes axes_of(const Target& target, Time time) const;
  std::optional<AltAz> place_at(Time time) const { return history_.at(time); }

  void point_at(const Issuer& issuer, const Target& target, bool track);
  void move_to(const Issuer& issuer, const Axes& axes);
  void move_rate(const Issuer& issuer, const AxisRates& rates, Duration lifetime);
  void park(const Issuer& issuer);
  void home(const Issuer& issuer);
  void wait_until_on_target(Duration at_most);
  void wait_until_stopped(Duration at_most);

  std::vector<CommandDescription> commands() const override;
  std::vector<Field> points() const override;
  using DeviceHost::describe;
  void describe(const MountDescription& description) override;

 private:
  enum class Kind : std::uint8_t { none, axes, slew, track, follow, rate, park, home };

  /// What the mount is doing for whom. Guarded by `motion_mutex_`; changed by the worker's thread
  /// (a new one, or one that arrived) and by a stop.
  struct Motion {
    Kind kind = Kind::none;
    std::optional<Target> target{};
    Axes commanded{};         ///< where the driver was sent: the goal, or a point on the way to it
    std::vector<Axes> way{};  ///< to where it is sent next, one after the other
    AxisRates rates{};
    Time rate_ends{};
    bool turns_by_itself = false;  ///< the mount's own clock follows the sky
    bool is_guards = false;        ///< it parks because the guard has said so
    std::uint64_t polls = 0;       ///< readings that there had been when it began
    bool arrived = false;
    std::optional<Time> short_since{};
    std::shared_ptr<Execution::State> execution{};
  };
  struct Shown {  ///< what the points said last
    MountReport report{};
    std::string target{};
    Time time{};
  };

  Action prepare(const std::string& command, const Value& parameters) override;
  Duration hook_bound() const override;
  Duration open_bound() const override;
  void poll() override;
  void opened() override;
  void on_stop() override;
  bool is_kept_from(const Issuer& issuer) const noexcept override;
  void on_lost() override;
  void on_close() override;
  void on_failure() override;

  Mount& mount() { return static_cast<Mount&>(driver()); }
  detail::Pointing pointing() const;
  sky::Observer observer() const;
  Axes axes_towards(const Target& target, Time time) const;  ///< not flipped, in the first turn
  Axes axes_near(const Target& target, Time time, const Axes& near) const;
  static Performed moving() { return {.running = true, .message = {}, .details = {}}; }

  /// What a command is refused with names the mount.
  template <class Make>
  Action refusing(Make make) const {
    try {
      return make();
    } catch (const Error& error) {
      throw error.at(place());
    }
  }
  Action point_action(const Target& target, bool track);
  Action move_action(const Axes& axes);
  Action rate_action(const AxisRates& rates, Duration lifetime);
  Action park_action();
  Action home_action();
  void check_rates(const AxisRates& rates, Duration lifetime) const;
  [[noreturn]] void refuse_unsupported(const char* what) const;

  void end_self_tracking();
  void send_leg(Motion& motion);    ///< to the next point of the way
  void send_first(Motion& motion);  ///< of a new motion, whatever there was before
  void install(Motion motion);      ///< throws `interrupted` when a stop overtook it
  void end_motion(const std::optional<Error>& why);
  void end_locked(const std::optional<Error>& why);

  void take_reading(const MountStatus& status, Time time);
  bool is_on_target(const Axes& position, Time time);
  void follow_up(const MountStatus& status, Time time);
  void judge_arrival(const MountStatus& status, Time time);
  void keep_tracking(const Motion& motion, Time time);
  void follow_target(const Motion& motion, Time time);
  void end_tracking(const Error& why, bool parks);
  void watch_rate(const Motion& motion, const Axes& position, Time time);
  void show(bool is_good);

  // What is asked of the guard, and done at its word: mount_safety.cpp.
  MountReach reach() const;
  GuardedReading guarded() const;
  GuardedReading guarded_now() const;
  void check_allowed() const;
  void check_steering(const AxisRates& rates, Duration lifetime) const;
  void check_rate_limits(const AxisRates& rates, Duration lifetime) const;
  std::vector<Axes> way_to(const Axes& goal, bool parking = false) const;
  std::vector<Axes> way_to_target(const Target& target) const;
  std::vector<Axes> way_to_park() const;
  void measure_rates(const Axes& position, Time time);
  void go_on(const Axes& position);
  void ask_guard();
  void obey(const Objection& objection);
  void park_if_wanted(const MountStatus& status, Time time);
  void end_in_silence();
  template <class Change>
  void change_report(Change change) {
    change(report_);
    snapshot_.store(report_);
  }

  mutable std::mutex description_mutex_;
  MountDescription description_;
  MountLimits limits_;
  detail::PointingModelPtr model_;

  mutable std::mutex observer_mutex_;
  mutable std::optional<sky::Observer> observer_;
  mutable std::shared_ptr<const sky::EarthOrientation> orientation_;  ///< that it has

  const std::shared_ptr<MountGuard> guard_;

  detail::Seqlock<MountReport> snapshot_;
  detail::PointingHistory history_;

  mutable std::mutex motion_mutex_;
  std::condition_variable moved_;
  std::size_t waiting_ = 0;
  Motion motion_;
  MountReport report_;
  std::uint64_t polls_ = 0;
  std::uint64_t motions_ = 0;  ///< counts beginnings and ends, so that a waiter sees that his is over
  std::optional<Error> ended_by_;
  AxisRates rates_{};                      // between the last two readings
  std::optional<Time> park_wanted_since_;  // as soon as it stands
  Shown shown_;
};

}  // namespace astro
