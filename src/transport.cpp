// SPDX-License-Identifier: BSD-3-Clause
#include "astro/transport.hpp"

namespace astro {

Subscriber::~Subscriber() = default;
Transport::~Transport() = default;

}  // namespace astro
