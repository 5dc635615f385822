// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include "astro/registry.hpp"

namespace astro::cli {

/// The drivers of this name, one of each kind that there is. Throws `not_found` with the nearest known name, and what a
/// plugin was refused for.
std::vector<DriverDescription> drivers_named(const std::string& name);

}  // namespace astro::cli
