// SPDX-License-Identifier: BSD-3-Clause
#include "astro/guard.hpp"

namespace astro {

MountGuard::~MountGuard() = default;

}  // namespace astro
