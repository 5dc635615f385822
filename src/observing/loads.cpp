// SPDX-License-Identifier: BSD-3-Clause
#include "observing/loads.hpp"

#include <algorithm>

#include "astro/error.hpp"
#include "observing/devices.hpp"
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
  const auto driver = at.check.driver_of(*device);
  if (!driver || driver->controller.commands.empty()) return;  // it says only when it is open
  const auto& known = driver->controller.commands;
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
  const auto driver = at.check.driver_of(*mount);
  if (!driver || driver->mount.geometry != Geometry::alt_az) return;
  const AxisRange reach = mount->limits ? mount->limits->second : driver->mount.second;
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
    const bool has_diode = section.noise_diode.temperature_k.has_value();
    const bool has_loads = section.hot.temperature_k || section.cold.temperature_k;
    for (const auto& [which, load] : {std::pair{"hot", &section.hot},
                                      {"cold", &section.cold},
                                      {"sky", &section.sky},
                                      {"noise_diode", &section.noise_diode}}) {
      const Place at{check, receiver, which};
      const bool is_load = load == &section.hot || load == &section.cold;
      if (is_load && !load->temperature_k && (has_loads || !has_diode)) {
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

}  // namespace

Loads::Loads(const Observatory& site, const std::string& receiver, CalibrationKind kind, Issuer issuer)
    : site_(site), receiver_(receiver), kind_(kind), issuer_(std::move(issuer)) {
  const auto section = calibration_of(site.site(), receiver);
  check_calibration(section, kind, receiver);
  if (section) section_ = *section;
}

double Loads::cold_k() const noexcept {
  constexpr double blank_sky_k = 10.0;  // of a small dish at 21 cm: the sky, the air and some ground
  return section_.cold.temperature_k.value_or(blank_sky_k);
}

const Load& Loads::load_of(Phase phase) const noexcept {
  if (phase == Phase::hot) return section_.hot;
  if (phase == Phase::cold && kind_ == CalibrationKind::loads) return section_.cold;
  if (phase == Phase::noise_diode) return section_.noise_diode;
  return section_.sky;
}

const std::string& Loads::target_of(Phase phase) const noexcept {
  static const std::string anywhere;
  const bool is_load = phase == Phase::hot || (phase == Phase::cold && kind_ == CalibrationKind::loads);
  return is_load ? load_of(phase).target : anywhere;
}

void Loads::apply(Phase phase, const std::stop_token& stop) {
  if (stop.stop_requested()) throw Error(ErrorCode::cancelled, "calibrating '" + receiver_ + "': cancelled");
  const Load& load = load_of(phase);
  if (applied_ == &load) return;
  applied_ = nullptr;
  if (!load.controller.empty()) {
    site_.controller(load.controller, issuer_).perform(load.command, load.parameters).wait_completed(30s);
  }
  applied_ = &load;
}

}  // namespace astro::detail
