// SPDX-License-Identifier: BSD-3-Clause
#include "astro/value.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "astro/error.hpp"

namespace astro {
namespace {

TEST(Value, AcceptsAnIntegerWhereANumberIsAsked) {
  EXPECT_DOUBLE_EQ(Value(3).as_number(), 3.0);
  EXPECT_THROW(Value(3.0).as_integer(), Error);
  EXPECT_THROW(Value(true).as_number(), Error);
}

TEST(Value, NamesWhatItIsInstead) {
  try {
    Value("north").as_number();
    FAIL() << "a text is no number";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_STREQ(error.what(), "expected a number, is text");
  }
}

TEST(Value, KeepsTheOrderOfItsKeys) {
  Value map;
  map.set("z", 1).set("a", 2).set("z", 3);
  EXPECT_EQ(map, Value(Map{{"z", 3}, {"a", 2}}));
  ASSERT_NE(map.find("a"), nullptr);
  EXPECT_EQ(*map.find("a"), Value(2));
  EXPECT_EQ(map.find("b"), nullptr);
  EXPECT_EQ(Value(3).find("b"), nullptr);
  EXPECT_THROW(Value(3).set("b", 1), Error);
}

TEST(Dtype, HasANameThatReadsBack) {
  for (int i = 0; i <= static_cast<int>(Dtype::cf32); ++i) {
    const auto dtype = static_cast<Dtype>(i);
    EXPECT_EQ(parse_dtype(to_string(dtype)), dtype);
  }
  EXPECT_EQ(size_of(Dtype::cf32), 8U);
  EXPECT_EQ(size_of(Dtype::cu8), 2U);
  EXPECT_EQ(parse_dtype("complex64"), std::nullopt);
}

}  // namespace
}  // namespace astro
