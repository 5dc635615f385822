// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "astro/clock.hpp"
#include "astro/error.hpp"
#include "astro/export.hpp"
#include "astro/handles.hpp"
#include "astro/sky/pointing_model.hpp"

/// \file
/// What keeps a mount out of harm whoever commands it. The host of a mount asks its guard before it
/// carries out a command, before each step of tracking, and at every reading. The core knows only
/// this interface; a room makes guards from its section of the site file (`SectionDescription::guard`).
namespace astro {

/// The mount that a guard is made for.
struct GuardedMount {
  std::string name{};
  Location location{};
  std::shared_ptr<const Clock> clock{};
  /// The latest value of any point of the observatory by its id; nothing when there was none yet.
  std::function<std::optional<Point>(const std::string& id)> latest{};
};

/// What the mount can do, as its driver says now, within the limits that the site file gives.
struct MountReach {
  MountDescription description{};
  MountLimits limits{};
  std::shared_ptr<const sky::PointingModel> model{};  ///< null: its axes read where the beam is
};

/// A reading of the mount, and what the host wants of it.
struct GuardedReading {
  enum class Errand : std::uint8_t {
    none,      ///< nobody wants anything: it is to stand
    position,  ///< it was sent to `goal`
    tracking,  ///< it is sent to `goal` again and again, along the sky
    rate,      ///< somebody steers it
    own        ///< the driver knows the way: it parks, finds its reference, follows the sky by itself
  };

  Time time{};
  Axes axes{};
  AxisRates rates{};  ///< as the last two readings differ, per second
  MountState state = MountState::stopped;
  Errand errand = Errand::none;
  std::optional<Axes> goal{};  ///< where the axes were sent, where the host sends them
  bool under_way = false;      ///< it has not arrived there yet, and should move
  bool parking = false;
  std::uint64_t command = 0;  ///< another number for another command
};

/// Why a mount must not go on, or what somebody should look at.
struct Objection {
  ErrorCode code = ErrorCode::unsafe;
  std::string reason{};
  bool stops = true;   ///< what it does is ended; else it is only told
  bool parks = false;  ///< and then it is parked, where it can be
};

/// Objects to what would harm a mount. `judge` is called from the mount's own thread; all the other
/// functions may be called from any thread beside it. None may wait for anything.
class ASTRO_API MountGuard {
 public:
  virtual ~MountGuard();

  /// Why nothing but stop and park may be commanded now; nothing: go on.
  virtual std::optional<Objection> forbids(Time now) = 0;

  /// Why the axes must not be there now.
  virtual std::optional<Objection> place(const MountReach& reach, const Axes& axes, Time now) = 0;

  /// The points to which the axes are sent, one after the other, so that they come from where they
  /// are to the goal, the last of them, and pass nothing that is forbidden however fast each of the
  /// two turns. Throws what stands in the way. To the park position (`parking`) other rules may
  /// hold than to a place in the sky.
  virtual std::vector<Axes> route(const MountReach& reach, const GuardedReading& from, const Axes& to,
                                  bool parking) = 0;

  /// Where the mount parks, where that is known.
  virtual std::optional<Axes> parks_at(const MountReach& reach) = 0;

  /// Why the axes must not move at these rates for so long.
  virtual std::optional<Objection> steer(const MountReach& reach, const GuardedReading& from, const AxisRates& rates,
                                         Duration lifetime) = 0;

  /// Looks at each reading. An objection is made once, not again while it is being obeyed.
  virtual std::optional<Objection> judge(const MountReach& reach, const GuardedReading& reading) = 0;

  /// Whether the motors may be started again by the host itself (it tracks by repeated moves), and
  /// that they were, by whomever.
  virtual bool may_start(Time now) = 0;
  virtual void started(Time now) = 0;
};

}  // namespace astro
