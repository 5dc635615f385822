// SPDX-License-Identifier: BSD-3-Clause
#include "controller.hpp"
#include "mount.hpp"
#include "receiver.hpp"
#include "store.hpp"
#include "transport.hpp"

ASTRO_PLUGIN(wrong, "1.0.0", registry) {
  registry.add<wrong::Mount>("wrong", wrong::Mount::description(), "A mount that breaks the promise it is told to");
  registry.add<wrong::Receiver>("wrong", wrong::Receiver::description(),
                                "A receiver that breaks the promise it is told to");
  registry.add<wrong::Controller>("wrong", wrong::Controller::description(),
                                  "A controller that breaks the promise it is told to");
  registry.add<wrong::Transport>("wrong", {}, "A transport that breaks the promise it is told to");
  registry.add<wrong::Store>("wrong", {}, "A store that breaks the promise it is told to");
}
