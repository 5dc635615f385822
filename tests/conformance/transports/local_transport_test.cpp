// SPDX-License-Identifier: BSD-3-Clause
#include "conformance/kept.hpp"
#include "conformance/transports/bench.hpp"

namespace astro::testing {

TEST(LocalTransport, KeepsEveryPromise_local) {
  expect_kept(conformance_subject(DeviceKind::transport, "local", {{"queue", "1000"}}));
}

namespace {

std::unique_ptr<Transport> shared(const char* name) {
  return make_driver<Transport>(DeviceKind::transport, "local", Map{{"shared", name}});
}

TEST(LocalShared, ReachesAllOfItsNameInTheProcess_local) {
  const Open one(shared("hill"), "hill");
  const Open another(shared("hill"), "hill");
  const Open stranger(shared("town"), "hill");
  Recorder hears, hears_nothing;
  another.subscribe("#", hears);
  stranger.subscribe("#", hears_nothing);
  one.send("a", "b");
  EXPECT_TRUE(hears.wait_for("a=b"));
  EXPECT_EQ(hears_nothing.count(), 0U);
  stranger->unsubscribe(hears_nothing);
  another->close();
  one.send("a", "after it was closed");
  EXPECT_EQ(hears.count(), 1U);
}

TEST(LocalShared, SaysTheLastWillOfWhoGoesWithoutClosing_local) {
  const Open observer(shared("hill"), "hill");
  Recorder hears;
  observer.subscribe("#", hears);
  for (const bool closes : {true, false}) {
    const TemporaryFolder folder;
    PlainHost host(folder.path());
    const auto node = shared("hill");
    node->last_will({.topic = "hill/state", .body = bytes("gone"), .retained = true});
    node->open(host);
    if (closes) node->close();
  }
  EXPECT_TRUE(hears.wait_for("state=gone"));
  EXPECT_EQ(hears.count(), 1U) << "who closes leaves no will";
  Recorder late;
  observer.subscribe("state", late);
  EXPECT_TRUE(late.wait_for("state=gone")) << "it is retained";
  observer->unsubscribe(late);
  observer->unsubscribe(hears);
}

}  // namespace

}  // namespace astro::testing
