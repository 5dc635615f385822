// SPDX-License-Identifier: BSD-3-Clause
// The vendor's example as it stands, linked in, against a rotator that speaks the GS-232 protocol at
// the other end of a pseudo-terminal.
#include "../../examples/vendor_plugin/gs232.cpp"

#include <gmock/gmock.h>

#include "bench.hpp"
#include "peer.hpp"

namespace astro::testing {
namespace {

/// Turns at once, in whole degrees, as it is told.
class Rotator {
 public:
  Rotator() : thread_([this] { obey(); }) {}
  ~Rotator() {
    ending_ = true;
    thread_.join();
  }
  Rotator(const Rotator&) = delete;
  Rotator& operator=(const Rotator&) = delete;

  const std::string& path() const { return line_.path(); }
  std::atomic<int> azimuth = 10, elevation = 20, stops = 0;
  std::atomic<bool> mute = false;

 private:
  void obey() {
    while (!ending_) {
      const std::string told = line_.hear("\r", 50);
      if (told == "S\r") ++stops;
      int to_azimuth = 0;
      int to_elevation = 0;
      if (std::sscanf(told.c_str(), "W%3d %3d\r", &to_azimuth, &to_elevation) == 2) {
        azimuth = to_azimuth;
        elevation = to_elevation;
      }
      if (told != "C2\r" || mute) continue;
      char answer[32];
      std::snprintf(answer, sizeof answer, "AZ=%03d  EL=%03d\r\n", azimuth.load(), elevation.load());
      line_.say(answer);
    }
  }

  Peer line_;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

struct VendorPlugin : ::testing::Test {
  TemporaryFolder folder;
  Registry registry;
  Rotator rotator;

  Observatory open() {
    enroll(astro_plugin_gs232, registry);
    Site site;
    site.name = "vendor";
    site.state_folder = folder.path() / "state";
    site.location = {degrees(50), degrees(8), 100};
    site.devices = {{.kind = DeviceKind::mount,
                     .name = "dish",
                     .driver = "gs232",
                     .settings = Map{{"port", rotator.path()}, {"baud", 9600}}}};
    return Observatory::open(site, {}, registry);
  }
};

TEST_F(VendorPlugin, PointsARotator) {
  const Observatory site = open();
  const MountHandle dish = site.mount("dish");
  EXPECT_DOUBLE_EQ(dish.status().axes.first.degrees(), 10.0);
  dish.slew_to(AltAz{degrees(123.4), degrees(45.2)});
  dish.wait_until_on_target(20s);
  EXPECT_EQ(rotator.azimuth, 123);
  EXPECT_EQ(rotator.elevation, 45);
  const int stops = rotator.stops;
  dish.stop();
  EXPECT_TRUE(eventually([&] { return rotator.stops > stops; }));
}

TEST_F(VendorPlugin, SaysThatTheRotatorIsSilentAndComesBackWhenItAnswers) {
  const Observatory site = open();
  const MountHandle dish = site.mount("dish");
  rotator.mute = true;
  EXPECT_TRUE(eventually([&] { return dish.status().state == MountState::fault; }));
  double fastest = 1e9;  // of three: on a busy machine any one may be scheduled late
  for (int i = 0; i < 3; ++i) fastest = std::min(fastest, elapsed_ms([&] { dish.stop(); }));
  EXPECT_LT(fastest, 200.0) << "stop does not wait for the answer (400 ms)";
  rotator.mute = false;
  EXPECT_TRUE(eventually([&] { return dish.status().state == MountState::stopped; }));
  EXPECT_FALSE(dish.is_lost());
}

}  // namespace
}  // namespace astro::testing
