// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

namespace astro::messaging {

/// Of this machine; empty when it has none.
std::string host_name();

}  // namespace astro::messaging
