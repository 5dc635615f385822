// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <string>

#include "astro/detail/apart.hpp"
#include "astro/site.hpp"

// Where a driver runs: `runs:` of its device.
namespace astro::detail {

/// The key under which a device's settings say where its driver runs; none: here. Drivers cannot have it themselves.
inline constexpr const char* runs_key = "runs";

/// A program's driver becomes one of the registry: asked what it can do, and made apart. Returns its name there, which
/// is `label`, and asks only once. Throws what `describe_apart` throws.
std::string enrol_program(Registry& registry, DeviceKind kind, const std::string& label, const Program& program,
                          const std::string& driver);

/// The program that runs a driver written in Python.
Program python_program(const std::string& module);

/// The device's driver, wherever it runs. Throws `unsupported` when it cannot run there.
std::unique_ptr<Driver> make_placed(Registry& registry, const DriverDescription& description, const DeviceEntry& entry);

}  // namespace astro::detail
