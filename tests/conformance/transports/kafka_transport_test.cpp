// SPDX-License-Identifier: BSD-3-Clause
#include "conformance/transports/kafka_broker.hpp"
#include "conformance/transports/transport_suite.hpp"

namespace astro::testing {

const Server& kafka_broker() {
  static const Server server("kafka", {}, 2);
  return server;
}

INSTANTIATE_TEST_SUITE_P(Kafka, TransportConformance,
                         ::testing::Values(TransportUnderTest{
                             .name = "kafka",
                             .make =
                                 [](Map settings) {
                                   settings.emplace_back("brokers",
                                                         "127.0.0.1:" + std::to_string(kafka_broker().port()));
                                   return make_driver<Transport>(DeviceKind::transport, "kafka", patiently(settings));
                                 }}),
                         name_of);

}  // namespace astro::testing
