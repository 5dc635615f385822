// SPDX-License-Identifier: BSD-3-Clause
#include "astro/record.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>
#include <string_view>
#include <variant>

#include "astro/block.hpp"
#include "astro/json.hpp"

namespace astro::record_test {

enum class Window { rectangular, hann };

struct Load {
  double temperature_k = 295.0;
  Angle where = degrees(45);
  bool operator==(const Load&) const = default;
};

struct Everything {
  bool on = false;
  std::uint8_t address = 7;
  std::int64_t revision = 0;
  float level = 0.5F;
  std::string port{};
  Angle azimuth{};
  Frequency frequency{};
  Time at{};
  Duration timeout = std::chrono::milliseconds(500);
  Window window = Window::hann;
  Bytes raw{};
  std::vector<float> power{};
  std::vector<Angle> stations{};
  std::vector<bool> switches{};
  std::vector<Window> windows{};
  std::array<double, 3> corner{};
  std::optional<std::uint16_t> channel{};
  std::vector<Load> loads{};
  Load load{};
  Value extra{};
  bool operator==(const Everything&) const = default;
};

/// A member of each kind whose default is not that of its type.
struct Small {
  std::string name{};
  std::optional<std::string> note{};
  std::string port = "/dev/ttyUSB0";
};

}  // namespace astro::record_test

namespace astro {

template <>
struct Description<record_test::Window> {
  static constexpr std::array choices{"rectangular", "hann"};
};

template <>
struct Description<record_test::Load> {
  using T = record_test::Load;
  static constexpr std::array fields{field<&T::temperature_k>("temperature", {.unit = "K", .min = 0}),
                                     field<&T::where>("where")};
};

template <>
struct Description<record_test::Everything> {
  using T = record_test::Everything;
  static constexpr const char* name = "everything";
  static constexpr std::array fields{field<&T::on>("on"),
                                     field<&T::address>("address"),
                                     field<&T::revision>("revision"),
                                     field<&T::level>("level"),
                                     field<&T::port>("port"),
                                     field<&T::azimuth>("azimuth", {.min = 0, .max = 450}),
                                     field<&T::frequency>("frequency"),
                                     field<&T::at>("at"),
                                     field<&T::timeout>("timeout"),
                                     field<&T::window>("window"),
                                     field<&T::raw>("raw"),
                                     field<&T::power>("power"),
                                     field<&T::stations>("stations"),
                                     field<&T::switches>("switches"),
                                     field<&T::windows>("windows"),
                                     field<&T::corner>("corner", {.unit = "m"}),
                                     field<&T::channel>("channel"),
                                     field<&T::loads>("loads"),
                                     field<&T::load>("load"),
                                     field<&T::extra>("extra")};
};

template <>
struct Description<record_test::Small> {
  using T = record_test::Small;
  static constexpr std::array fields{
      field<&T::name>("name", {.says = "who it is", .required = true, .names = "mount", .column = "device"}),
      field<&T::note>("note", {.secret = true}), field<&T::port>("port")};
};

namespace record_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Everything sample() {
  Everything made;
  made.on = true;
  made.address = 200;
  made.revision = -5'000'000'000'000;
  made.level = 0.1F;
  made.port = "/dev/ttyS0";
  made.azimuth = degrees(450);
  made.frequency = megahertz(1420.4);
  made.at = parse_time("2021-02-10T07:57:41.123456789Z");
  made.timeout = std::chrono::seconds(2);
  made.window = Window::rectangular;
  made.raw = {std::byte{1}, std::byte{255}};
  made.power = {1.0F, -2.5F};
  made.stations = {degrees(10), degrees(20)};
  made.switches = {true, false, true};
  made.windows = {Window::hann, Window::rectangular};
  made.corner = {1.0, 2.0, 3.0};
  made.channel = 65535;
  made.loads = {{10.0, degrees(80)}, {295.0, degrees(0)}};
  made.load = {77.0, degrees(30)};
  made.extra = Map{{"a", List{1, "x", nullptr}}};
  return made;
}

template <class T>
std::string refusal(const Value& map) {
  try {
    from_value<T>(map);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    return error.what();
  }
  return "accepted";
}

TEST(Record, GoesThroughAValueAndBack) { EXPECT_EQ(from_value<Everything>(to_value(sample())), sample()); }

TEST(Record, SaysAnglesInTheDegreesThatWereWritten) {
  Load load;
  for (int tenths = -3600; tenths <= 3600; ++tenths) {
    load.where = degrees(tenths / 10.0);
    EXPECT_EQ(to_value(load).find("where")->as_number(), tenths / 10.0);
  }
  load.where = radians(0.1);  // no short number of degrees is the same angle
  EXPECT_EQ(to_value(load).find("where")->as_number(), radians(0.1).degrees());
}

TEST(Record, GoesThroughJsonAndBack) {
  EXPECT_EQ(from_value<Everything>(parse_json(to_json(to_value(sample())))), sample());
}

TEST(Record, GoesThroughCellsAndBack) {
  const std::array records{sample(), Everything{}};
  const RecordRows<Everything> rows(records);
  const Schema& schema = schema_of<Everything>();
  ASSERT_EQ(rows.size(), 2U);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    Map map;
    for (std::size_t i = 0; i < schema.fields.size(); ++i) {
      const Value value = value_of(schema.fields[i], rows.cell(row, i));
      map.emplace_back(schema.fields[i].name, value);
      EXPECT_EQ(value_of(schema.fields[i], cell_of(schema.fields[i], value)), value) << schema.fields[i].name;
    }
    EXPECT_EQ(from_value<Everything>(map), records[row]);
  }
}

