// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sys/types.h>

#include <memory>

#include "astro/clock.hpp"

namespace astro::detail {

/// How a simulated clock is carried into another process: all of them show one time, and a hold of one holds all.
/// clock.cpp fills it in, since what a clock is made of is known there alone.
struct ClockSharing {
  int (*file)(const Clock& clock) = nullptr;                      ///< of its page; -1: the system's clock
  std::shared_ptr<Clock> (*over)(int file) = nullptr;             ///< the clock of such a page, whose file it takes
  void (*release_holds)(const Clock& clock, pid_t of) = nullptr;  ///< of a process that is gone
};
extern ClockSharing clock_sharing;

}  // namespace astro::detail
