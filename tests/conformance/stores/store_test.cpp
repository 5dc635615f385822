// SPDX-License-Identifier: BSD-3-Clause
// What is true of every store: astro/store.hpp, sentence by sentence.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "conformance/stores/under_test.hpp"

namespace astro::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Stores : public EveryStore {};
ASTRO_WITH_EVERY_STORE(Stores);

TEST_P(Stores, KeepEveryTypeOfFieldAcrossReopening) {
  const Reading kept = full_reading();
  Reading empty;
  empty.id = "empty";
  { EXPECT_EQ(open().insert<Reading>({kept, empty}), 2U); }
  const Opened store = open();
  const auto found = store.find<Reading>();
  ASSERT_EQ(found.size(), 2U);
  // Compared as JSON, which writes doubles so that they read back the same; the NaN is looked at below.
  EXPECT_EQ(to_json(to_value(found[0])), to_json(to_value(kept)));
  EXPECT_EQ(to_json(to_value(found[1])), to_json(to_value(empty)));
  EXPECT_TRUE(std::isnan(found[0].spectrum[1]));
  EXPECT_FALSE(found[1].noise.has_value());
}

TEST_P(Stores, KeepEveryNanosecond) {
  const Opened store = open();
  std::vector<Reading> records(4);
  const std::vector<std::string> times{"1970-01-01T00:00:00.000000001Z", "1905-06-07T08:09:10.987654321Z",
                                       "2026-01-15T20:00:00.999999999Z", "2261-12-31T23:59:59.123456789Z"};
  for (std::size_t i = 0; i < times.size(); ++i) {
    records[i].id = times[i];
    records[i].time = parse_time(times[i]);
  }
  store.insert(records);
  for (const Reading& found : store.find<Reading>()) EXPECT_EQ(found.time, parse_time(found.id)) << found.id;
  const Time third = records[2].time;
  EXPECT_EQ(store->count(readings(), {.where = {{"time", Compare::from, third}}}), 2U);
  EXPECT_EQ(store->count(readings(), {.where = {{"time", Compare::below, third}}}), 2U);
  EXPECT_EQ(store->count(readings(), {.where = {{"time", Compare::from, third + std::chrono::nanoseconds(1)}}}), 1U);
}

TEST_P(Stores, KeepLargeArraysAndManyRowsInTheirOrder) {
  const Opened store = open();
  Reading large;
  large.id = "large";
  for (int i = 0; i < 1 << 20; ++i) large.spectrum.push_back(static_cast<float>(i) * 0.5F);
  store.insert<Reading>({large});
  EXPECT_EQ(store.find<Reading>().at(0).spectrum, large.spectrum);

  std::vector<Counted> many;
  for (std::int64_t i = 0; i < 20000; ++i) many.push_back({(i * 7919) % 20011, std::to_string(i)});
  EXPECT_EQ(store.insert(many), many.size());
  const auto found = store.find<Counted>();
  ASSERT_EQ(found.size(), many.size());
  for (std::size_t i = 0; i < many.size(); ++i) ASSERT_EQ(found[i].number, many[i].number) << i;
}

TEST_P(Stores, ReadNotANumberBackAndLeaveItOutOfRanges) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const Opened store = open();
  std::vector<Reading> records(3);
  records[0].id = "nan", records[0].level = nan, records[0].noise = nan;
  records[1].id = "infinity", records[1].level = infinity, records[1].noise = -infinity;
  records[2].id = "five", records[2].level = 5, records[2].noise = 5;
  store.insert(records);
  const std::vector<List> found = store->find(readings(), {});  // as they are: from_value refuses what is not finite
  ASSERT_EQ(found.size(), 3U);
  for (const std::size_t column : {3U, 4U}) EXPECT_TRUE(std::isnan(found[0][column].as_number())) << column;
  EXPECT_EQ(found[1][3], Value(infinity));
  EXPECT_EQ(found[1][4], Value(-infinity));
  for (const char* field : {"level", "noise"}) {
    EXPECT_EQ(store->count(readings(), {.where = {{field, Compare::equal, nan}}}), 1U) << field;
    EXPECT_EQ(store->count(readings(), {.where = {{field, Compare::from, 5}, {field, Compare::below, 6}}}), 1U)
        << field;
    EXPECT_EQ(store->count(readings(), {.where = {{field, Compare::from, -infinity}}}), 2U) << field;
  }
}

