// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <stop_token>

#include "astro/observatory.hpp"
#include "astro/observing/program.hpp"
#include "astro/sky/observer.hpp"

namespace astro::detail {

/// Waits until the mount is on target, in slices, so that a stop is seen.
void wait_on_target(const MountHandle& mount, const Observatory& site, const std::stop_token& stop);

/// A step, or what is left of one that was cut short.
struct StepPart {
  Step step{};
  Duration done{};              ///< of its duration
  std::optional<Time> begun{};  ///< when its first integration began
};

/// Brings a receiver's beam where the steps of an observation want it.
class Beam {
 public:
  Beam(const Observatory& site, std::optional<MountHandle> mount);

  /// Returns when the beam is where the step begins, with the time from which on data count.
  Time go_to(const StepPart& part, const std::stop_token& stop);

  /// Again and again while an observation pauses: the beam stays where it is against its target, however long that is.
  void stay();

  /// Throws why the mount no longer does what it was told: stopped, taken over, lost.
  void check_still_there() const;

 private:
  Time follow_line(const StepPart& part, const std::stop_token& stop);
  Time drift(const StepPart& part, const std::stop_token& stop);
  Duration slew_time(const Target& target) const;
  void track(const Target& target, const std::stop_token& stop);

  const Observatory& site_;
  std::optional<MountHandle> mount_;
  sky::Observer observer_;
  std::optional<Target> tracked_{};  ///< what the mount follows right now
  bool is_held_ = false;             ///< whether it was told to be somewhere
  /// What it follows as a list of positions, which has an end.
  struct Listed {
    Step step{};
    Time begin{};
    Time renew_at{};
  };
  std::optional<Listed> listed_{};
};

}  // namespace astro::detail
