// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "signal/kernels/kernels.hpp"

namespace astro::signal {

/// Those that this processor can run, the plainest first.
std::vector<const Kernels*> usable_kernels();

/// The last of them, or the one that the environment variable ASTRO_KERNELS names, if this
/// processor can run it: for comparing, and for finding a fault.
const Kernels& kernels() noexcept;

}  // namespace astro::signal
