// SPDX-License-Identifier: BSD-3-Clause
// Simulated devices under a physical sky.
#include "astro/plugin.hpp"
#include "environment.hpp"
#include "frontend.hpp"
#include "mount.hpp"
#include "receiver.hpp"
#include "twin.hpp"

ASTRO_PLUGIN(simulator, "1.0.0", registry) {
  using namespace simulator;
  registry.add<Mount>("simulator", Mount::description(), "Mount with inertia, backlash and limits");
  registry.add<Receiver>("simulator", Receiver::description(),
                         "Receiver under a physical sky: hydrogen, Sun, ground, noise, interference");
  registry.add<FrontendController>("simulator.frontend", FrontendController::description(),
                                   "Switch before a simulated receiver: sky, hot load, noise diode");
  registry.add<Environment>("simulator.environment", Environment::description(), "Small weather station");
  registry.add<Twin>("simulator.controller", {}, "Stands for any controller");
}
