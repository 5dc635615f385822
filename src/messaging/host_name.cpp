// SPDX-License-Identifier: BSD-3-Clause
#include "messaging/host_name.hpp"

#include <unistd.h>

namespace astro::messaging {

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

}  // namespace astro::messaging
