// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <string>

#include "astro/observatory.hpp"

/// What several commands make of their arguments.
namespace astro::cli {

/// The device that is asked for, or the only one of its kind; throws `invalid_argument` naming the option.
std::string only(const Observatory& observatory, DeviceKind kind, const std::string& asked, const std::string& option);

/// The clock of `--at` and `--fast`; null without them. Throws `invalid_argument` where a mount or a
/// receiver is no simulator: a simulated clock drives nothing real.
std::shared_ptr<Clock> simulated_clock(const Site& site, const std::string& at, bool fast);

/// Who does it: as given, or your login. Throws `invalid_argument` where neither is known.
std::string person(const std::string& by);

}  // namespace astro::cli