TEST_P(Stores, KeepNumbersOfAnyTypeAsNumbers) {
  const Opened store = open();
  std::vector<Reading> records;
  const std::vector<Value> values{
      21.5, 7, "7", true, nullptr, Value(List{1, 2}), -1e-12, 1e15, 4.0, (std::int64_t{1} << 53) + 1};
  for (const Value& value : values) {
    records.push_back({});
    records.back().id = std::to_string(records.size());
    records.back().anything = value;
  }
  store.insert(records);
  const auto found = store.find<Reading>();
  ASSERT_EQ(found.size(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(found[i].anything, values[i]) << i;
  const auto count = [&](const std::vector<Condition>& where) { return store->count(readings(), {.where = where}); };
  EXPECT_EQ(count({{"anything", Compare::from, 10}, {"anything", Compare::below, 30}}), 1U);
  EXPECT_EQ(count({{"anything", Compare::equal, 4}}), 1U);
  EXPECT_EQ(count({{"anything", Compare::equal, std::int64_t{1} << 53}}), 0U);
  EXPECT_EQ(count({{"anything", Compare::equal, "7"}}), 1U);
  EXPECT_EQ(count({{"anything", Compare::equal, nullptr}}), 1U);
  EXPECT_EQ(count({{"anything", Compare::equal, Value(List{1, 2})}}), 1U);
  const auto ordered = store.find<Reading>({.order_by = "anything", .limit = 4});
  EXPECT_THAT((std::vector{ordered[0].id, ordered[1].id, ordered[2].id, ordered[3].id}),
              ElementsAre("5", "7", "9", "2"));  // what is not there, then numbers by their size
}

TEST_P(Stores, InsertOnlyWhatIsAbsent) {
  const Opened store = open();
  EXPECT_EQ(store.insert<Counted>({{1, "first"}, {2, "second"}}), 2U);
  EXPECT_EQ(store.insert<Counted>({{2, "other"}, {3, "third"}, {3, "again"}}), 1U);
  EXPECT_EQ(store.find<Counted>({.where = {{"number", Compare::equal, 2}}}).at(0).text, "second");
  EXPECT_EQ(store.find<Counted>({.where = {{"number", Compare::equal, 3}}}).at(0).text, "third");
  EXPECT_EQ(store.insert<Counted>({{4, "fourth"}}), 1U);
  EXPECT_THAT(store.numbers(), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(store.insert<Counted>({}), 0U);
}

TEST_P(Stores, FindByEqualityAndRangeInOrder) {
  const Opened store = open();
  store.insert<Counted>({{5, "b"}, {3, "a"}, {9, "a"}, {1, "c"}});
  EXPECT_THAT(store.numbers(), ElementsAre(5, 3, 9, 1));  // as inserted, though the key is an integer
  EXPECT_THAT(store.numbers({.newest_first = true, .limit = 2}), ElementsAre(1, 9));
  EXPECT_THAT(store.numbers({.where = {{"number", Compare::from, 3}, {"number", Compare::below, 9}}}),
              ElementsAre(5, 3));
  EXPECT_THAT(store.numbers({.order_by = "number"}), ElementsAre(1, 3, 5, 9));
  EXPECT_THAT(store.numbers({.order_by = "text"}), ElementsAre(3, 9, 5, 1));
  EXPECT_THAT(store.numbers({.where = {{"text", Compare::equal, "a"}}, .order_by = "number", .newest_first = true}),
              ElementsAre(9, 3));
  EXPECT_EQ(store->count(counted(), {.where = {{"text", Compare::from, "b"}}}), 2U);
  EXPECT_EQ(store->count(counted(), {.limit = 3}), 3U);
}

TEST_P(Stores, OrderTextByItsBytesWhateverTheLanguage) {
  const Opened store = open();
  store.insert<Counted>({{1, "b"}, {2, "B"}, {3, "a"}, {4, "\u00e4"}, {5, "A b"}, {6, "Ab"}});
  EXPECT_THAT(store.numbers({.order_by = "text"}), ElementsAre(5, 6, 2, 3, 1, 4));
  EXPECT_EQ(store->count(counted(), {.where = {{"text", Compare::below, "a"}}}), 3U);
}

TEST_P(Stores, PutWhatIsNotThereBeforeEverythingElse) {
  const Opened store = open();
  std::vector<Reading> records(3);
  records[0].id = "b", records[0].noise = 2;
  records[1].id = "none";
  records[2].id = "a", records[2].noise = 1;
  store.insert(records);
  EXPECT_EQ(store.find<Reading>({.order_by = "noise"}).at(0).id, "none");
  EXPECT_EQ(store.find<Reading>({.order_by = "noise", .newest_first = true}).at(2).id, "none");
}

TEST_P(Stores, AskForQuantitiesInTheirUnits) {
  const Opened store = open();
  store.insert<Reading>({full_reading()});
  const auto count = [&](const char* field, Compare compare, const Value& value) {
    return store->count(readings(), {.where = {{field, compare, value}}});
  };
  EXPECT_EQ(count("frequency", Compare::from, "1420 MHz"), 1U);
  EXPECT_EQ(count("frequency", Compare::below, "1420 MHz"), 0U);
  EXPECT_EQ(count("azimuth", Compare::below, 400), 1U);  // beyond the field's range, and a fair question
  EXPECT_EQ(count("time", Compare::equal, parse_time("2021-02-10T07:57:41.123456789Z")), 1U);
  EXPECT_EQ(count("band", Compare::equal, "high"), 1U);
  EXPECT_EQ(count("noise", Compare::equal, nullptr), 0U);
  EXPECT_EQ(count("valid", Compare::equal, true), 1U);
  EXPECT_EQ(count("words", Compare::equal, List{"one", "", "t\"wo"}), 1U);
  EXPECT_EQ(count("inner", Compare::equal, Map{{"gain", 2.25}, {"name", "y"}}), 1U);
  EXPECT_EQ(count("raw", Compare::equal, bytes(std::string_view("\0\xff;", 3))), 1U);
}

TEST_P(Stores, ExplainQuestionsThatMakeNoSense) {
  const Opened store = open();
  const Error misspelt = error_of([&] { store->find(counted(), {.where = {{"nunber", Compare::equal, 1}}}); });
  EXPECT_EQ(misspelt.code(), ErrorCode::invalid_argument);
  EXPECT_THAT(misspelt.what(), HasSubstr("did you mean \"number\"?"));
  const Error no_range = error_of([&] { store->find(readings(), {.where = {{"spectrum", Compare::from, 1}}}); });
  EXPECT_EQ(no_range.code(), ErrorCode::invalid_argument);
  const Error no_key = error_of([&] {
    struct NoKey : Rows {
      std::size_t size() const noexcept override { return 1; }
      Cell cell(std::size_t, std::size_t) const override { return {}; }
    };
    store->insert(counted(), NoKey());
  });
  EXPECT_EQ(no_key.code(), ErrorCode::invalid_argument);
  EXPECT_THAT(no_key.what(), HasSubstr("\"number\", which is its key"));
  EXPECT_EQ(store.insert<Counted>({{1, "after"}}), 1U);
}

TEST_P(Stores, ReplaceOnlyTheExpectedRevision) {
  const Opened store = open();
  Reading reading = full_reading();
  reading.revision = 1;
  store.insert<Reading>({reading});
  const auto replace = [&](std::int64_t expected) { return store.replace(reading, "revision", expected); };
  reading.revision = 2;
  reading.level = 99;
  EXPECT_FALSE(replace(7));
  EXPECT_EQ(store.find<Reading>().at(0).level, 0.1);
  EXPECT_TRUE(replace(1));
  EXPECT_FALSE(replace(1));
  EXPECT_EQ(store.find<Reading>().at(0).level, 99);
  EXPECT_EQ(store.find<Reading>().at(0).revision, 2);
  reading.id = "absent";
  EXPECT_FALSE(replace(2));
  EXPECT_EQ(error_of([&] { store.replace(reading, "level", 1); }).code(), ErrorCode::invalid_argument);
}

TEST_P(Stores, EraseWhatTheQueryFinds) {
  const Opened store = open();
  store.insert<Counted>({{1, "a"}, {2, "a"}, {3, "b"}, {4, "a"}});
  EXPECT_EQ(store->erase(counted(), {.where = {{"text", Compare::equal, "a"}}, .limit = 2}), 2U);
  EXPECT_THAT(store.numbers(), ElementsAre(3, 4));
  EXPECT_EQ(store->erase(counted(), {}), 2U);
  EXPECT_EQ(store.insert<Counted>({{1, "a"}}), 1U);
}

TEST_P(Stores, AddNewFieldsWithTheirDefault) {
  Schema older = readings();
  older.fields.resize(3);
  Schema newer = readings();
  newer.fields[3].default_value = 0.30000000000000004;  // needs all its digits
  newer.fields[6].default_value = std::numeric_limits<double>::infinity();
  newer.fields[10].default_value = bytes(std::string_view("'\\\0", 3));
  newer.fields[14].default_value = "it's \\ any";
  Reading reading = full_reading();
  { open()->insert(older, RecordRows<Reading>(std::span<const Reading>(&reading, 1))); }
  const Opened store = open();
  store->prepare(newer);
  const List row = store->find(newer, {}).at(0);
  EXPECT_EQ(row[3], Value(0.30000000000000004));
  EXPECT_EQ(row[4], Value());
  EXPECT_EQ(row[6], Value(std::numeric_limits<double>::infinity()));
  EXPECT_EQ(row[9], Value("low"));
  EXPECT_EQ(row[10], newer.fields[10].default_value);
  EXPECT_EQ(row[12], Value(List{}));
  EXPECT_EQ(row[13].find("gain")->as_number(), 1.5);
  EXPECT_EQ(row[14], Value("it's \\ any"));
  // And the older program goes on with the newer store.
  Reading another = full_reading();
  another.id = "another";
  EXPECT_EQ(store->insert(older, RecordRows<Reading>(std::span<const Reading>(&another, 1))), 1U);
  EXPECT_EQ(store->find(newer, {}).at(1)[9], Value("low"));
}

TEST_P(Stores, RefuseAFieldWhoseTypeOrKeyChangedAndTouchNothing) {
  const Opened store = open();
  store.insert<Counted>({{1, "a"}});
  Schema changed = counted();
  changed.fields.push_back({.name = "new", .type = FieldType::text});
  changed.fields[1].type = FieldType::number;
  changed.fields[1].default_value = {};
  const Error error = error_of([&] { store->prepare(changed); });
  EXPECT_EQ(error.code(), ErrorCode::storage);
  EXPECT_THAT(error.what(), HasSubstr("\"text\" is number now and rests as text"));
  Schema other_key = counted();
  std::swap(other_key.fields[0], other_key.fields[1]);
  EXPECT_EQ(error_of([&] { store->prepare(other_key); }).code(), ErrorCode::storage);
  Schema new_key = counted();
  new_key.fields.insert(new_key.fields.begin(), {.name = "id", .type = FieldType::text});
  EXPECT_EQ(error_of([&] { store->prepare(new_key); }).code(), ErrorCode::storage);
  EXPECT_EQ(store.find<Counted>().size(), 1U);
  // "new" was not made as a text on the way: it is still free to be a number.
  Schema good = counted();
  good.fields.push_back({.name = "new", .type = FieldType::number});
  EXPECT_NO_THROW(store->prepare(good));
}

TEST_P(Stores, RefuseSchemasThatSqlCannotTellApart) {
  const Opened store = open();
  const Schema twice{"twice", {{.name = "a", .type = FieldType::text}, {.name = "A", .type = FieldType::text}}};
  EXPECT_THAT(error_of([&] { store->prepare(twice); }).what(), HasSubstr("capitals"));
  for (const char* name : {"", "Astro_fields"}) {
    Schema schema = counted();
    schema.name = name;
    EXPECT_EQ(error_of([&] { store->prepare(schema); }).code(), ErrorCode::invalid_argument) << name;
  }
}

TEST_P(Stores, CommitOrRollBackWhatIsBetween) {
  const Opened store = open();
  store->begin();
  store.insert<Counted>({{1, "a"}});
  store->roll_back();
  EXPECT_THAT(store.numbers(), ElementsAre());  // the table itself was part of it
  store->begin();
  store.insert<Counted>({{1, "a"}});
  Schema bad = counted();
  bad.fields[0].type = FieldType::text;
  EXPECT_THROW(store->prepare(bad), Error);  // fails alone; the rest of the transaction stands
  EXPECT_EQ(store.insert<Counted>({{1, "again"}, {2, "b"}}), 1U);
  EXPECT_EQ(store.insert<Counted>({{2, "again"}, {3, "c"}}), 1U);
  store->commit();
  EXPECT_THAT(store.numbers(), ElementsAre(1, 2, 3));
  EXPECT_EQ(error_of([&] { store->commit(); }).code(), ErrorCode::invalid_argument);
  store->roll_back();
  EXPECT_EQ(error_of([&] { store->begin(), store->begin(); }).code(), ErrorCode::invalid_argument);
}

TEST_P(Stores, ShowOthersATransactionOnlyWhenItIsCommitted) {
  const Opened one = open();
  const Opened two = open();
  one->prepare(counted());
  one->begin();
  one.insert<Counted>({{1, "a"}});
  EXPECT_EQ(two->count(counted(), {}), 0U);
  one->commit();
  EXPECT_EQ(two->count(counted(), {}), 1U);
}

TEST_P(Stores, AreSharedByTwoWriters) {
  const Opened one = open();
  const Opened two = open();
  constexpr std::int64_t each = 200;
  const auto write = [](const Opened& store, std::int64_t first) {
    std::size_t inserted = 0;
    for (std::int64_t i = 0; i < each; ++i) inserted += store.insert<Counted>({{first + i, "row"}});
    return inserted;
  };
  std::size_t of_one = 0;
  std::thread other([&] { of_one = write(one, 0); });
  const std::size_t of_two = write(two, each / 2);
  other.join();
  EXPECT_EQ(of_one + of_two, static_cast<std::size_t>(each + each / 2));  // the middle once, by whoever was first
  EXPECT_EQ(two->count(counted(), {}), static_cast<std::size_t>(each + each / 2));
}

TEST_P(Stores, LearnOfAFieldThatAnotherProgramAdded) {
  const Opened one = open();
  const Opened two = open();
  one.insert<Counted>({{1, "a"}});
  two.insert<Counted>({{2, "b"}});
  Schema newer = counted();
  newer.fields.push_back({.name = "added", .type = FieldType::integer, .default_value = 5});
  two->prepare(newer);
  EXPECT_EQ(one.insert<Counted>({{3, "c"}}), 1U);  // the older program goes on
  EXPECT_EQ(one->find(newer, {}).at(2).at(2), Value(5));
}

TEST_P(Stores, RefuseToBeUsedWhenTheyAreClosed) {
  const Opened store = open();
  store->close();
  EXPECT_EQ(error_of([&] { store->count(counted(), {}); }).code(), ErrorCode::storage);
}

// SHA-256 of "abc" and of nothing: FIPS 180-4 test vectors of the NIST Cryptographic Standards site.
constexpr const char* hash_of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* hash_of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

TEST_P(Stores, KeepObjectsUnderTheirHash) {
  {
    const Opened store = open();
    EXPECT_EQ(store->put_object(bytes("abc")), hash_of_abc);
    EXPECT_EQ(store->put_object(bytes("abc")), hash_of_abc);
    EXPECT_EQ(store->put_object({}), hash_of_nothing);
  }
  const Opened store = open();
  EXPECT_EQ(store->get_object(hash_of_abc), bytes("abc"));
  EXPECT_EQ(store->get_object(hash_of_nothing), Bytes{});
  Bytes large(3'000'000);
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<std::byte>(i * i >> 8);
  EXPECT_EQ(store->get_object(store->put_object(large)), large);
}

TEST_P(Stores, SayThatThereIsNoSuchObject) {
  const Opened store = open();
  const Error absent = error_of([&] { store->get_object(hash_of_nothing); });
  EXPECT_EQ(absent.code(), ErrorCode::not_found);
  EXPECT_THAT(absent.what(), HasSubstr(hash_of_nothing));
  EXPECT_EQ(error_of([&] { store->get_object("../../etc/passwd"); }).code(), ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace astro::testing
