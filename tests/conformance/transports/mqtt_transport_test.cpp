// SPDX-License-Identifier: BSD-3-Clause
#include "conformance/transports/transport_suite.hpp"
#include "testing/server.hpp"

namespace astro::testing {

namespace {

/// One broker for all tests of this process.
const Server& broker() {
  static const Server server("mosquitto");
  return server;
}

TransportUnderTest mqtt(const std::string& name, const char* version) {
  return {.name = name,
          .make =
              [version](Map settings) {
                settings.emplace_back("url", "mqtt://127.0.0.1:" + std::to_string(broker().port()));
                settings.emplace_back("version", version);
                return make_driver<Transport>(DeviceKind::transport, "mqtt", patiently(settings));
              },
          .has_headers = std::string(version) == "5"};
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Mqtt, TransportConformance, ::testing::Values(mqtt("mqtt5", "5"), mqtt("mqtt311", "3.1.1")),
                         name_of);

}  // namespace astro::testing
