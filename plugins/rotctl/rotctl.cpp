// SPDX-License-Identifier: BSD-3-Clause
#include "astro/plugin.hpp"
#include "mount.hpp"
#include "server.hpp"

ASTRO_PLUGIN(rotctl, "1.0.0", registry) {
  registry.add<rotctl::Mount>("rotctl", rotctl::Mount::description(),
                              "Rotators behind Hamlib's rotctld, or whatever speaks its protocol");
  registry.add<rotctl::Server>("rotctl.server", rotctl::Server::description(),
                               "Offers a mount as rotctld does, to gpredict, SDRangel, SatDump and others");
}
