// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <cmath>

#include "astro/error.hpp"
#include "placement.hpp"
#include "registry_names.hpp"
#include "site_reader.hpp"
#include "text.hpp"

// The devices of a site file: what each has whatever its driver, and its driver's settings.
namespace astro::detail {

using yaml::Entry;
using yaml::Node;
using yaml::Place;

namespace {

constexpr Angle most_bend = degrees(5);
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

/// Of a pointing model; throws for right ascension.
std::vector<std::string> terms_of(Geometry geometry) {
  const auto terms = sky::pointing_terms(geometry);
  return {terms.begin(), terms.end()};
}

std::string listed(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  return all;
}

bool is_python(const Node& device) {
  const Entry* driver = device.find("driver");
  return driver != nullptr && driver->value->kind == Node::Kind::scalar && driver->value->text == "python";
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
  const auto runs = read_runs(kind, node);
  read_mount(device, node);
  read_bare(device, node);
  if (!runs) return site_.devices.push_back(std::move(device));
  if (!runs->is_here) device.node = runs->node;
  if (const auto name = runs->is_here ? std::nullopt : unknown_driver(kind, node, *runs)) {
    device.driver = *name;
    read_pointing(device, node, nullptr);
    place_on_node(device);
  } else if (const auto driver = runs->driver ? runs->driver : read_driver(kind, node, entry.place)) {
    device.driver = driver->name;
    // Keys of other kinds are refused in words of their own by those who read them.
    Node settings = without(node, reserved_keys());
    if (is_python(node)) settings = without(settings, {"module", "name"});
    device.settings = reader_.record(driver->settings.fields, settings, entry.place, common_keys(kind));
    read_limits(device, node, *driver);
    read_pointing(device, node, &*driver);
    simulate(device, node, entry.place);
    if (runs->apart) device.settings.set(runs_key, "apart");
    place_on_node(device);
  }
  // Seen from a node, the devices of other nodes are there too, and nobody else's; stores are for one process each.
  const bool is_elsewhere = !runs->is_here && (runs->node.empty() || kind == DeviceKind::store);
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

std::optional<SiteReader::Runs> SiteReader::read_runs(DeviceKind kind, const Node& device) {
  Runs runs;
  const Entry* entry = device.find(runs_key);
  const bool is_map = entry != nullptr && entry->value->kind == Node::Kind::map;
  if (is_map) {
    if (!read_node(kind, *entry, runs)) return std::nullopt;
  } else if (entry != nullptr && !read_place_of_driver(kind, *entry, runs)) {
    return std::nullopt;
  }
  runs.is_here = kind == DeviceKind::transport || options_.simulate || runs.node == options_.node;
  const Entry* driver = device.find("driver");
  const Entry* program = is_map ? entry->value->find("apart") : nullptr;
  const bool is_of_python = driver != nullptr && is_python(device);
  if (!runs.is_here) {
    // Its node may have what this machine has not: then it is looked at there.
    runs.is_unknown = is_of_python || program != nullptr;
    return runs;
  }
  if (is_of_python) return read_python(kind, device, *driver, std::move(runs));
  if (program != nullptr) return read_program(kind, device, *entry, std::move(runs));
  return runs;
}

/// `runs: here` or `runs: apart`.
bool SiteReader::read_place_of_driver(DeviceKind kind, const Entry& entry, Runs& runs) {
  const bool is_device = kind != DeviceKind::transport && kind != DeviceKind::store;
  const auto where = reader_.scalar(*entry.value, entry.place, "where the driver runs: here, apart or {node: NAME}");
  if (!where) return false;
  if (where->text == "here") return true;
  runs.apart = where->text == "apart" && is_device;
  if (runs.apart) return true;
  if (!is_device) {
    reader_.complain(entry.value->place, "\"runs\": a " + std::string(to_string(kind)) +
                                             " runs in this process: write here, or leave it out");
  } else {
    reader_.complain(entry.value->place,
                     "\"runs\": there is no place " + text::quoted(where->text) +
                         ": expected here, apart (a process of its own), {apart: PROGRAM} or "
                         "{node: NAME}",
                     nearest(where->text, {"here", "apart"}));
  }
  return false;
}

/// `runs: {node: NAME}`, with or without a program.
bool SiteReader::read_node(DeviceKind kind, const Entry& runs_entry, Runs& runs) {
  const Node& map = *runs_entry.value;
  const bool is_device = kind != DeviceKind::transport && kind != DeviceKind::store;
  const bool is_known = !map.map.empty() && std::all_of(map.map.begin(), map.map.end(), [&](const Entry& entry) {
    return entry.key == "node" || (entry.key == "apart" && is_device);
  });
  if (!is_known) {
    reader_.complain(map.place,
                     "\"runs\": expected here, apart (a process of its own), {apart: PROGRAM} or {node: NAME}");
    return false;
  }
  const Entry* node = map.find("node");
  if (node == nullptr) return true;
  const auto name = reader_.scalar(*node->value, node->place, "the name of a node");
  if (!name) return false;
  if (!is_name(name->text)) {
    reader_.complain(node->value->place, text::quoted(name->text) + " is no node's name: expected " + name_form);
    return false;
  }
  if (kind == DeviceKind::transport) {
    reader_.complain(runs_entry.place, "\"runs\": a transport runs in every process that uses it: leave it out");
    return false;
  }
  runs.node = name->text;
  return true;
}

/// `runs: {apart: PROGRAM}`: one of somebody's own that speaks the protocol.
std::optional<SiteReader::Runs> SiteReader::read_program(DeviceKind kind, const Node& device, const Entry& entry,
                                                         Runs runs) {
  const Entry* apart = entry.value->find("apart");
  const std::string given = text_of(*entry.value, "apart", "the path of a program");
  if (given.empty()) return std::nullopt;
  const std::string program = reader_.resolved(given).string();
  const std::string driver = device.find("driver") == nullptr ? "" : text_of(device, "driver", "the name of a driver");
  const std::string label = driver.empty() ? program : program + ' ' + driver;
  try {
    runs.driver = registry_.find(kind, enrol_program(registry_, kind, label, {{program}, {}}, driver));
    return runs;
  } catch (const Error& failure) {
    reader_.complain(apart->value->place, failure.what());
    return std::nullopt;
  }
}

/// `driver: python`: in a process of its own wherever the site is opened, so that any program can have it.
std::optional<SiteReader::Runs> SiteReader::read_python(DeviceKind kind, const Node& device, const Entry& driver,
                                                        Runs runs) {
  const std::string module = text_of(device, "module", "the Python module that registers the driver");
  if (module.empty()) return std::nullopt;
  const std::string name = device.find("name") == nullptr ? "" : text_of(device, "name", "the name of the driver");
  const std::string label = "python " + module + (name.empty() ? "" : ' ' + name);
  try {
    runs.driver = registry_.find(kind, enrol_program(registry_, kind, label, python_program(module), name));
    return runs;
  } catch (const Error& failure) {
    reader_.complain(driver.value->place, failure.what());
    return std::nullopt;
  }
}

// A driver that this machine has not, and need not have.
std::optional<std::string> SiteReader::unknown_driver(DeviceKind kind, const Node& device, const Runs& runs) {
  const Entry* entry = device.find("driver");
  const auto name =
      entry == nullptr ? std::nullopt : reader_.scalar(*entry->value, entry->place, "the name of a driver");
  if (!name) return runs.is_unknown ? std::optional<std::string>("") : std::nullopt;
  if (runs.is_unknown) return name->text;
  try {
    (void)registry_.find(kind, name->text);
    return std::nullopt;
  } catch (const Error&) {
    return name->text;
  }
}

// What another process serves is reached by the driver `remote`, which the room of messages brings.
void SiteReader::place_on_node(DeviceEntry& device) const {
  if (device.node.empty()) return;
  Value settings;
  settings.set("site", site_.slug()).set("node", device.node).set("of", device.driver);
  device.driver = "remote";
  device.settings = std::move(settings);
}

/// The text of a key that must be there, or nothing when there was a problem.
std::string SiteReader::text_of(const Node& device, const char* key, std::string_view expected) {
  const Entry* entry = device.find(key);
  if (entry == nullptr) {
    reader_.complain(device.place, text::quoted(key) + " is missing: expected " + std::string(expected));
    return {};
  }
  const auto found = reader_.scalar(*entry->value, entry->place, expected);
  if (found && found->text.empty()) {
    reader_.complain(entry->place, text::quoted(key) + " is empty: expected " + std::string(expected));
  }
  return found ? found->text : std::string();
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
  else device.mount = entry->value->text;  // that is told: nobody is to say that it has none
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

void SiteReader::read_pointing(DeviceEntry& device, const Node& node, const DriverDescription* driver) {
  const Entry* entry = device.kind == DeviceKind::mount ? node.find("pointing") : nullptr;
  if (entry == nullptr) return;
  if (entry->value->kind != Node::Kind::map) {
    reader_.complain(entry->place, "\"pointing\": expected a map of terms such as {IA: 0.4 deg, IE: -0.2 deg}, is " +
                                       std::string(describe(*entry->value)));
    return;
  }
  std::vector<std::string> known;
  try {
    if (driver != nullptr) known = terms_of(driver->mount.geometry);
  } catch (const Error& error) {
    reader_.complain(entry->place, std::string("\"pointing\": ") + error.what());
    return;
  }
  for (const Entry& term : entry->value->map) {
    if (driver != nullptr && std::ranges::find(known, term.key) == known.end()) {
      reader_.complain(
          term.place,
          "\"pointing\" has no term " + text::quoted(term.key) + " for this mount: known are " + listed(known),
          nearest(term.key, known));
      continue;
    }
    Field field;
    field.name = term.key, field.type = FieldType::angle, field.unit = "deg";
    field.min = -180, field.max = 180;
    if (const auto value = reader_.value(field, *term.value, term.place))
      device.pointing.push_back({.name = term.key, .value = degrees(value->as_number())});
  }
  if (driver != nullptr && sky::PointingModel(driver->mount.geometry, device.pointing).bend() > most_bend) {
    reader_.complain(
        entry->place,
        "\"pointing\": the terms beside the zeros come to " + text::of(most_bend.degrees()) +
            " deg or more together, and a model is of small ones: set the mount up anew, or mend the terms");
  }
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
