// SPDX-License-Identifier: BSD-3-Clause
#include "astro/log.hpp"
#include "astro/sky/earth_orientation.hpp"

namespace astro {

namespace {

// The room `sky` computes and knows no log: what it has to say goes from here.
[[maybe_unused]] const bool listens = [] {
  sky::set_earth_orientation_listener([](const std::string& warning) {
    log(LogLevel::warning, "sky", warning + "; in a site file: `site: {earth_orientation: FILE}`");
  });
  return true;
}();

}  // namespace

}  // namespace astro
