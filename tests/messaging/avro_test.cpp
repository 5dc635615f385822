// SPDX-License-Identifier: BSD-3-Clause
#include "astro/messaging/avro.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "astro/error.hpp"
#include "astro/messaging/schema_registry.hpp"
#include "astro/messaging/telescope.hpp"

namespace astro::messaging {
namespace {

using ::testing::HasSubstr;

Bytes bytes(std::initializer_list<int> all) {
  Bytes made;
  for (const int each : all) made.push_back(static_cast<std::byte>(each));
  return made;
}

std::string why_refused(const AvroCodec& codec, const Bytes& body, const std::string& schema = {}) {
  try {
    (void)(schema.empty() ? codec.decode(body) : codec.decode(body, schema));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_file) << error.what();
    return error.what();
  }
  return "nothing";
}

CommandAcknowledgment acknowledgment() {
  CommandAcknowledgment made;
  made.ack_id = "a";
  made.command_id = "bc";
  made.timestamp = 1'700'000'000'000;
  made.status = AckStatus::failed;
  made.progress_percent = 0.5;
  made.error_code = "interrupted";
  return made;
}

// By hand, from the specification: a string is its length (zigzag) and its bytes, a long a zigzag varint, an enum its
// index, a union the branch's index.
TEST(Avro, IsWhatTheSpecificationSays) {
  const AvroCodec codec(schema_of<CommandAcknowledgment>());
  const Bytes expected = bytes({2,    'a',  4,    'b',  'c',                          // ack_id, command_id
                                0x80, 0xA0, 0xAB, 0xFE, 0xF9, 0x62,                   // timestamp
                                6,                                                    // failed
                                0,                                                    // no message
                                0,                                                    // source_application ""
                                0,                                                    // no hostname
                                2,    0,    0,    0,    0,    0,    0,   0xE0, 0x3F,  // 0.5 percent
                                0,                                                    // no estimate
                                2,    22,   'i',  'n',  't',  'e',  'r', 'r',  'u',  'p', 't', 'e', 'd',
                                0,                      // no details of the error
                                0,    0,    0,    0});  // device, command, details, trace
  EXPECT_EQ(codec.encode(to_value(acknowledgment())), expected);
  EXPECT_EQ(codec.decode(expected), to_value(acknowledgment()));
  EXPECT_EQ(codec.encode(acknowledgment()), expected);
  EXPECT_EQ(to_value(codec.decode_as<CommandAcknowledgment>(expected)), to_value(acknowledgment()));
}

TEST(Avro, OfAStructIsThatOfItsValueAlsoWhenItIsDamaged) {
  const AvroCodec codec(schema_of<TelescopeCommand>());
  TelescopeCommand command;
  command.command_id = "c1";
  command.observation_request.emplace().target_name = "S7";
  command.observation_request->user.emplace().email = "a@b";
  command.expires = 1'700'000'000'000;
  const Bytes whole = codec.encode(command);
  EXPECT_EQ(whole, codec.encode(to_value(command)));
  const auto outcome = [](auto make) {
    try {
      return to_json(to_value(make()));
    } catch (const Error& error) {
      return std::string(error.what());
    }
  };
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same damages each time
  for (int i = 0; i < 3000; ++i) {
    Bytes body = whole;
    for (auto damages = random() % 3; damages < 3; ++damages) body[random() % body.size()] = std::byte(random());
    if (i % 10 == 0) body.resize(random() % body.size());
    EXPECT_EQ(outcome([&] { return codec.decode_as<TelescopeCommand>(body); }),
              outcome([&] { return from_value<TelescopeCommand>(codec.decode(body)); }));
  }
}

TEST(Avro, OfAnotherStructIsRefused) {
  const AvroCodec codec(schema_of<TelescopeCommand>());
  EXPECT_THROW(codec.encode(acknowledgment()), Error);
  EXPECT_THROW(codec.decode_as<CommandAcknowledgment>(Bytes()), Error);
}

TEST(Avro, SchemaHasTheOrderThatConsumersDependOn) {
  const Value schema = parse_json(avro_schema(schema_of<TelescopeCommand>()));
  EXPECT_EQ(*schema.find("name"), Value("TelescopeCommand"));
  std::vector<std::string> names;
  for (const Value& field : schema.find("fields")->as_list()) names.push_back(field.find("name")->as_text());
  ASSERT_GE(names.size(), 4U);
  EXPECT_THAT(std::vector(names.begin(), names.begin() + 4),
              ::testing::ElementsAre("command_id", "command_type", "timestamp", "observation_request"));
  const Value& request = schema.find("fields")->as_list()[3];
  EXPECT_TRUE(request.find("default")->is_null());
  const List& branches = request.find("type")->as_list();
  EXPECT_EQ(branches[0], Value("null"));
  EXPECT_EQ(*branches[1].find("name"), Value("ObservationBase"));
}

TEST(Avro, KeepsNestedRecordsTimesAndTexts) {
  const AvroCodec codec(schema_of<TelescopeCommand>());
  TelescopeCommand command;
  command.command_id = std::string("with\0zero", 9);
  command.observation_request.emplace();
  command.observation_request->target_name = "M 31 \xCE\xB1";
  command.observation_request->ra = 10.6847;
  command.observation_request->submitted_at = Time(std::chrono::milliseconds(-1));
  command.observation_request->user = UserBase{.user_id = "u", .username = "anna", .id = -5, .is_active = false};
  const Value written = to_value(command);
  EXPECT_EQ(codec.decode(codec.encode(written)), written);
}

TEST(Avro, OfAnotherWriterIsReadByNames) {
  const AvroCodec codec(schema_of<CommandAcknowledgment>());
  const std::string older =
      R"({"type":"record","name":"CommandAcknowledgment","fields":[
        {"name":"command_id","type":"string"},{"name":"ack_id","type":"string"},
        {"name":"status","type":{"type":"enum","name":"AckStatus","symbols":["STARTED","COMPLETED"]}},
        {"name":"mood","type":["null","float"]},{"name":"timestamp","type":"int"}]})";
  // command_id "c", ack_id "a", COMPLETED, a mood of 1.0, timestamp 7
  const Value read = codec.decode(bytes({2, 'c', 2, 'a', 2, 2, 0, 0, 0x80, 0x3F, 14}), older);
  EXPECT_EQ(*read.find("status"), Value("completed"));
  EXPECT_EQ(read.find("timestamp")->as_integer(), 7);
  EXPECT_EQ(*read.find("ack_id"), Value("a"));
  EXPECT_TRUE(read.find("message")->is_null());
  EXPECT_EQ(*read.find("device"), Value(""));
}

