// SPDX-License-Identifier: BSD-3-Clause
#include "conformance/kept.hpp"
#include "testing/server.hpp"

namespace astro::testing {

namespace {

TEST(MqttTransport, KeepsEveryPromise_mqtt) {
  const Server broker("mosquitto");
  const std::string url = "mqtt://127.0.0.1:" + std::to_string(broker.port());
  const auto subject = [&](const char* version) {
    return conformance_subject(DeviceKind::transport, "mqtt",
                               {{"url", url}, {"version", version}, {"queue", "1000"}, {"timeout", "60 s"}});
  };
  expect_kept(subject("5"));
  expect_kept(subject("3.1.1"), {.except = {"T-04"}});  // which has no place for a key or headers
}

}  // namespace

}  // namespace astro::testing
