// SPDX-License-Identifier: BSD-3-Clause
#include "conformance/transports/transport_suite.hpp"

namespace astro::testing {

INSTANTIATE_TEST_SUITE_P(
    Local, TransportConformance,
    ::testing::Values(TransportUnderTest{
        .name = "local",
        .make = [](Map settings) { return make_driver<Transport>(DeviceKind::transport, "local", settings); },
        .is_remote = false}),
    name_of);

}  // namespace astro::testing
