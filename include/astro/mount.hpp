// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "astro/angle.hpp"
#include "astro/axes.hpp"
#include "astro/coordinates.hpp"
#include "astro/device.hpp"

namespace astro {

enum class MountState : std::uint8_t { stopped, moving, tracking, parked, fault };

/// One consistent reading of a mount.
struct MountStatus {
  Axes position{};
  MountState state = MountState::stopped;
  std::string detail{};        ///< of a fault: what the hardware says
  std::optional<Time> time{};  ///< UTC of this reading where the driver knows it; else when it was asked
};

/// What a mount can do. A driver registers it, and may refine it in `open`.
struct MountDescription {
  Geometry geometry = Geometry::alt_az;
  AxisRange first{degrees(0), degrees(360)};  ///< mechanical reach
  AxisRange second{degrees(0), degrees(90)};
  AxisRates fastest{degrees(5), degrees(5)};  ///< about; for estimates of the time that a slew takes
  Duration braking{};                         ///< about, from the fastest rate to rest; zero: at once, or not known
  std::optional<Axes> parks_at{};             ///< where `park` goes, if the driver knows
  Angle accuracy = degrees(0.1);              ///< within this of the commanded axes it is on target
  bool rates = false;                         ///< `move_rate` works
  bool parks = false;                         ///< `park` works
  bool homes = false;                         ///< `home` works
  bool follows = false;                       ///< `follow` works
  bool self_tracking = false;                 ///< `self_track` works
  Duration poll_every = std::chrono::milliseconds(100);
  Duration hook_bound = std::chrono::milliseconds(500);
  Duration open_bound = std::chrono::seconds(10);  ///< of `open` and `close`
};

/// Points two mechanical axes. See `Driver` for what holds for all hooks. The axes never leave the
/// reach of the description, whatever is asked for.
class ASTRO_API Mount : public Device {
 public:
  ~Mount() override;

  /// Starts towards the position and returns; a new target replaces an old one. The host has
  /// checked it against reach and limits. One that can only be at certain places, as in a recording, throws
  /// `out_of_limits` for any other.
  virtual void move_to(Axes target) = 0;

  /// Moves at these rates for at most `lifetime` of the observatory's clock, then stops by itself
  /// unless the call is repeated: a rate dies when whoever commands it does, also when no hook is
  /// called any more (a thread of the driver or the hardware's own timer ends it). Throws `unsupported` unless
  /// `.rates`.
  virtual void move_rate(AxisRates rates, Duration lifetime);

  /// Starts towards the park position; the state becomes `parked` there. `unsupported` unless `.parks`.
  virtual void park();
  /// Starts finding the reference of its axes. `unsupported` unless `.homes`.
  virtual void home();
  /// Follows the sky from here by its own clock, or ceases to. `unsupported` unless `.self_tracking`.
  virtual void self_track(bool on);

  /// Follows the target across the sky by itself until another command; the host then does not
  /// track. For drivers that hand the target on to another machine. `unsupported` unless `.follows`.
  virtual void follow(const Target& target);

  /// Reads the hardware. The host polls it; users read the host's snapshot.
  virtual MountStatus status() = 0;
};

}  // namespace astro
