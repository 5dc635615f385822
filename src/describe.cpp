// SPDX-License-Identifier: BSD-3-Clause
#include "astro/describe.hpp"

#include <algorithm>
#include <cmath>

#include "astro/error.hpp"
#include "astro/observatory.hpp"

namespace astro {

namespace {

template <class Described>
List describe_all(const std::vector<Described>& all) {
  List list;
  for (const Described& each : all) list.push_back(describe(each));
  return list;
}

bool is_device(const DeviceEntry& entry) noexcept {
  return entry.kind == DeviceKind::mount || entry.kind == DeviceKind::receiver || entry.kind == DeviceKind::controller;
}

Value describe_device(const Observatory& site, const DeviceEntry& entry) {
  Value told;
  told.set("device", entry.name).set("kind", to_string(entry.kind)).set("driver", entry.driver);
  told.set("bare", entry.bare).set("node", entry.node).set("mount", entry.mount);
  List points;
  for (const Field& field : site.points(entry.name)) {
    Value point;
    point.set("id", entry.bare ? field.name : entry.name + '.' + field.name);
    const Value described = describe(field);
    for (const auto& [key, value] : described.as_map()) point.set(key, value);
    points.push_back(std::move(point));
  }
  told.set("points", std::move(points)).set("commands", describe_all(site.commands(entry.name)));
  return told;
}

}  // namespace

Value describe(const Field& field) {
  Value told;
  told.set("name", field.name).set("type", to_string(field.type)).set("unit", field.unit);
  told.set("required", field.required).set("says", field.says);
  if (!field.secret) told.set("default", field.default_value);
  if (std::isfinite(field.min)) told.set("min", field.min);
  if (std::isfinite(field.max)) told.set("max", field.max);
  if (!field.choices.empty()) told.set("choices", List(field.choices.begin(), field.choices.end()));
  if (!field.members.empty()) told.set("members", describe_all(field.members));
  return told;
}

Value describe(const CommandDescription& command) {
  Value told;
  told.set("command", command.name).set("says", command.says).set("expected_s", seconds(command.expected));
  told.set("parameters", describe_all(command.parameters));
  return told;
}

Value describe(const DriverDescription& driver) {
  Value told;
  told.set("driver", driver.name).set("kind", to_string(driver.kind)).set("says", driver.says);
  told.set("plugin", driver.plugin).set("version", driver.version);
  told.set("settings", describe_all(driver.settings.fields));
  if (driver.kind != DeviceKind::controller) return told;
  told.set("points", describe_all(driver.controller.points));
  told.set("commands", describe_all(driver.controller.commands));
  return told;
}

Value describe(const Observatory& site, const std::string& device) {
  std::vector<std::string> names;
  for (const DeviceEntry& entry : site.site().devices) {
    if (!is_device(entry)) continue;
    if (entry.name == device) return describe_device(site, entry);
    names.push_back(entry.name);
  }
  const std::string near = nearest(device, names);
  throw Error(ErrorCode::not_found, "describing a device: the site has no mount, receiver or controller \"" + device +
                                        '"' + (near.empty() ? "" : "; did you mean \"" + near + "\"?"));
}

Value describe(const Observatory& site) {
  List all;
  for (const DeviceEntry& entry : site.site().devices) {
    if (is_device(entry)) all.push_back(describe_device(site, entry));
  }
  return all;
}

}  // namespace astro
