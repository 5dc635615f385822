// SPDX-License-Identifier: BSD-3-Clause
#include "astro/topic.hpp"

#include <gtest/gtest.h>

namespace {

using namespace astro;

TEST(Topic, MatchesAsMqttDoes) {
  // Examples of MQTT 5 (OASIS 2019), sections 4.7.1.2, 4.7.1.3, 4.7.2 and 4.7.3.
  const struct {
    const char* pattern;
    const char* topic;
    bool matches;
  } examples[] = {{"sport/tennis/player1/#", "sport/tennis/player1", true},
                  {"sport/tennis/player1/#", "sport/tennis/player1/ranking", true},
                  {"sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true},
                  {"sport/#", "sport", true},
                  {"#", "any/thing", true},
                  {"sport/tennis/+", "sport/tennis/player1", true},
                  {"sport/tennis/+", "sport/tennis/player1/ranking", false},
                  {"sport/+", "sport", false},
                  {"sport/+", "sport/", true},
                  {"+", "sport", true},
                  {"+/tennis/#", "sport/tennis", true},
                  {"sport/+/player1", "sport/tennis/player1", true},
                  {"+/+", "/finance", true},
                  {"/+", "/finance", true},
                  {"+", "/finance", false},
                  {"#", "$SYS/uptime", false},
                  {"+/monitor/Clients", "$SYS/monitor/Clients", false},
                  {"$SYS/#", "$SYS/uptime", true},
                  {"$SYS/monitor/+", "$SYS/monitor/Clients", true},
                  {"ACCOUNTS", "Accounts", false},
                  {"a/b", "a/b/", false},
                  {"a/b", "a/b", true},
                  {"a/b", "a/bc", false}};
  for (const auto& example : examples) {
    EXPECT_EQ(topic_matches(example.pattern, example.topic), example.matches)
        << example.pattern << " and " << example.topic;
  }
}

TEST(Topic, SaysWhatIsNone) {
  EXPECT_EQ(complaint_about_topic("a//b/"), "");
  for (const std::string& topic :
       {std::string(), std::string("a/+"), std::string("a#"), std::string("a\0b", 3), std::string(65536, 'a')})
    EXPECT_NE(complaint_about_topic(topic), "") << topic;
  for (const char* pattern : {"#", "+", "a/+/b", "+/+/#", "a"})
    EXPECT_EQ(complaint_about_pattern(pattern), "") << pattern;
  for (const char* pattern : {"", "a/#/b", "a#", "+a", "a/b+", "#/"})
    EXPECT_NE(complaint_about_pattern(pattern), "") << pattern;
}

}  // namespace
