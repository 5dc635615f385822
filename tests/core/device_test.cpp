// SPDX-License-Identifier: BSD-3-Clause
#include "astro/device.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "astro/controller.hpp"
#include "astro/error.hpp"
#include "astro/mount.hpp"

namespace astro {
namespace {

using ::testing::HasSubstr;

/// The least that a vendor can write.
class PlainMount final : public Mount {
 public:
  void open(Emitter&) override {}
  void close() noexcept override {}
  void stop() noexcept override {}
  void move_to(Axes target) override { position_ = target; }
  MountStatus status() override { return {position_, MountState::stopped, {}, {}}; }

 private:
  Axes position_{};
};

class PlainController final : public Controller {
 public:
  void open(Emitter&) override {}
  void close() noexcept override {}
  void stop() noexcept override {}
  void poll() override {}
};

void expect_unsupported(const std::function<void()>& call, const char* named) {
  try {
    call();
    FAIL() << named << " worked";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_THAT(error.what(), HasSubstr(named));
  }
}

TEST(Mount, NamesTheCallThatItDoesNotOffer) {
  PlainMount mount;
  expect_unsupported([&] { mount.move_rate({}, std::chrono::seconds(1)); }, "move_rate");
  expect_unsupported([&] { mount.park(); }, "park");
  expect_unsupported([&] { mount.home(); }, "home");
  expect_unsupported([&] { mount.self_track(true); }, "self_track");
  expect_unsupported([&] { mount.follow(Body::sun); }, "follow");
}

TEST(Controller, NamesTheCommandThatItDoesNotObey) {
  PlainController controller;
  expect_unsupported([&] { controller.perform({"1", "blink", {}}); }, "\"blink\"");
}

TEST(Interfaces, AreTheirBasesThroughTheLibrary) {
  PlainMount mount;
  Driver& driver = mount;
  EXPECT_NE(dynamic_cast<Device*>(&driver), nullptr);
  EXPECT_EQ(dynamic_cast<Controller*>(&driver), nullptr);
}

}  // namespace
}  // namespace astro
