// SPDX-License-Identifier: BSD-3-Clause
#include "cli/choices.hpp"

#include <cstdlib>

#include "astro/error.hpp"

namespace astro::cli {

namespace {

/// As fast as the machine can, at most so much faster: while samples stream, the clock waits for them.
constexpr double fast_speed = 60.0;

}  // namespace

std::string only(const Observatory& observatory, DeviceKind kind, const std::string& asked, const std::string& option) {
  if (!asked.empty()) return asked;
  const std::vector<std::string> names = observatory.names(kind);
  if (names.size() == 1) return names.front();
  throw Error(ErrorCode::invalid_argument, "the site has " + std::to_string(names.size()) + " " +
                                               std::string(to_string(kind)) + "s; say which one: " + option + " NAME");
}

std::shared_ptr<Clock> simulated_clock(const Site& site, const std::string& at, bool fast) {
  if (!fast && at.empty()) return nullptr;
  for (const DeviceEntry& device : site.devices) {
    const bool hardware = device.kind == DeviceKind::mount || device.kind == DeviceKind::receiver;
    if (hardware && !device.driver.starts_with("simulator")) {
      throw Error(ErrorCode::invalid_argument, "--fast and --at need simulated devices, but '" + device.name +
                                                   "' is driven by '" + device.driver + "'; add --simulate");
    }
  }
  const Time start = at.empty() ? site.clock_start.value_or(Clock::system()->now()) : parse_time(at);
  return Clock::simulated(start, fast ? fast_speed : 1.0);
}

std::string person(const std::string& by) {
  if (!by.empty()) return by;
  const char* login = std::getenv("USER");
  if (login != nullptr) return login;
  throw Error(ErrorCode::invalid_argument, "it is written down who does this: give --by");
}

}  // namespace astro::cli
