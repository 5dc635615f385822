// SPDX-License-Identifier: BSD-3-Clause
#include "astro/plugin.hpp"
#include "controller.hpp"

ASTRO_PLUGIN(handset, "1.0.0", registry) {
  registry.add<handset::Controller>("handset", handset::Controller::description(),
                                    "A gamepad, or buttons on GPIO lines, that steers a mount above everyone else");
}
