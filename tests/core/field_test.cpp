// SPDX-License-Identifier: BSD-3-Clause
#include "astro/field.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "astro/error.hpp"

namespace astro {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Field a_field(std::string name, FieldType type, std::string unit = {}) {
  Field field;
  field.name = std::move(name);
  field.type = type;
  field.unit = std::move(unit);
  return field;
}

const Field azimuth = a_field("azimuth", FieldType::angle, "deg");
const Field frequency = a_field("frequency", FieldType::frequency, "Hz");
const Field timeout = a_field("timeout", FieldType::duration, "s");
const Field height = a_field("height", FieldType::number, "m");
const Field gain = a_field("gain", FieldType::number, "dB");
const Field count = a_field("count", FieldType::integer);

TEST(Quantity, IsReadFromTextToTheLastDigit) {
  EXPECT_EQ(canonical(azimuth, "10 deg"), Value(10.0));
  EXPECT_EQ(canonical(frequency, "1420.4 MHz"), Value(1420400000.0));
  EXPECT_EQ(canonical(frequency, "1420.405751768MHz"), Value(1420405751.768));
  EXPECT_EQ(canonical(frequency, "1.4204e3 MHz"), Value(1420400000.0));
  EXPECT_EQ(canonical(frequency, "2 THz"), Value(2e12));
  EXPECT_EQ(canonical(timeout, "1 s"), Value(1.0));
  EXPECT_EQ(canonical(timeout, "500 ms"), Value(0.5));
  EXPECT_EQ(canonical(timeout, "0.1 us"), Value(1e-7));
  EXPECT_EQ(canonical(timeout, "3 \u00b5s"), Value(3e-6));
  EXPECT_EQ(canonical(timeout, "2 min"), Value(120.0));
  EXPECT_EQ(canonical(timeout, "1.5 h"), Value(5400.0));
  EXPECT_EQ(canonical(height, "2390 m"), Value(2390.0));
  EXPECT_EQ(canonical(height, "2.39 km"), Value(2390.0));
  EXPECT_EQ(canonical(gain, "40 dB"), Value(40.0));
  EXPECT_EQ(canonical(azimuth, "1h30m"), Value(22.5));
}

TEST(Quantity, MayBeAPlainNumberInTheCanonicalUnit) {
  EXPECT_EQ(canonical(azimuth, 10), Value(10.0));
  EXPECT_EQ(canonical(timeout, 0.5), Value(0.5));
  EXPECT_EQ(canonical(gain, 40), Value(40.0));
}

TEST(Quantity, WithoutItsUnitIsRefused) {
  for (const Field& field : {azimuth, frequency, timeout, height, gain}) {
    EXPECT_THAT(complaint(field, "10"), HasSubstr("the unit is missing")) << field.name;
  }
  EXPECT_THAT(complaint(frequency, "1420"), HasSubstr("\"1420.4 MHz\""));
}

TEST(Quantity, WithAnotherUnitIsRefused) {
  EXPECT_THAT(complaint(frequency, "1420 mhz"), AllOf(HasSubstr("\"mhz\""), HasSubstr("expected Hz")));
  EXPECT_THAT(complaint(height, "10 deg"), HasSubstr("expected m"));
  EXPECT_THAT(complaint(gain, "40 mdB"), HasSubstr("expected dB")) << "decibels take no prefix";
  EXPECT_THAT(complaint(azimuth, "10 Hz"), HasSubstr("expected an angle"));
  EXPECT_THAT(complaint(timeout, "soon"), HasSubstr("expected a number with a unit"));
}

TEST(Field, RefusesNumbersThatAreNone) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const Field& field : {azimuth, frequency, timeout, height}) {
    EXPECT_THAT(complaint(field, nan), HasSubstr("finite")) << field.name;
    EXPECT_THAT(complaint(field, HUGE_VAL), HasSubstr("finite")) << field.name;
  }
  EXPECT_NE(complaint(azimuth, "nan deg"), "");
  EXPECT_THAT(complaint(frequency, "1e308 GHz"), HasSubstr("finite"));
  EXPECT_THAT(complaint(timeout, 1e10), HasSubstr("292 years"));
  EXPECT_NE(complaint(count, nan), "");
}

