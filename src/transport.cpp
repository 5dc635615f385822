// SPDX-License-Identifier: BSD-3-Clause
#include "astro/transport.hpp"

#include "astro/error.hpp"

namespace astro {

Subscriber::~Subscriber() = default;
Transport::~Transport() = default;

void Transport::last_will(const Message&) {
  throw Error(ErrorCode::unsupported, "last_will: this transport cannot speak for whoever vanished");
}

}  // namespace astro