TEST(Avro, SaysWhatCannotBeRead) {
  const AvroCodec codec(schema_of<TelescopeStatus>());
  TelescopeStatus status;
  status.status_id = "s";
  const Bytes whole = codec.encode(to_value(status));
  for (std::size_t cut = 0; cut < whole.size(); ++cut)
    EXPECT_THAT(why_refused(codec, Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut))),
                HasSubstr("do not fit the schema"))
        << cut;
  Bytes longer = whole;
  longer.push_back(std::byte{0});
  EXPECT_THAT(why_refused(codec, longer), HasSubstr("behind its end"));
  // A length of 2^62.
  EXPECT_THAT(why_refused(codec, bytes({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 'x'})),
              HasSubstr("do not fit"));
  EXPECT_THAT(why_refused(codec, whole, "{"), HasSubstr("no JSON"));
  EXPECT_THAT(why_refused(codec, whole, R"({"type":"record","name":"X"})"), HasSubstr("cannot be read"));
  EXPECT_THAT(why_refused(codec, bytes({2}), R"("long")"), HasSubstr("is no record"));
  EXPECT_THAT(why_refused(codec, bytes({2}), R"({"type":"record","name":"X","fields":[{"name":"a","type":"long"}]})"),
              HasSubstr("status_id"));
}

TEST(Avro, RefusesSchemasThatLetAShortMessageNeedAnything) {
  const AvroCodec codec(schema_of<TelescopeStatus>());
  const std::string itself =
      R"({"type":"record","name":"L","fields":[{"name":"next","type":["null","L"]},{"name":"n","type":"long"}]})";
  EXPECT_THAT(why_refused(codec, Bytes(100'000, std::byte{2}), itself), HasSubstr("contains itself"));
  const std::string nothing =
      R"({"type":"record","name":"N","fields":[{"name":"all","type":{"type":"array","items":"null"}}]})";
  EXPECT_THAT(why_refused(codec, bytes({0x80, 0x80, 0x80, 0x80, 0x80, 0x10, 0}), nothing),
              HasSubstr("list of nothing"));
}

TEST(Avro, TakesOnlyWhatIsOfTheRecord) {
  const AvroCodec codec(schema_of<TelescopeStatus>());
  Value wrong = to_value(TelescopeStatus{});
  wrong.set("level", "grave");
  EXPECT_THROW((void)codec.encode(wrong), Error);
  EXPECT_THROW((void)avro_schema(Schema{}), Error);
}

TEST(RegistryFrame, IsAZeroTheIdAndTheBody) {
  const Bytes body = bytes({1, 2});
  const Bytes message = framed(0x01020304, body);
  EXPECT_EQ(message, bytes({0, 1, 2, 3, 4, 1, 2}));
  EXPECT_EQ(unframed(message).id, 0x01020304);
  EXPECT_EQ(unframed(message).body.size(), 2U);
  EXPECT_THROW((void)unframed(bytes({0, 1, 2, 3})), Error);
  EXPECT_THROW((void)unframed(bytes({1, 0, 0, 0, 1})), Error);
}

TEST(Registry, ThatDoesNotAnswerIsATransportError) {
  SchemaRegistry registry({.url = "http://127.0.0.1:1", .timeout = std::chrono::seconds(2)});
  try {
    (void)registry.schema(1);
    FAIL() << "nobody is there";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::transport);
    EXPECT_THAT(error.what(), HasSubstr("http://127.0.0.1:1/schemas/ids/1"));
  }
}

}  // namespace
}  // namespace astro::messaging
