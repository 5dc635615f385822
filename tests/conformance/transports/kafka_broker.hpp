// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "testing/server.hpp"

namespace astro::testing {

/// One for all tests of this process that do it no harm: it takes seconds to come up.
const Server& kafka_broker();

}  // namespace astro::testing
