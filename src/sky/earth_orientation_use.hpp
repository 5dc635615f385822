// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "astro/sky/earth_orientation.hpp"

namespace astro::sky {

/// What is wrong with this table at that time; empty: nothing.
std::string orientation_warning(const EarthOrientation* table, Time time);

/// Tells the listener, the first time that a table does not have a time. Cheap where it does.
void warn_once(const EarthOrientation* table, Time time);

}  // namespace astro::sky
