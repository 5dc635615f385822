// SPDX-License-Identifier: BSD-3-Clause
#include "astro/telemetry/metrics_endpoint.hpp"

#include <gmock/gmock.h>

#include <vector>

#include "astro/error.hpp"

namespace astro::telemetry {
namespace {

TEST(MetricsEndpoint, WritesPrometheusTextWithWhatHasToBeMarked) {
  const std::vector<Metric> metrics{
      {.name = "astro_a_total",
       .says = "First\nand \\ second",
       .kind = MetricKind::counter,
       .samples = {{{{"device", "a \"dish\"\\\n"}, {"state", "done"}}, 3.0}, {{}, 0.25}}},
      {.name = "astro_b", .says = "B", .kind = MetricKind::gauge, .samples = {{{}, 1e20}}}};
  EXPECT_EQ(prometheus_text(metrics),
            "# HELP astro_a_total First\\nand \\\\ second\n"
            "# TYPE astro_a_total counter\n"
            "astro_a_total{device=\"a \\\"dish\\\"\\\\\\n\",state=\"done\"} 3\n"
            "astro_a_total 0.25\n"
            "# HELP astro_b B\n"
            "# TYPE astro_b gauge\n"
            "astro_b 1e+20\n");
}

TEST(MetricsEndpoint, ListensAtAnAddressOfItsOwnAndGivesItBack) {
  int port = 0;
  {
    const MetricsEndpoint one("127.0.0.1:0");
    port = one.port();
    EXPECT_GT(port, 0);
    const std::string same = "127.0.0.1:" + std::to_string(port);
    EXPECT_EQ(one.url(), "http://" + same + "/metrics");
    try {
      const MetricsEndpoint two(same);
      ADD_FAILURE() << "two listen at one address";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::busy);
    }
  }
  const MetricsEndpoint again("127.0.0.1:" + std::to_string(port));
  EXPECT_EQ(again.port(), port);
  for (const char* wrong : {"", "9464", ":9464", "host:", "host:70000", "host:-1", "::1:9464", "host:9464x"}) {
    try {
      const MetricsEndpoint none(wrong);
      ADD_FAILURE() << wrong;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument) << wrong;
    }
  }
}

}  // namespace
}  // namespace astro::telemetry
