// SPDX-License-Identifier: BSD-3-Clause
#include "astro/plugin.hpp"
#include "camera.hpp"
#include "controller.hpp"
#include "mount.hpp"

ASTRO_PLUGIN(indi, "1.0.0", registry) {
  registry.add<indi::Mount>("indi", indi::Mount::description(), "Telescopes behind indiserver, of any maker");
  registry.add<indi::Camera>("indi", indi::Camera::description(),
                             "Cameras behind indiserver, one exposure after the other");
  registry.add<indi::Controller>("indi", indi::Controller::description(),
                                 "Any device behind indiserver: focusers, filter wheels, domes, weather stations");
}
