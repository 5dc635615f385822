// SPDX-License-Identifier: BSD-3-Clause
#include "observing/loads.hpp"

#include <algorithm>

#include "astro/error.hpp"
#include "text.hpp"

namespace astro::detail {

using namespace std::chrono_literals;

namespace {

/// One load of the section, as its file has it.
struct Place {
  const SectionCheck& check;
  const std::string& receiver;
  const char* which;

  void complain(const char* key, const std::string& message, const std::string& suggestion = {}) const {
    check.complain({receiver, which, key}, message, suggestion);
  }
};

void check_command(const Place& at, const Load& load) {
  if (load.controller.empty()) {
    if (!load.command.empty()) at.complain("command", "a command without a `controller` that understands it");
    return;
  }
  const DeviceEntry* device = at.check.site.find(DeviceKind::controller, load.controller);
  if (device == nullptr) return;
  if (load.command.empty()) return at.complain("controller", "a controller without a `command` that it is to perform");
  const auto known = at.check.registry.find(DeviceKind::controller, device->driver).controller.commands;
  if (known.empty()) return;  // its driver says only when it is open
  const auto found = std::ranges::find(known, load.command, &CommandDescription::name);
  if (found == known.end()) {
    std::vector<std::string> names;
    for (const CommandDescription& command : known) names.push_back(command.name);
    return at.complain("command", "controller '" + load.controller + "' has no such command",
                       nearest(load.command, names));
  }
  try {
    (void)canonical(Schema{.name = load.command, .fields = found->parameters}, load.parameters);
  } catch (const Error& error) {
    at.complain("parameters", error.what());
  }
}

void check_target(const Place& at, const Load& load) {
  if (load.target.empty()) return;
  const DeviceEntry* receiver = at.check.site.find(DeviceKind::receiver, at.receiver);
  if (receiver == nullptr) return;
  if (receiver->mount.empty()) return at.complain("target", "the receiver has no `mount` that could point there");
  const DeviceEntry* mount = at.check.site.find(DeviceKind::mount, receiver->mount);
  const Target target = parse_target(load.target);
  const auto* place = std::get_if<AltAz>(&target);
  if (mount == nullptr || place == nullptr) return;
  const MountDescription described = at.check.registry.find(DeviceKind::mount, mount->driver).mount;
  if (described.geometry != Geometry::alt_az) return;
  const AxisRange reach = mount->limits ? mount->limits->second : described.second;
  const bool straight = place->altitude >= reach.from && place->altitude <= reach.to;
  const bool flipped = degrees(180) - place->altitude >= reach.from && degrees(180) - place->altitude <= reach.to;
  if (!straight && !flipped) {
    at.complain("target", "altitude " + text::of(place->altitude.degrees()) + " deg is outside the limits of mount '" +
                              receiver->mount + "', " + text::of(reach.from.degrees()) + " to " +
                              text::of(reach.to.degrees()) + " deg");
  }
}

void check_calibration(const SectionCheck& check) {
  for (const auto& [receiver, value] : check.section) {
    const auto section = from_value<CalibrationSection>(value);
    for (const auto& [which, load] : {std::pair{"hot", &section.hot}, {"cold", &section.cold}, {"sky", &section.sky}}) {
      const Place at{check, receiver, which};
      if (load != &section.sky && !load->temperature_k) {
        check.complain({receiver, which},
                       std::string("the ") + which + " load of '" + receiver + "' needs a `temperature`, as in 295 K",
                       {});
      }
      check_command(at, *load);
      check_target(at, *load);
    }
    if (section.hot.temperature_k && section.cold.temperature_k &&
        *section.hot.temperature_k <= *section.cold.temperature_k) {
      check.complain({receiver, "hot", "temperature"}, "the hot load must be warmer than the cold one", {});
    }
  }
}

const SectionEnrolment calibration_section({.name = "calibration",
                                            .says = "what the hot and the cold load of each receiver are",
                                            .schema = schema_of<CalibrationSection>(),
                                            .keyed = true,
                                            .keys_name = "receiver",
                                            .check = check_calibration});

CalibrationSection find_section(const Observatory& site, const std::string& receiver) {
  for (auto& [name, section] : site.site().keyed_section<CalibrationSection>("calibration")) {
    if (name != receiver) continue;
    return section;
  }
  throw Error(ErrorCode::unsupported, "calibrating '" + receiver +
                                          "': the site file describes no loads for it; add `calibration: {" + receiver +
                                          ": {hot: ..., cold: ...}}`");
}

}  // namespace

void wait_on_target(const MountHandle& mount, const Observatory& site, const std::stop_token& stop) {
  const Time give_up = site.clock()->now() + 10min;
  while (!mount.status().on_target) {
    if (stop.stop_requested()) throw Error(ErrorCode::cancelled, "waiting for '" + mount.name() + "': cancelled");
    try {
      // Short in real time too: a simulated clock may run fast, and a stop must not wait for it.
      mount.wait_until_on_target(std::chrono::duration_cast<Duration>(200ms * site.clock()->speed()));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::timeout || site.clock()->now() > give_up) throw;
    }
  }
}

Loads::Loads(const Observatory& site, const std::string& receiver, Issuer issuer)
    : site_(site), receiver_(receiver), issuer_(std::move(issuer)), section_(find_section(site, receiver)) {
  mount_ = site.receiver(receiver).settings()->mount;
}

void Loads::apply(const Load& load, const std::stop_token& stop) const {
  if (stop.stop_requested()) throw Error(ErrorCode::cancelled, "calibrating '" + receiver_ + "': cancelled");
  if (!load.controller.empty()) {
    site_.controller(load.controller, issuer_).perform(load.command, load.parameters).wait_completed(30s);
  }
  if (!load.target.empty()) {
    const MountHandle mount = site_.mount(mount_, issuer_);
    mount.slew_to(parse_target(load.target));
    wait_on_target(mount, site_, stop);
  }
}

}  // namespace astro::detail
