// SPDX-License-Identifier: BSD-3-Clause
// Devices of a node, as whoever commands it over a broker sees them.
#include "astro/messaging/node.hpp"

#include "conformance/devices/device_suite.hpp"
#include "testing/server.hpp"

namespace astro::testing {

namespace {

const Server& broker() {
  static const Server server("mosquitto");
  return server;
}

DeviceEntry transport() {
  Value settings;
  settings.set("url", "mqtt://127.0.0.1:" + std::to_string(broker().port()));
  return {.kind = DeviceKind::transport, .name = "broker", .driver = "mqtt", .settings = settings};
}

/// What `runs: {node: NAME}` makes of a site elsewhere.
Site seen_from_afar(Site site, const std::string& node) {
  for (DeviceEntry& device : site.devices) {
    Value settings;
    settings.set("site", site.slug()).set("node", node).set("of", device.driver);
    device.node = node;
    device.driver = "remote";
    device.settings = std::move(settings);
  }
  return site;
}

Opened open_on_node(Site site, const OpenOptions& options) {
  Registry::shared().add_plugin_folder(ASTRO_TEST_PLUGINS);
  static int count = 0;  // a broker remembers
  const std::string name = "bench-" + std::to_string(++count);
  Site there = seen_from_afar(site, name);
  site.devices.push_back(transport());
  there.devices.push_back(transport());
  auto node = std::make_shared<messaging::Node>(messaging::Node::open(
      site, name,
      {.state_folder = options.state_folder.string() + "-" + name, .clock = options.clock, .is_synchronised = [] {
         return true;
       }}));
  Opened opened(Observatory::open(there, options), node);
  const bool is_slow = options.clock && options.clock->speed() < 1.0;  // then nobody asks in our time
  EXPECT_TRUE(is_slow || eventually([&] {
                return opened.site.mount("dish").status().time != Time{} && opened.site.commands("lamp").size() > 1 &&
                       opened.site.receiver("hydrogen").settings()->item_period != Duration{};
              }));
  return opened;
}

}  // namespace

Place on_node() { return {"node", open_on_node}; }

INSTANTIATE_TEST_SUITE_P(Node, DeviceConformance, ::testing::Values(on_node()), name_of);

}  // namespace astro::testing
