// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "astro/trace.hpp"

namespace astro::detail {

/// Of which span a command is: for who tells what became of it, long after it was given. The last few thousand are
/// known.
void remember_trace(const std::string& command_id, const TraceContext& context);
TraceContext trace_of(const std::string& command_id);

}  // namespace astro::detail
