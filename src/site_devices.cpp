// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <cmath>

#include "astro/error.hpp"
#include "registry_names.hpp"
#include "site_reader.hpp"
#include "text.hpp"

// The devices of a site file: what each has whatever its driver, and its driver's settings.
namespace astro::detail {

using yaml::Entry;
using yaml::Node;
using yaml::Place;

namespace {

constexpr double tolerance_deg = 1e-9;  // of what was written in degrees, radians or hours

std::array<std::string, 2> axes_of(Geometry geometry) {
  switch (geometry) {
    case Geometry::alt_az:
      return {"azimuth", "altitude"};
    case Geometry::hour_angle_dec:
      return {"hour_angle", "declination"};
    case Geometry::ra_dec:
      return {"right_ascension", "declination"};
  }
  return {};
}

std::string shown(const AxisRange& range) {
  const auto degrees_of = [](Angle angle) { return text::of(std::round(angle.degrees() * 1e9) / 1e9) + " deg"; };
  return degrees_of(range.from) + " to " + degrees_of(range.to);
}

// Reserved keys that may stand at a device of this kind.
std::vector<std::string> common_keys(DeviceKind kind) {
  std::vector<std::string> keys{"driver", "runs", "bare", "simulate"};
  if (kind == DeviceKind::receiver) keys.emplace_back("mount");
  if (kind == DeviceKind::mount) keys.insert(keys.end(), {"limits", "pointing"});
  return keys;
}

Node without(const Node& node, const std::vector<std::string>& keys) {
  Node rest = node;
  std::erase_if(rest.map,
                [&](const Entry& entry) { return std::find(keys.begin(), keys.end(), entry.key) != keys.end(); });
  return rest;
}

}  // namespace

void SiteReader::read_devices(const Node& root) {
  std::vector<std::pair<DeviceKind, const Entry*>> all;
  for (const Entry& section : root.map) {
    for (const DeviceKind kind :
         {DeviceKind::mount, DeviceKind::receiver, DeviceKind::controller, DeviceKind::transport, DeviceKind::store}) {
      if (section.key != section_of(kind)) continue;
      for (const Entry& device : section.value->map) all.emplace_back(kind, &device);
    }
  }
  for (const auto& [kind, entry] : all) read_device(kind, *entry);
  keep_archives_apart();
}

void SiteReader::read_device(DeviceKind kind, const Entry& entry) {
  const Node& node = *entry.value;
  if (node.kind != Node::Kind::map) {
    reader_.complain(entry.place, text::quoted(entry.key) + ": expected a map with the key driver, is " +
                                      std::string(describe(node)));
    return;
  }
  DeviceEntry device;
  device.kind = kind, device.name = entry.key, device.line = entry.place.line;
  const std::string runs_on = read_runs(kind, node);
  const bool is_here = kind == DeviceKind::transport || options_.simulate || runs_on == options_.node;
  if (!is_here) device.node = runs_on;
  read_mount(device, node);
  read_bare(device, node);
  if (kind == DeviceKind::mount) refuse_pointing(node);
  if (const auto driver = read_driver(kind, node, entry.place)) {
    device.driver = driver->name;
    // Keys of other kinds are refused in words of their own by those who read them.
    device.settings =
        reader_.record(driver->settings.fields, without(node, reserved_keys()), entry.place, common_keys(kind));
    read_limits(device, node, *driver);
    simulate(device, node, entry.place);
    place_on_node(device);
  }
  // Seen from a node, the devices of other nodes are there too, and nobody else's; stores are for one process each.
  const bool is_elsewhere = !is_here && (runs_on.empty() || kind == DeviceKind::store);
  if (!is_elsewhere) site_.devices.push_back(std::move(device));
}

std::optional<DriverDescription> SiteReader::read_driver(DeviceKind kind, const Node& device, Place place) {
  const Entry* entry = device.find("driver");
  if (entry == nullptr) {
    reader_.complain(place,
                     "\"driver\" is missing: expected the name of a " + std::string(to_string(kind)) + " driver");
    return std::nullopt;
  }
  const auto name = reader_.scalar(*entry->value, entry->place, "the name of a driver");
  if (!name) return std::nullopt;
  return find_driver(kind, *name, entry->value->place);
}

std::optional<DriverDescription> SiteReader::find_driver(DeviceKind kind, const yaml::Scalar& name, Place place) {
  try {
    return registry_.find(kind, name.text);
  } catch (const Error& failure) {
    if (!name.environment.empty()) {
      reader_.complain(place, "there is no " + std::string(to_string(kind)) +
                                  " driver with the name that the environment variable " + name.environment + " holds");
    } else if (failure.code() == ErrorCode::not_found) {
      reader_.complain(place, no_such_driver(registry_, kind, name.text), nearest_driver(registry_, kind, name.text));
    } else {
      reader_.complain(place, failure.what());
    }
  }
  return std::nullopt;
}

std::string SiteReader::read_runs(DeviceKind kind, const Node& device) {
  const Entry* entry = device.find("runs");
  if (entry == nullptr) return {};
  if (entry->value->kind == Node::Kind::map) {
    const Entry* node = entry->value->find("node");
    if (node == nullptr || entry->value->map.size() != 1) {
      reader_.complain(entry->value->place, "\"runs\": expected here, or {node: NAME}");
      return {};
    }
    const auto name = reader_.scalar(*node->value, node->place, "the name of a node");
    if (!name) return {};
    if (!is_name(name->text)) {
      reader_.complain(node->value->place, text::quoted(name->text) + " is no node's name: expected " + name_form);
      return {};
    }
    if (kind == DeviceKind::transport) {
      reader_.complain(entry->place, "\"runs\": a transport runs in every process that uses it: leave it out");
      return {};
    }
    return name->text;
  }
  const auto where = reader_.scalar(*entry->value, entry->place, "where the driver runs: here, or {node: NAME}");
  if (!where || where->text == "here") return {};
  reader_.complain(entry->value->place, "\"runs\": expected here, or {node: NAME}", nearest(where->text, {"here"}));
  return {};
}

// What another process serves is reached by the driver `remote`, which the room of messages brings.
void SiteReader::place_on_node(DeviceEntry& device) const {
  if (device.node.empty()) return;
  Value settings;
  settings.set("site", site_.slug()).set("node", device.node).set("of", device.driver);
  device.driver = "remote";
  device.settings = std::move(settings);
}

void SiteReader::read_mount(DeviceEntry& device, const Node& node) {
  const Entry* entry = node.find("mount");
  if (entry == nullptr) return;
  if (device.kind != DeviceKind::receiver) {
    reader_.complain(entry->place, "\"mount\" stands at a " + std::string(to_string(device.kind)) +
                                       ": only a receiver sits on a mount");
    return;
  }
  Field field;
  field.name = "mount", field.type = FieldType::text, field.names = "mount";
  if (const auto name = reader_.value(field, *entry->value, entry->place)) device.mount = name->as_text();
}

void SiteReader::read_bare(DeviceEntry& device, const Node& node) {
  const Entry* entry = node.find("bare");
  if (entry == nullptr) return;
  Field field;
  field.name = "bare", field.type = FieldType::boolean;
  const auto bare = reader_.value(field, *entry->value, entry->place);
  if (!bare || !bare->as_bool()) return;
  device.bare = true;
  if (!bare_.empty()) {
    reader_.complain(entry->place, "\"bare\": " + text::quoted(bare_) +
                                       " is bare already, and the points of two would have the same names");
  } else {
    bare_ = device.name;
  }
}

void SiteReader::refuse_pointing(const Node& node) {
  if (const Entry* entry = node.find("pointing")) {
    reader_.complain(entry->place,
                     "\"pointing\": pointing models are not read yet. Leave it out, and let the mount's "
                     "controller correct what it can");
  }
}

void SiteReader::read_limits(DeviceEntry& device, const Node& node, const DriverDescription& driver) {
  for (const char* key : {"limits", "pointing"}) {
    const Entry* foreign = device.kind == DeviceKind::mount ? nullptr : node.find(key);
    if (foreign == nullptr) continue;
    reader_.complain(foreign->place, text::quoted(key) + " stands at a " + std::string(to_string(device.kind)) +
                                         ": only a mount has it");
  }
  const Entry* entry = device.kind == DeviceKind::mount ? node.find("limits") : nullptr;
  if (entry == nullptr) return;
  const auto axes = axes_of(driver.mount.geometry);
  if (entry->value->kind != Node::Kind::map) {
    reader_.complain(entry->place, "\"limits\": expected a map such as {" + axes[0] + ": [0 deg, 360 deg]}, is " +
                                       std::string(describe(*entry->value)));
    return;
  }
  for (const Entry& axis : entry->value->map) {
    if (axis.key == axes[0] || axis.key == axes[1]) continue;
    reader_.complain(axis.place,
                     text::quoted(axis.key) + " is no axis of this mount: known are " + axes[0] + ", " + axes[1],
                     nearest(axis.key, {axes[0], axes[1]}));
  }
  MountLimits limits{driver.mount.first, driver.mount.second};
  read_axis(limits.first, axes[0], *entry->value);
  read_axis(limits.second, axes[1], *entry->value);
  device.limits = limits;
}

void SiteReader::read_axis(AxisRange& range, const std::string& axis, const Node& limits) {
  const Entry* entry = limits.find(axis);
  if (entry == nullptr) return;
  Field field;
  field.name = axis, field.type = FieldType::list, field.element = FieldType::angle, field.unit = "deg",
  field.length = 2;
  const auto pair = reader_.value(field, *entry->value, entry->place);
  if (!pair) return;
  const AxisRange given{degrees(pair->as_list()[0].as_number()), degrees(pair->as_list()[1].as_number())};
  const Angle tolerance = degrees(tolerance_deg);
  if (!(given.from < given.to)) {
    reader_.complain(entry->value->place,
                     text::quoted(axis) + ": the range " + shown(given) + " is empty: write the smaller angle first");
  } else if (given.from < range.from - tolerance || given.to > range.to + tolerance) {
    reader_.complain(entry->value->place,
                     text::quoted(axis) + ": " + shown(given) + " is beyond what the mount can reach, " + shown(range));
  } else {
    range = given;
  }
}

}  // namespace astro::detail
