// SPDX-License-Identifier: BSD-3-Clause
#include "astro/log_listening.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

namespace astro::testing {
namespace {

TEST(Log, SeveralListenEachFromALevelOn) {
  std::vector<std::string> all;
  std::vector<std::string> warnings;
  auto first = std::make_unique<LogListening>([&](const LogLine& line) { all.push_back(line.message); });
  auto second =
      std::make_unique<LogListening>([&](const LogLine& line) { warnings.push_back(line.message); }, LogLevel::warning);
  log(LogLevel::debug, "test", "one");
  log(LogLevel::error, "test", "two");
  first.reset();
  log(LogLevel::warning, "test", "three");
  second.reset();
  log(LogLevel::warning, "test", "nobody hears it any more");
  EXPECT_THAT(all, ::testing::ElementsAre("one", "two"));
  EXPECT_THAT(warnings, ::testing::ElementsAre("two", "three"));
}

}  // namespace
}  // namespace astro::testing
