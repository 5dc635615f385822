// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "astro/site.hpp"

namespace astro::messaging {

/// Throws `invalid_site` when the site has no transport over which nodes and who commands them could meet. `doing`:
/// what needs one.
void check_meets(const Site& site, const std::string& doing);

}  // namespace astro::messaging