TEST(Field, SaysItsRangeWithItsUnit) {
  Field field = frequency;
  field.min = 1e6;
  EXPECT_EQ(complaint(field, 5.0), "must be at least 1e+06 Hz, is 5 Hz");
  field.max = 2e6;
  EXPECT_THAT(complaint(field, "3 MHz"), HasSubstr("1e+06 to 2e+06 Hz, is 3e+06 Hz"));
  EXPECT_EQ(complaint(field, "1 MHz"), "") << "both ends are allowed";
  EXPECT_EQ(complaint(field, "2 MHz"), "");
  field.min = -HUGE_VAL;
  EXPECT_THAT(complaint(field, 2.1e6), HasSubstr("at most"));
}

TEST(Field, TakesAWholeDoubleForAnInteger) {
  EXPECT_EQ(canonical(count, 5.0), Value(5));
  EXPECT_EQ(complaint(count, 5.5), "expected a whole number, is 5.5");
  EXPECT_EQ(complaint(count, "5"), "expected a whole number, is \"5\"");
  EXPECT_EQ(canonical(a_field("baud", FieldType::integer, "Bd"), "9600 Bd"), Value(9600));
}

TEST(Field, KeepsTextsAndTruthsApart) {
  EXPECT_EQ(complaint(a_field("on", FieldType::boolean), "true"), "expected true or false, is \"true\"");
  EXPECT_EQ(complaint(a_field("on", FieldType::boolean), 1), "expected true or false, is 1");
  EXPECT_EQ(complaint(a_field("name", FieldType::text), true), "expected a text, is true");
}

TEST(Field, ReadsTimesAndBytesFromText) {
  const Time time = parse_time("2021-02-10T07:57:41Z");
  EXPECT_EQ(canonical(a_field("at", FieldType::time), "2021-02-10 07:57:41"), Value(time));
  EXPECT_THAT(complaint(a_field("at", FieldType::time), "noon"), HasSubstr("2021-02-10T07:57:41Z"));
  EXPECT_EQ(canonical(a_field("raw", FieldType::bytes), "AAE="), Value(Bytes{std::byte{0}, std::byte{1}}));
  for (const char* text : {"AAE", "AAE*", "AA=E", "AAF="}) {
    EXPECT_NE(complaint(a_field("raw", FieldType::bytes), text), "") << text;
  }
}

TEST(Field, NamesTheChoiceThatWasMeant) {
  Field field = a_field("window", FieldType::choice);
  field.choices = {"rectangular", "hann"};
  EXPECT_EQ(canonical(field, "hann"), Value("hann"));
  EXPECT_EQ(complaint(field, "han"), "expected one of rectangular, hann, is \"han\"; did you mean hann?");
}

TEST(Field, ChecksEachElementOfAList) {
  Field field = a_field("delays", FieldType::list, "s");
  field.element = FieldType::duration;
  field.length = 2;
  EXPECT_EQ(canonical(field, List{"500 ms", 2}), Value(List{0.5, 2.0}));
  EXPECT_THAT(complaint(field, List{1}), HasSubstr("expected 2 elements, are 1"));
  EXPECT_THAT(complaint(field, List{"1", true}), AllOf(HasSubstr("element 0"), HasSubstr("element 1")));
}

