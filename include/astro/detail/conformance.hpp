// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "astro/export.hpp"
#include "astro/registry.hpp"

// For the program that `run_conformance` starts. Nothing here is for users.
namespace astro::detail {

/// Set in the environment of that program.
inline constexpr const char* conformance_variable = "ASTRO_CONFORMANCE";

/// The whole life of a process that tries one check. Returns what `main` returns.
ASTRO_API int serve_conformance(Registry& registry = Registry::shared());

}  // namespace astro::detail
