// SPDX-License-Identifier: BSD-3-Clause
#include "conformance/kept.hpp"
#include "conformance/transports/kafka_broker.hpp"

namespace astro::testing {

const Server& kafka_broker() {
  static const Server server("kafka", {}, 2);
  return server;
}

TEST(KafkaTransport, KeepsEveryPromise_kafka) {
  const std::string brokers = "127.0.0.1:" + std::to_string(kafka_broker().port());
  expect_kept(conformance_subject(DeviceKind::transport, "kafka",
                                  {{"brokers", brokers}, {"queue", "1000"}, {"timeout", "60 s"}}));
}

}  // namespace astro::testing
