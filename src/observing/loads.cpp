// SPDX-License-Identifier: BSD-3-Clause
#include "observing/loads.hpp"

#include "astro/error.hpp"

namespace astro::detail {

using namespace std::chrono_literals;

namespace {

const SectionEnrolment calibration_section({.name = "calibration",
                                            .says = "what the hot and the cold load of each receiver are",
                                            .schema = schema_of<CalibrationSection>(),
                                            .keyed = true,
                                            .keys_name = "receiver"});

CalibrationSection find_section(const Observatory& site, const std::string& receiver) {
  for (auto& [name, section] : site.site().keyed_section<CalibrationSection>("calibration")) {
    if (name != receiver) continue;
    if (!section.hot.temperature_k || !section.cold.temperature_k) {
      throw Error(ErrorCode::invalid_site,
                  "calibrating '" + receiver + "': its hot and its cold load both need a `temperature`, as in 295 K");
    }
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
  if (moves_mount() && mount_.empty()) {
    throw Error(ErrorCode::invalid_site,
                "calibrating '" + receiver + "': a load has a `target`, but the receiver no `mount`");
  }
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
