// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>

#include "astro/error.hpp"
#include "astro/value.hpp"

namespace astro {
namespace {

using ::testing::HasSubstr;

std::string refusal(const std::string& text) {
  try {
    parse_json(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

Bytes bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

TEST(Json, WritesOneLineWithKeysInTheirOrder) {
  const Value value(Map{{"z", nullptr}, {"a", List{true, -7, 0.5, "x"}}, {"m", Map{}}});
  EXPECT_EQ(to_json(value), R"({"z":null,"a":[true,-7,0.5,"x"],"m":{}})");
}

TEST(Json, WritesTimesBytesAndArrays) {
  EXPECT_EQ(to_json(parse_time("2021-02-10T07:57:41.25Z")), R"("2021-02-10T07:57:41.250Z")");
  EXPECT_EQ(to_json(Time(Duration(1))), R"("1970-01-01T00:00:00.000000001Z")");
  // Test vectors of RFC 4648, section 10.
  EXPECT_EQ(to_json(bytes_of("foobar")), R"("Zm9vYmFy")");
  EXPECT_EQ(to_json(bytes_of("foob")), R"("Zm9vYg==")");
  EXPECT_EQ(to_json(bytes_of("fooba")), R"("Zm9vYmE=")");
  const std::array<float, 4> numbers{0.1F, 2.0F, -3.5F, NAN};
  Array array{Dtype::f32, {2, 2}, Bytes(sizeof(numbers))};
  std::memcpy(array.bytes.data(), numbers.data(), sizeof(numbers));
  EXPECT_EQ(to_json(array), "[[0.1,2.0],[-3.5,null]]");
  array.dtype = Dtype::cf32;
  array.shape = {2};
  EXPECT_EQ(to_json(array), "[[0.1,2.0],[-3.5,null]]");
  array.shape = {1000000};
  EXPECT_EQ(to_json(array), "null") << "a shape that lies";
}

TEST(Json, EscapesWhatMustNotStandInAText) {
  EXPECT_EQ(to_json("\"\\\n\x01\x7f\u00e9"), "\"\\\"\\\\\\n\\u0001\x7f\u00e9\"");
  EXPECT_EQ(to_json(std::string("a\xff"
                                "b\xc3")),
            "\"a\ufffd"
            "b\ufffd\"")
      << "broken UTF-8 is replaced";
  EXPECT_EQ(to_json(NAN), "null");
  EXPECT_EQ(to_json(-std::numeric_limits<double>::infinity()), "null");
}

TEST(Json, ReadsNumbersBackToTheSameDouble) {
  std::mt19937_64 random(21);
  for (int i = 0; i < 20000; ++i) {
    const double number = std::bit_cast<double>(random());
    if (!std::isfinite(number)) continue;
    const Value read = parse_json(to_json(number));
    ASSERT_NE(read.get_if<double>(), nullptr) << to_json(number);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(*read.get_if<double>()), std::bit_cast<std::uint64_t>(number));
  }
}

/// Like what people and instruments write: few digits, a point, no exponent; and a little more than a double holds.
std::string decimal(std::mt19937_64& random) {
  std::string text = random() % 2 == 0 ? "-" : "";
  const auto digits = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) text += static_cast<char>('0' + random() % 10);
  };
  if (random() % 3 == 0) {
    text += '0';
  } else {
    text += static_cast<char>('1' + random() % 9);
    digits(random() % 12);
  }
  text += '.';
  digits(1 + random() % 12);
  return text;
}

TEST(Json, ReadsDecimalsAsTheNearestDouble) {
  std::mt19937_64 random(22);
  for (int i = 0; i < 100000; ++i) {
    const std::string text = decimal(random);
    const Value read = parse_json(text);
    ASSERT_NE(read.get_if<double>(), nullptr) << text;
    const double nearest = std::strtod(text.c_str(), nullptr);
    ASSERT_EQ(std::bit_cast<std::uint64_t>(*read.get_if<double>()), std::bit_cast<std::uint64_t>(nearest)) << text;
  }
}

TEST(Json, ReadsIntegersOfAnyLength) {
  for (const std::int64_t integer :
       {std::int64_t{0}, std::int64_t{-7}, std::int64_t{999999999999999999}, std::int64_t{-999999999999999999},
        std::int64_t{1000000000000000000}, std::numeric_limits<std::int64_t>::min()}) {
    EXPECT_EQ(parse_json(std::to_string(integer)), Value(integer));
  }
  EXPECT_EQ(parse_json("-0"), Value(0));
  EXPECT_EQ(parse_json("-9223372036854775809"), Value(-9223372036854775808.0));
  EXPECT_EQ(parse_json("123456789012345678901234567890"), Value(123456789012345678901234567890.0));
}

TEST(Json, TellsIntegersFromDoubles) {
  EXPECT_EQ(parse_json("9223372036854775807"), Value(std::numeric_limits<std::int64_t>::max()));
  EXPECT_EQ(parse_json("9223372036854775808"), Value(9223372036854775808.0));
  EXPECT_EQ(parse_json("1.0"), Value(1.0));
  EXPECT_EQ(parse_json("1e3"), Value(1000.0));
  EXPECT_EQ(to_json(1e22), "1e+22");
  EXPECT_EQ(parse_json("1e-400"), Value(0.0));
  EXPECT_THAT(refusal("1e400"), HasSubstr("out of range"));
}

TEST(Json, ReadsBackWhatItWrote) {
  const std::string text = R"({"a":[1,2.5,"\u00e9 \ud83d\ude00",null,true,false],"b":{"c":[]},"d":-0.0})";
  const Value value = parse_json(text);
  EXPECT_EQ(parse_json(to_json(value)), value);
  EXPECT_EQ(value.find("a")->as_list()[2], Value("\u00e9 \U0001F600"));
}

TEST(Json, SaysLineAndColumnOfAProblem) {
  EXPECT_THAT(refusal("{\n  \"a\": 1,\n  \"\u00e9\" 2\n}"), HasSubstr("line 3, column 7: expected : after a key"));
  EXPECT_THAT(refusal("[1, 2"), HasSubstr("line 1, column 6"));
  EXPECT_THAT(refusal(""), HasSubstr("line 1, column 1: expected a value"));
  EXPECT_THAT(refusal(R"({"a":1,"a":2})"), HasSubstr("the key \"a\" stands twice"));
}

TEST(Json, RefusesWhatRfc8259Refuses) {
  for (const char* text : {"01",
                           "+1",
                           "1.",
                           ".5",
                           "1e",
                           "-",
                           "nul",
                           "True",
                           "[1,]",
                           "{\"a\":1,}",
                           "{a:1}",
                           "'a'",
                           "\"\t\"",
                           "\"\\x41\"",
                           "\"\\ud800\"",
                           "\"\\udc00\\ud800\"",
                           "\"\\u12g4\"",
                           "\"\\u-123\"",
                           "\"abc",
                           "1 2",
                           "NaN",
                           "Infinity",
                           "//",
                           "\"\xff\"",
                           "\"\xc0\xaf\"",
                           "\"\xed\xa0\x80\"",
                           "[",
                           "{\"a\"",
                           "\xef\xbb\xbf"
                           "1",
                           "0x10",
                           "\"\\"}) {
    EXPECT_NE(refusal(text), "accepted") << text;
  }
}

TEST(Json, BoundsItsDepth) {
  EXPECT_EQ(refusal(std::string(64, '[') + std::string(64, ']')), "accepted");
  EXPECT_THAT(refusal(std::string(1000000, '[')), HasSubstr("nested deeper than 64"));
}

}  // namespace
}  // namespace astro
