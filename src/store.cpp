// SPDX-License-Identifier: BSD-3-Clause
#include "astro/store.hpp"

namespace astro {

Store::~Store() = default;

}  // namespace astro
