// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <vector>

#include "astro/mount.hpp"
#include "observing/forbidden_sky.hpp"

namespace astro::detail {

/// Where a way begins: the axes may still be turning, and rest a little further on.
struct WayFrom {
  Axes axes{};
  Axes rests{};
};

struct WayOptions {
  bool parking = false;  ///< the horizon's line does not count
};

/// Way points to the goal, or nothing when no way is found that passes no forbidden sky. The goal
/// itself is to be free.
std::optional<std::vector<Axes>> safe_way(const SkyRules& rules, const MountDescription& mount, const WayFrom& from,
                                          const Axes& to, Time time, const WayOptions& options = {});

/// Whether all that is forbidden gets no nearer than it is at the start anywhere on the straight line from
/// there: what is free stays free, and who is within comes out.
bool keeps_clear(const ForbiddenSky& sky, const Axes& from, const Axes& to, double tolerance);

}  // namespace astro::detail
