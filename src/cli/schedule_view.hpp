// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <ostream>
#include <span>
#include <string>

#include "astro/observing/schedule.hpp"

namespace astro::cli {

/// A schedule as `astro queue simulate --json` prints it: keys that end in their unit.
Value to_json_value(const Schedule& schedule);

/// A table of what runs when and why, a drawing (each request a row: dots while it is up, dashes
/// while the mount slews to it, blocks while it is observed), and why the others wait.
void show(std::ostream& out, const Schedule& schedule, const Site& site, std::span<const QueuedRequest> queue);

}  // namespace astro::cli
