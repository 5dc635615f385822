// SPDX-License-Identifier: BSD-3-Clause
#include "astro/plugin.hpp"
#include "controller.hpp"

ASTRO_PLUGIN(gpio, "1.0.0", registry) {
  registry.add<gpio::Controller>("gpio", gpio::Controller::description(),
                                 "LEDs, relays, a noise diode and buttons on GPIO lines");
}
