// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "astro/export.hpp"
#include "astro/registry.hpp"

// The two ends of a driver in a process of its own (docs/reference/apart.md), for the programs that are one and for
// the language bindings. Nothing here is for users.
namespace astro::detail {

/// What is started for a driver.
struct Program {
  std::vector<std::string> arguments{};                            ///< the first one is the executable
  std::vector<std::pair<std::string, std::string>> environment{};  ///< beside that of this process
};

/// The program that has this driver, which no plugin brings: that of a language's own drivers.
ASTRO_API void remember_program(DeviceKind kind, const std::string& driver, Program program);

/// The whole life of a driver's process: takes calls from the process that started it until that one ends it or is
/// gone. Drivers are found in the registry. Returns what `main` returns.
ASTRO_API int serve_apart(Registry& registry = Registry::shared());

}  // namespace astro::detail
