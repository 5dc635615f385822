// SPDX-License-Identifier: BSD-3-Clause
#include "astro/log.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

#include "bench.hpp"

namespace astro::testing {
namespace {

TEST(Log, WritesJsonLinesAndTellsAListenerInOrder) {
  TemporaryFolder folder;
  const std::string file = (folder.path() / "log.jsonl").string();
  configure_log({.level = LogLevel::info, .format = LogFormat::json_lines, .file = file});
  std::vector<std::string> heard;
  auto listening = std::make_unique<LogListening>([&](const LogLine& line) { heard.push_back(line.message); });
  log(LogLevel::debug, "test", "heard, but not written");
  log(LogLevel::warning, "test", "a \"quoted\" {} word");
  listening.reset();
  configure_log({});
  EXPECT_THAT(heard, ::testing::ElementsAre("heard, but not written", "a \"quoted\" {} word"));
  const Value line = parse_json(read_file(file));
  EXPECT_EQ(line.find("level")->as_text(), "warning");
  EXPECT_EQ(line.find("source")->as_text(), "test");
  EXPECT_EQ(line.find("message")->as_text(), "a \"quoted\" {} word");
  (void)parse_time(line.find("time")->as_text());
}

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
