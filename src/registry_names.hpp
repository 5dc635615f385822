// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "astro/registry.hpp"

namespace astro::detail {

/// The plugin that brings a driver: "simulator" for "simulator.environment".
std::string plugin_of(std::string_view driver);

/// Keys that every device of a site file has: `driver`, `runs`, `mount`, ...
const std::vector<std::string>& reserved_keys();
bool is_reserved_key(std::string_view key);

/// Sections that the core reads itself: `site`, `mounts`, ..., `clock`.
const std::vector<std::string>& own_sections();
bool is_own_section(std::string_view name);

/// The nearest name among the drivers of that kind and the plugins that lie on the path, or empty.
std::string nearest_driver(const Registry& registry, DeviceKind kind, const std::string& name);
/// "there is no mount driver "gs23": searched /a, /b for astro_gs23.so".
std::string no_such_driver(const Registry& registry, DeviceKind kind, const std::string& name);

}  // namespace astro::detail
