// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace astro {

/// As the build file has it; a test compares the two.
inline constexpr const char* version = "0.1.0";

}  // namespace astro
