// SPDX-License-Identifier: BSD-3-Clause
#include "astro/plugin.hpp"
#include "receiver.hpp"
#include "server.hpp"

ASTRO_PLUGIN(rtl_tcp, "1.0.0", registry) {
  registry.add<rtl_tcp::Receiver>("rtl_tcp", rtl_tcp::Receiver::description(),
                                  "An RTL-SDR on another machine, behind rtl_tcp or whatever speaks its protocol");
  registry.add<rtl_tcp::Server>("rtl_tcp.server", rtl_tcp::Server::description(),
                                "Plays a recording to programs that listen to rtl_tcp: SDR#, gqrx, SDRangel, rtl_433");
}
