// SPDX-License-Identifier: BSD-3-Clause
#include "placement.hpp"

#include <algorithm>
#include <cstdlib>

#include "apart_drivers.hpp"
#include "astro/error.hpp"

namespace astro::detail {

std::string enrol_program(Registry& registry, DeviceKind kind, const std::string& label, const Program& program,
                          const std::string& driver) {
  const auto known = registry.drivers();
  const bool is_known = std::ranges::any_of(
      known, [&](const DriverDescription& each) { return each.kind == kind && each.name == label; });
  if (is_known) return label;
  DriverDescription description = describe_apart(program, kind, driver);
  const std::string name = description.name;
  description.name = label;
  description.plugin.clear();
  description.version.clear();
  registry.add(description, [=, folders = registry.plugin_folders()](const Value& settings) {
    return make_apart({program, name, description, settings, folders});
  });
  return label;
}

Program python_program(const std::string& module) {
  const char* chosen = std::getenv("ASTRO_PYTHON");
  return {.arguments = {chosen == nullptr ? "python3" : chosen, "-m", "astro.apart", module}, .environment = {}};
}

std::unique_ptr<Driver> make_placed(Registry& registry, const DriverDescription& description,
                                    const DeviceEntry& entry) {
  Value settings = Map{};
  for (const auto& [key, value] : entry.settings.is_null() ? Map{} : entry.settings.as_map()) {
    if (key != runs_key) settings.set(key, value);
  }
  const Value* runs = entry.settings.find(runs_key);
  if (runs == nullptr || *runs == Value("here")) return registry.make(entry.kind, entry.driver, settings);
  if (*runs != Value("apart")) {
    throw Error(ErrorCode::unsupported, "it is to run " + to_json(*runs) + ": expected here or apart");
  }
  const bool is_plugins = !description.plugin.empty();
  Program program = is_plugins ? driver_program() : remembered_program(entry.kind, entry.driver);
  if (program.arguments.empty()) {
    throw Error(ErrorCode::unsupported, "the driver " + entry.driver +
                                            " belongs to this program alone and cannot run apart: put it into a "
                                            "plugin, or a Python driver into a module");
  }
  return make_apart({std::move(program), entry.driver, description, std::move(settings), registry.plugin_folders()});
}

}  // namespace astro::detail
