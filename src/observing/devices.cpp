// SPDX-License-Identifier: BSD-3-Clause
#include "observing/devices.hpp"

#include <vector>

#include "astro/error.hpp"
#include "astro/registry.hpp"

namespace astro::detail {

const DeviceEntry& device_of(const Site& site, DeviceKind kind, const std::string& asked) {
  const std::string word(to_string(kind));
  std::vector<const DeviceEntry*> all;
  std::vector<std::string> names;
  for (const DeviceEntry& device : site.devices) {
    if (device.kind != kind) continue;
    all.push_back(&device);
    names.push_back(device.name);
  }
  if (asked.empty()) {
    if (all.size() == 1) return *all.front();
    throw Error(ErrorCode::invalid_argument, "observing: the request names no " + word + ", and the site has " +
                                                 std::to_string(all.size()) + " of them; say `" + word + ": NAME`");
  }
  for (const DeviceEntry* device : all) {
    if (device->name == asked) return *device;
  }
  const std::string near = nearest(asked, names);
  throw Error(ErrorCode::not_found, "observing: the site has no " + word + " '" + asked + "'" +
                                        (near.empty() ? "" : "; did you mean '" + near + "'?"));
}

PlanningMount::PlanningMount(const Site& site, const std::string& mount, const std::optional<Axes>& now,
                             const std::optional<MountDescription>& described)
    : PlanningMount(site, device_of(site, DeviceKind::mount, mount), now, described) {}

PlanningMount::PlanningMount(const Site& site, const DeviceEntry& entry, const std::optional<Axes>& now,
                             const std::optional<MountDescription>& described)
    : name(entry.name),
      description(described ? *described : Registry::shared().find(DeviceKind::mount, entry.driver).mount),
      limits{description.first, description.second},
      pointing(description.geometry, site.location, pointing_model_of(entry, description.geometry, site.location)) {
  if (entry.limits) limits = intersection(limits, *entry.limits);
  const auto middle = [](const AxisRange& range) { return (range.from + range.to) / 2; };
  axes = now.value_or(Axes{middle(limits.first), middle(limits.second)});
}

std::optional<CalibrationSection> calibration_of(const Site& site, const std::string& receiver) {
  for (auto& [name, section] : site.keyed_section<CalibrationSection>("calibration")) {
    if (name == receiver) return std::move(section);
  }
  return std::nullopt;
}

void check_calibration(const std::optional<CalibrationSection>& section, CalibrationKind kind,
                       const std::string& receiver) {
  const auto refuse = [&](const std::string& lacking) {
    throw Error(ErrorCode::unsupported, "calibrating '" + receiver + "': the site file describes no " + lacking +
                                            " for it; add `calibration: {" + receiver + ": {" + lacking +
                                            ": ...}}`, or ask for `calibration: none`");
  };
  if (kind == CalibrationKind::none) return;
  const auto has = [&](const Load CalibrationSection::*load) {
    return section && (*section.*load).temperature_k.has_value();
  };
  if (kind == CalibrationKind::loads && !has(&CalibrationSection::hot)) refuse("hot");
  if (kind == CalibrationKind::loads && !has(&CalibrationSection::cold)) refuse("cold");
  if (kind == CalibrationKind::noise_diode && !has(&CalibrationSection::noise_diode)) refuse("noise_diode");
}

}  // namespace astro::detail