TEST(Record, ReadsCellsOfAStoreThatHasNoBooleans) {
  const Schema& schema = schema_of<Everything>();
  EXPECT_EQ(value_of(*schema.find("on"), Cell(std::int64_t{1})), Value(true));
  EXPECT_EQ(value_of(*schema.find("azimuth"), Cell(std::int64_t{90})), Value(90.0));
  EXPECT_EQ(value_of(*schema.find("azimuth"), Cell()), Value());
  EXPECT_THROW(value_of(*schema.find("azimuth"), Cell(std::string_view("north"))), Error);
  const Bytes three(3);
  EXPECT_THROW(value_of(*schema.find("power"), Cell(std::span<const std::byte>(three))), Error);
}

TEST(Record, KeepsTheDefaultsOfWhatIsAbsent) {
  const auto made = from_value<Everything>(Map{{"azimuth", "1h"}, {"load", Map{{"temperature", "10 K"}}}});
  Everything expected;
  expected.azimuth = degrees(15);
  expected.load.temperature_k = 10.0;
  EXPECT_EQ(made, expected);
  EXPECT_EQ(from_value<Everything>(Value()), Everything{});
}

TEST(Record, NamesAllThatIsWrongWithAMap) {
  const std::string told = refusal<Everything>(
      Map{{"adress", 3}, {"azimuth", 451}, {"load", Map{{"temperature", -1}, {"wher", 0}}}, {"loads", List{Map{}, 7}}});
  EXPECT_THAT(told, AllOf(HasSubstr("everything: 4 problems"), HasSubstr("did you mean \"address\"?"),
                          HasSubstr("azimuth: must be 0 to 450 deg, is 451 deg"),
                          HasSubstr("temperature: must be at least 0 K"), HasSubstr("did you mean \"where\"?"),
                          HasSubstr("loads: element 1")));
}

TEST(Record, KnowsTheReachOfItsIntegers) {
  EXPECT_EQ(from_value<Everything>(Map{{"address", 255}}).address, 255);
  EXPECT_THAT(refusal<Everything>(Map{{"address", 256}}), HasSubstr("address: must be 0 to 255, is 256"));
  EXPECT_THAT(refusal<Everything>(Map{{"channel", -1}}), HasSubstr("channel: must be 0 to 65535, is -1"));
}

TEST(Record, AsksOnlyForWhatIsRequired) {
  EXPECT_THAT(refusal<Small>(Map{}), HasSubstr("name: is missing; expected a text"));
  const auto made = from_value<Small>(Map{{"name", "dish"}, {"note", nullptr}});
  EXPECT_EQ(made.name, "dish");
  EXPECT_EQ(made.note, std::nullopt);
  EXPECT_EQ(made.port, "/dev/ttyUSB0");
}

