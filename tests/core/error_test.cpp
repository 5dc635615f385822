// SPDX-License-Identifier: BSD-3-Clause
#include "astro/error.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace astro {
namespace {

TEST(Error, KeepsItsCodeWhenAPlaceIsAdded) {
  const Error error = Error(ErrorCode::timeout, "no answer within 500 ms").at("mount \"dish\"");
  EXPECT_EQ(error.code(), ErrorCode::timeout);
  EXPECT_STREQ(error.what(), "mount \"dish\": no answer within 500 ms");
}

TEST(Error, KnowsWhatIsWorthRetrying) {
  EXPECT_TRUE(Error(ErrorCode::busy, "").is_worth_retrying());
  EXPECT_TRUE(Error(ErrorCode::timeout, "").is_worth_retrying());
  EXPECT_FALSE(Error(ErrorCode::out_of_limits, "").is_worth_retrying());
  EXPECT_FALSE(Error(ErrorCode::device_lost, "").is_worth_retrying());
}

TEST(Error, GivesEachCodeANameOfItsOwn) {
  std::set<std::string> names;
  const auto count = static_cast<int>(ErrorCode::internal) + 1;
  for (int i = 0; i < count; ++i) names.emplace(to_string(static_cast<ErrorCode>(i)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(count));
  EXPECT_EQ(to_string(ErrorCode::out_of_limits), "out_of_limits");
}

}  // namespace
}  // namespace astro
