// SPDX-License-Identifier: BSD-3-Clause
#include "registry_names.hpp"

#include <algorithm>

#include "astro/field.hpp"
#include "plugin_file.hpp"
#include "plugin_folders.hpp"
#include "text.hpp"

namespace astro::detail {

std::string plugin_of(std::string_view driver) { return std::string(driver.substr(0, driver.find('.'))); }

const std::vector<std::string>& reserved_keys() {
  static const std::vector<std::string> keys{"driver", "runs", "mount", "limits", "pointing", "bare", "simulate"};
  return keys;
}

bool is_reserved_key(std::string_view key) {
  const auto& keys = reserved_keys();
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

const std::vector<std::string>& own_sections() {
  static const std::vector<std::string> names{"site",       "mounts", "receivers", "controllers",
                                              "transports", "stores", "clock"};
  return names;
}

bool is_own_section(std::string_view name) {
  const auto& names = own_sections();
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string nearest_driver(const Registry& registry, DeviceKind kind, const std::string& name) {
  std::vector<std::string> known;
  std::vector<std::string> other_plugins;
  for (const DriverDescription& driver : registry.drivers()) {
    if (driver.kind == kind) known.push_back(driver.name);
    else if (!driver.plugin.empty()) other_plugins.push_back(driver.plugin);
  }
  for (const auto& file : all_plugins(registry.plugin_folders())) {
    std::string plugin = plugin_name(file);
    // One that is loaded and brought nothing of this kind is no help.
    if (std::find(other_plugins.begin(), other_plugins.end(), plugin) == other_plugins.end()) {
      known.push_back(std::move(plugin));
    }
  }
  return nearest(name, known);
}

std::string no_such_driver(const Registry& registry, DeviceKind kind, const std::string& name) {
  return "there is no " + std::string(to_string(kind)) + " driver " + text::quoted(name) + ": " +
         searched(registry.plugin_folders()) + " for astro_" + plugin_of(name) + ".so";
}

}  // namespace astro::detail
