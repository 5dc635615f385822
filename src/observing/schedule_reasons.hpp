// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "observing/schedule_candidate.hpp"

namespace astro::detail {

/// Why a request waits, in a sentence that is true of this schedule.
WaitingRequest reason_to_wait(ScheduleGround& ground, const Candidate& candidate,
                              const std::vector<ScheduledRequest>& entries);

/// Why an entry has its turn. `idle_before`: whether the telescope waited for it; `rivals`: the others
/// that could begin at the same time.
void explain(ScheduledRequest& entry, const ScheduleGround& ground, const Candidate& candidate, bool idle_before,
             const std::vector<const Candidate*>& rivals);

}  // namespace astro::detail
