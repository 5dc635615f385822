// SPDX-License-Identifier: BSD-3-Clause
#include "astro/plugin.hpp"
#include "camera.hpp"
#include "controller.hpp"
#include "mount.hpp"

ASTRO_PLUGIN(alpaca, "1.0.0", registry) {
  registry.add<alpaca::Mount>("alpaca", alpaca::Mount::description(),
                              "Telescopes by ASCOM Alpaca, sent to right ascension and declination");
  registry.add<alpaca::AltAzMount>("alpaca.altaz", alpaca::AltAzMount::description(),
                                   "Telescopes by ASCOM Alpaca, sent to azimuth and altitude");
  registry.add<alpaca::Camera>("alpaca", alpaca::Camera::description(),
                               "Cameras by ASCOM Alpaca, one exposure after the other");
  registry.add<alpaca::Controller>("alpaca", alpaca::Controller::description(),
                                   "Focusers, filter wheels, domes, rotators, switches, weather and safety monitors by "
                                   "ASCOM Alpaca");
}
