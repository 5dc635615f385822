// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>

#include "site_reader.hpp"
#include "text.hpp"

// A simulated site: each driver's twin, and archives that stay apart from the real ones.
namespace astro::detail {

using yaml::Entry;
using yaml::Node;
using yaml::Place;

namespace {

bool touches_the_world(DeviceKind kind) noexcept {
  return kind == DeviceKind::mount || kind == DeviceKind::receiver || kind == DeviceKind::controller;
}

}  // namespace

std::string twin_driver(DeviceKind kind) {
  switch (kind) {
    case DeviceKind::mount:
    case DeviceKind::receiver:
      return "simulator";
    case DeviceKind::controller:
      return "simulator.controller";
    case DeviceKind::transport:
      return "local";
    case DeviceKind::store:
      return "sqlite";
  }
  return {};
}

bool is_simulated_already(DeviceKind kind, const std::string& driver) {
  if (touches_the_world(kind)) return driver == "simulator" || driver.starts_with("simulator.");
  return driver == twin_driver(kind);
}

void SiteReader::simulate(DeviceEntry& device, const Node& node, Place place) {
  const Entry* entry = node.find("simulate");
  if (entry != nullptr && entry->value->kind != Node::Kind::map) {
    reader_.complain(entry->place, "\"simulate\": expected a map with settings of the simulated twin, is " +
                                       std::string(describe(*entry->value)));
    return;
  }
  if (!options_.simulate && !(options_.checks_twins && entry != nullptr)) return;
  const bool names_one = entry != nullptr && entry->value->find("driver") != nullptr;
  if (!names_one && is_simulated_already(device.kind, device.driver)) return;
  const auto twin = read_twin(device.kind, entry, place);
  if (!twin) return;
  const Node nothing{.kind = Node::Kind::map, .place = place};
  Node given = entry == nullptr ? nothing : *entry->value;
  std::erase_if(given.map, [](const Entry& setting) { return setting.key == "driver"; });
  if (device.kind == DeviceKind::store) put_archive(given, device.name, place);
  Map settings = reader_.record(twin->settings.fields, given, entry == nullptr ? place : entry->place, {"driver"});
  if (!options_.simulate) return;
  device.twin_of = device.driver;
  device.driver = twin->name;
  device.settings = std::move(settings);
  device.pointing.clear();  // it points as it should
}

std::optional<DriverDescription> SiteReader::read_twin(DeviceKind kind, const Entry* simulate, Place place) {
  const Entry* named = simulate == nullptr ? nullptr : simulate->value->find("driver");
  if (named == nullptr) return find_driver(kind, {.text = twin_driver(kind)}, place);
  const auto name = reader_.scalar(*named->value, named->place, "the name of a simulated driver");
  return name ? find_driver(kind, *name, named->value->place) : std::nullopt;
}

void SiteReader::put_archive(Node& settings, const std::string& device, Place place) const {
  if (settings.find("path") != nullptr) return;
  auto path = std::make_shared<Node>();
  path->kind = Node::Kind::scalar, path->place = place, path->text = archive_of(device).string();
  settings.map.push_back({"path", place, std::move(path)});
}

std::filesystem::path SiteReader::archive_of(const std::string& device) const {
  return site_.state_folder / ("simulated-" + device + ".db");
}

// A store that is a file already keeps its driver. But once a device that was real is simulated,
// what it yields must not lie among the real observations.
void SiteReader::keep_archives_apart() {
  const bool some_were_real = std::any_of(site_.devices.begin(), site_.devices.end(), [](const DeviceEntry& d) {
    return !d.twin_of.empty() && touches_the_world(d.kind);
  });
  if (!some_were_real) return;
  for (DeviceEntry& device : site_.devices) {
    const bool is_kept = device.kind == DeviceKind::store && device.twin_of.empty() && device.settings.find("path");
    if (!is_kept) continue;
    device.twin_of = device.driver;
    device.settings.set("path", archive_of(device.name).string());
  }
}

}  // namespace astro::detail
