// SPDX-License-Identifier: BSD-3-Clause
#include "astro/receiver.hpp"

namespace astro {

Receiver::~Receiver() = default;

}  // namespace astro
