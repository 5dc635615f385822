// SPDX-License-Identifier: BSD-3-Clause
#include "astro/plugin.hpp"
#include "mount.hpp"

ASTRO_PLUGIN(stepper, "1.0.0", registry) {
  registry.add<stepper::Mount>("stepper", stepper::Mount::description(),
                               "Two stepper motors behind drivers with step and direction inputs, on GPIO lines");
  registry.add<stepper::Watch>("stepper.watch", stepper::Watch::description(),
                               "How late a stepper mount's steps are, its switches and encoders");
}
