// SPDX-License-Identifier: BSD-3-Clause
#include "astro/messaging/status.hpp"

#include <gmock/gmock.h>

#include <optional>
#include <vector>

#include "astro/log.hpp"

namespace astro::messaging {
namespace {

TEST(StatusReporter, TellsWarningsAndErrorsAndHoldsAFloodBack) {
  constexpr std::size_t flood = 1000;
  std::vector<TelescopeStatus> told;
  {
    const StatusReporter reporter({"telescope-test", "here"}, [&](const TelescopeStatus& one) { told.push_back(one); });
    log(LogLevel::info, "dish", "it moves");
    log(LogLevel::warning, "dish", "it squeaks");
    log(LogLevel::error, "dish", "it is stuck");
    for (std::size_t i = 0; i < flood; ++i) log(LogLevel::warning, "dish", "it squeaks");
  }
  log(LogLevel::error, "dish", "nobody is told any more");
  ASSERT_GE(told.size(), 20U);
  EXPECT_LT(told.size(), flood / 2);
  EXPECT_EQ(told[0].message, "it squeaks");
  EXPECT_EQ(told[0].level, StatusLevel::warning);
  EXPECT_EQ(told[0].component, "dish");
  EXPECT_EQ(told[0].source_application, "telescope-test");
  EXPECT_EQ(told[0].source_hostname, "here");
  EXPECT_EQ(told[1].message, "it is stuck");
  EXPECT_EQ(told[1].level, StatusLevel::error);
  EXPECT_NE(told[0].status_id, told[1].status_id);
}

}  // namespace
}  // namespace astro::messaging
