// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <span>

#include "astro/observing/program.hpp"

namespace astro {
struct Site;
}

namespace astro::detail {

/// How many of all steps of an observation its `until_rms` is expected to need: whole passes; all of them where nobody
/// asked for it, where the site says no `tsys`, and where they are not enough.
std::size_t steps_until_rms(const Site& site, const ObservationRequest& request, std::span<const Step> steps);

}  // namespace astro::detail