TEST(Schema, IsMadeFromTheStruct) {
  const Schema& schema = schema_of<Everything>();
  EXPECT_EQ(schema.name, "everything");
  EXPECT_EQ(schema.find("azimuth")->unit, "deg");
  EXPECT_EQ(schema.find("frequency")->unit, "Hz");
  EXPECT_EQ(schema.find("timeout")->unit, "s");
  EXPECT_EQ(schema.find("timeout")->default_value, Value(0.5));
  EXPECT_EQ(schema.find("stations")->type, FieldType::list);
  EXPECT_EQ(schema.find("stations")->element, FieldType::angle);
  EXPECT_EQ(schema.find("stations")->unit, "deg");
  EXPECT_EQ(schema.find("power")->type, FieldType::array);
  EXPECT_EQ(schema.find("power")->dtype, Dtype::f32);
  EXPECT_EQ(schema.find("corner")->length, 3U);
  EXPECT_EQ(schema.find("window")->choices, (std::vector<std::string>{"rectangular", "hann"}));
  EXPECT_TRUE(schema.find("channel")->nullable);
  EXPECT_EQ(schema.find("load")->members.size(), 2U);
  EXPECT_EQ(schema.find("nothing"), nullptr);
}

TEST(Schema, KeepsWhatWasSaidAboutAField) {
  const Schema& schema = schema_of<Small>();
  EXPECT_TRUE(schema.fields[0].required);
  EXPECT_TRUE(schema.fields[0].default_value.is_null()) << "what must be given has no default";
  EXPECT_EQ(schema.fields[0].says, "who it is");
  EXPECT_EQ(schema.fields[0].names, "mount");
  EXPECT_EQ(schema.fields[0].column, "device");
  EXPECT_TRUE(schema.fields[1].secret);
  EXPECT_FALSE(schema.fields[2].required);
  EXPECT_EQ(schema.fields[2].default_value, Value("/dev/ttyUSB0"));
}

TEST(Schema, AcceptsItsOwnDefaults) {
  const Schema& schema = schema_of<Tuning>();
  EXPECT_EQ(from_value<Tuning>(canonical(schema, Map{})), Tuning{});
}

/// What comes of it, or the complaint.
template <class Make>
std::variant<Everything, std::string> outcome(Make make) {
  try {
    return make();
  } catch (const Error& error) {
    return std::string(error.what());
  }
}

TEST(Record, GoesStraightToJsonAsItDoesOverAValue) {
  EXPECT_EQ(to_json(sample()), to_json(to_value(sample())));
  EXPECT_EQ(to_json(Everything{}), to_json(to_value(Everything{})));
  EXPECT_EQ(to_json(Small{}), R"({"name":"","note":null,"port":"/dev/ttyUSB0"})");
  EXPECT_EQ(from_json<Everything>(to_json(sample())), sample());
}

TEST(Record, ComesStraightFromJsonAsItDoesOverAValue) {
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same damages each time
  const std::string whole = to_json(sample());
  const std::string_view letters = "\"{}[],:0123456789.eE-+ntrufalse \\\xc3\xa9";
  int accepted = 0;
  for (int i = 0; i < 4000; ++i) {
    std::string text = whole;
    for (auto damages = random() % 3; damages < 3; ++damages) {
      const std::size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text.erase(at, 1 + random() % 4);
          break;
        case 1:
          text[at] = letters[random() % letters.size()];
          break;
        default:
          text.insert(at, 1, letters[random() % letters.size()]);
      }
    }
    const auto straight = outcome([&] { return from_json<Everything>(text); });
    EXPECT_EQ(straight, outcome([&] { return from_value<Everything>(parse_json(text)); })) << text;
    accepted += straight.index() == 0 ? 1 : 0;
  }
  EXPECT_GT(accepted, 100);
  EXPECT_LT(accepted, 3900);
}

TEST(Record, FromJsonTakesWhatItsWriterWouldNotWrite) {
  EXPECT_EQ(from_json<Everything>(R"( { "revision" : 5.0 , "azimuth" : "1h" , "address" : 9 } )").azimuth, degrees(15));
  EXPECT_EQ(from_json<Everything>(R"({"port":"\u00e9\n"})").port, "\u00e9\n");
  EXPECT_EQ(from_json<Everything>("{}"), Everything{});
}

}  // namespace
}  // namespace record_test
}  // namespace astro
