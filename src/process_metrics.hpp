// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "astro/metrics.hpp"

namespace astro::detail {

/// Of this process, under the names that all of Prometheus' clients use, and which build it is.
void tell_of_process(MetricWriter& writer);

}  // namespace astro::detail