TEST(Field, MakesArraysOfListsAndBack) {
  Field field = a_field("power", FieldType::array);
  field.dtype = Dtype::f32;
  const Value array = canonical(field, List{1, 2.5, nullptr});
  EXPECT_EQ(array.as_array().shape, std::vector<std::size_t>{3});
  float last = 0.0F;
  std::memcpy(&last, array.as_array().bytes.data() + 8, 4);
  EXPECT_TRUE(std::isnan(last));
  EXPECT_EQ(canonical(field, List{List{1, 2}, List{3, 4}}).as_array().shape, (std::vector<std::size_t>{2, 2}));
  EXPECT_NE(complaint(field, List{List{1, 2}, List{3}}), "") << "ragged";
  EXPECT_NE(complaint(field, List{List{1, 2}, 3}), "") << "of two depths";
  EXPECT_NE(complaint(field, List{1, "x"}), "");
  EXPECT_NE(complaint(field, Array{Dtype::f64, {1}, Bytes(8)}), "") << "another dtype";
  EXPECT_NE(complaint(field, Array{Dtype::f32, {7}, Bytes(8)}), "") << "a shape that lies";
  field.dtype = Dtype::u8;
  EXPECT_NE(complaint(field, List{256}), "");
  Field list = a_field("corner", FieldType::list);
  list.element = FieldType::number;
  EXPECT_EQ(canonical(list, Array{Dtype::u8, {2}, Bytes{std::byte{1}, std::byte{2}}}), Value(List{1.0, 2.0}));
}

TEST(Field, TreatsNullAsAbsentOnlyWhereItMay) {
  Field field = gain;
  EXPECT_THAT(complaint(field, nullptr), HasSubstr("is empty"));
  field.nullable = true;
  EXPECT_EQ(canonical(field, nullptr), Value());
}

TEST(Field, NeverShowsASecret) {
  Field field = a_field("password", FieldType::integer, "");
  field.secret = true;
  EXPECT_THAT(complaint(field, "hunter2"), Not(HasSubstr("hunter2")));
  field.type = FieldType::number;
  field.unit = "s";
  field.max = 1;
  EXPECT_THAT(complaint(field, "hunter2"), Not(HasSubstr("hunter2")));
  EXPECT_THAT(complaint(field, 271828), Not(HasSubstr("271828")));
}

TEST(Schema, FillsInDefaultsInItsOwnOrder) {
  Schema schema{"tuning", {frequency, gain}};
  schema.fields[1].default_value = 20.0;
  EXPECT_EQ(canonical(schema, Map{{"frequency", "1 MHz"}}), Value(Map{{"frequency", 1e6}, {"gain", 20.0}}));
}

TEST(Schema, TellsAllProblemsAtOnce) {
  Schema schema{"tuning", {frequency, gain}};
  schema.fields[1].required = true;
  try {
    canonical(schema, Map{{"frequncy", 1}, {"frequency", "5"}});
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("tuning: 3 problems"), HasSubstr("did you mean \"frequency\"?"),
                                    HasSubstr("frequency: the unit is missing"), HasSubstr("gain: is missing")));
  }
  EXPECT_THROW(canonical(schema, Map{{"gain", 1}, {"gain", 2}}), Error);
  EXPECT_THROW(canonical(schema, List{}), Error);
}

TEST(FlatName, EndsInTheUnitOfAQuantity) {
  EXPECT_EQ(flat_name(azimuth), "azimuth_deg");
  EXPECT_EQ(flat_name(frequency), "frequency_hz");
  EXPECT_EQ(flat_name(timeout), "timeout_s");
  EXPECT_EQ(flat_name(gain), "gain");
}

TEST(Nearest, FindsWhatWasMeant) {
  const std::vector<std::string> known{"latitude", "longitude", "height", "lat", "driver"};
  EXPECT_EQ(nearest("lattitude", known), "latitude");
  EXPECT_EQ(nearest("Longitude", known), "longitude");
  EXPECT_EQ(nearest("hieght", known), "height");
  EXPECT_EQ(nearest("alt", known), "lat") << "neighbours that changed places are one edit";
  EXPECT_EQ(nearest("dirver", known), "driver");
}

TEST(Nearest, StaysSilentWhenNothingIsNear) {
  const std::vector<std::string> known{"latitude", "longitude", "on"};
  EXPECT_EQ(nearest("password", known), "");
  EXPECT_EQ(nearest("x", known), "");
  EXPECT_EQ(nearest("", known), "");
  EXPECT_EQ(nearest(std::string(10'000'000, 'l'), known), "");
}

}  // namespace
}  // namespace astro
