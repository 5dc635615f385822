// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "sqlite_store.hpp"

namespace {

using namespace astro;
using namespace astro::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Reading full_reading() {
  Reading reading;
  reading.id = std::string("a'\"\0b", 5);
  reading.revision = std::numeric_limits<std::int64_t>::min();
  reading.valid = true;
  reading.level = 0.1;
  reading.noise = -1e-300;
  reading.azimuth = degrees(123.456);
  reading.frequency = hertz(1420405751.768);
  reading.time = parse_time("2021-02-10T07:57:41.123456789Z");
  reading.lasts = std::chrono::milliseconds(1500);
  reading.band = Band::high;
  reading.raw = bytes(std::string_view("\0\xff;", 3));
  reading.spectrum = {1.0F, std::numeric_limits<float>::quiet_NaN(), -3.5F};
  reading.words = {"one", "", "t\"wo"};
  reading.inner = {2.25, "y"};
  reading.anything = Map{{"a", List{1, 2.5, "x"}}};
  return reading;
}

TEST(Sqlite, KeepsEveryTypeOfFieldAcrossReopening) {
  const TemporaryFolder folder;
  const Reading kept = full_reading();
  Reading empty;
  empty.id = "empty";
  {
    const Opened store(folder.path() / "a.db");
    EXPECT_EQ(store.insert<Reading>({kept, empty}), 2U);
  }
  const Opened store(folder.path() / "a.db");
  const auto found = store.find<Reading>();
  ASSERT_EQ(found.size(), 2U);
  // Compared as JSON, which writes doubles so that they read back the same; the NaN is looked at below.
  EXPECT_EQ(to_json(to_value(found[0])), to_json(to_value(kept)));
  EXPECT_EQ(to_json(to_value(found[1])), to_json(to_value(empty)));
  EXPECT_TRUE(std::isnan(found[0].spectrum[1]));
  EXPECT_EQ(found[0].id.size(), 5U);
  EXPECT_FALSE(found[1].noise.has_value());
}

TEST(Sqlite, NamesColumnsAsJsonDoesAndTellsUnitsInTheFile) {
  const TemporaryFolder folder;
  const Opened store(folder.path() / "a.db");
  store.insert<Reading>({full_reading()});
  Sql sql(folder.path() / "a.db");
  EXPECT_EQ(sql.ask("SELECT azimuth_deg || ' ' || utc_ns FROM \"reading \"\"one\"\"\""), "123.456 1612943861123456789");
  EXPECT_EQ(sql.ask("SELECT frequency_hz FROM \"reading \"\"one\"\"\""), "1420405751.768");
  EXPECT_EQ(sql.ask("SELECT unit || ', ' || says FROM astro_fields WHERE name = 'level'"), "dB, of the sky");
}

TEST(Sqlite, ReadsNotANumberBackAndLeavesItOutOfMeansAndRanges) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const TemporaryFolder folder;
  const Opened store(folder.path() / "a.db");
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
  Sql sql(folder.path() / "a.db");
  EXPECT_EQ(sql.ask("SELECT avg(level) FROM \"reading \"\"one\"\"\" WHERE level < 1e300"), "5.0");
}

TEST(Sqlite, KeepsNumbersOfAnyTypeAsNumbers) {
  const TemporaryFolder folder;
  const Opened store(folder.path() / "a.db");
  std::vector<Reading> records;
  const std::vector<Value> values{21.5, 7, "7", true, nullptr, Value(List{1, 2}), -1e-12};
  for (const Value& value : values) {
    records.push_back({});
    records.back().id = std::to_string(records.size());
    records.back().anything = value;
  }
  store.insert(records);
  const auto found = store.find<Reading>();
  ASSERT_EQ(found.size(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(found[i].anything, values[i]) << i;
  EXPECT_EQ(store->count(readings(), {.where = {{"anything", Compare::from, 10}, {"anything", Compare::below, 30}}}),
            1U);
  Sql sql(folder.path() / "a.db");
  EXPECT_EQ(sql.ask("SELECT avg(anything) FROM \"reading \"\"one\"\"\" WHERE id IN ('1', '2')"), "14.25");
}

TEST(Sqlite, InsertsOnlyWhatIsAbsent) {
  const TemporaryFolder folder;
  const Opened store(folder.path() / "a.db");
  EXPECT_EQ(store.insert<Counted>({{1, "first"}, {2, "second"}}), 2U);
  EXPECT_EQ(store.insert<Counted>({{2, "other"}, {3, "third"}, {3, "again"}}), 1U);
  EXPECT_EQ(store.find<Counted>({.where = {{"number", Compare::equal, 2}}}).at(0).text, "second");
  EXPECT_EQ(store.find<Counted>({.where = {{"number", Compare::equal, 3}}}).at(0).text, "third");
}

TEST(Sqlite, FindsByEqualityAndRangeInOrder) {
  const TemporaryFolder folder;
  const Opened store(folder.path() / "a.db");
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

TEST(Sqlite, AsksForQuantitiesInTheirUnits) {
  const TemporaryFolder folder;
  const Opened store(folder.path() / "a.db");
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
}

TEST(Sqlite, ExplainsQuestionsThatMakeNoSense) {
  const TemporaryFolder folder;
  const Opened store(folder.path() / "a.db");
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
}

TEST(Sqlite, MakesAnIndexForAColumnThatIsSearchedBy) {
  const TemporaryFolder folder;
  const Opened store(folder.path() / "a.db");
  store.insert<Counted>({{1, "a"}});
  Sql sql(folder.path() / "a.db");
  EXPECT_EQ(sql.ask("SELECT count(*) FROM sqlite_schema WHERE name = 'counted.text'"), "0");
  store->find(counted(), {.where = {{"text", Compare::equal, "a"}}});
  EXPECT_EQ(sql.ask("SELECT count(*) FROM sqlite_schema WHERE name = 'counted.text'"), "1");
}

TEST(Sqlite, ReplacesOnlyTheExpectedRevision) {
  const TemporaryFolder folder;
  const Opened store(folder.path() / "a.db");
  Reading reading = full_reading();
  reading.revision = 1;
  store.insert<Reading>({reading});
  const auto replace = [&](std::int64_t expected) {
    return store->replace(readings(), RecordRows<Reading>(std::span<const Reading>(&reading, 1)), "revision", expected);
  };
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
  EXPECT_EQ(error_of([&] {
              store->replace(readings(), RecordRows<Reading>(std::span<const Reading>(&reading, 1)), "level", 1);
            }).code(),
            ErrorCode::invalid_argument);
}

TEST(Sqlite, ErasesWhatTheQueryFinds) {
  const TemporaryFolder folder;
  const Opened store(folder.path() / "a.db");
  store.insert<Counted>({{1, "a"}, {2, "a"}, {3, "b"}, {4, "a"}});
  EXPECT_EQ(store->erase(counted(), {.where = {{"text", Compare::equal, "a"}}, .limit = 2}), 2U);
  EXPECT_THAT(store.numbers(), ElementsAre(3, 4));
  EXPECT_EQ(store->erase(counted(), {}), 2U);
  EXPECT_EQ(store.insert<Counted>({{1, "a"}}), 1U);
}

TEST(Sqlite, AddsNewFieldsWithTheirDefault) {
  const TemporaryFolder folder;
  Schema older = readings();
  older.fields.resize(3);
  Schema newer = readings();
  newer.fields[3].default_value = 0.30000000000000004;  // needs all its digits
  newer.fields[6].default_value = std::numeric_limits<double>::infinity();
  {
    const Opened store(folder.path() / "a.db");
    Reading reading = full_reading();
    store->insert(older, RecordRows<Reading>(std::span<const Reading>(&reading, 1)));
  }
  const Opened store(folder.path() / "a.db");
  store->prepare(newer);
  const List row = store->find(newer, {}).at(0);
  EXPECT_EQ(row[3], Value(0.30000000000000004));
  EXPECT_EQ(row[4], Value());
  EXPECT_EQ(row[6], Value(std::numeric_limits<double>::infinity()));
  EXPECT_EQ(row[9], Value("low"));
  EXPECT_EQ(row[12], Value(List{}));
  EXPECT_EQ(row[13].find("gain")->as_number(), 1.5);
  // And the older program goes on with the newer file.
  Reading another = full_reading();
  another.id = "another";
  EXPECT_EQ(store->insert(older, RecordRows<Reading>(std::span<const Reading>(&another, 1))), 1U);
  EXPECT_EQ(store->find(newer, {}).at(1)[9], Value("low"));
}

TEST(Sqlite, RefusesAFieldWhoseTypeOrKeyChangedAndTouchesNothing) {
  const TemporaryFolder folder;
  const Opened store(folder.path() / "a.db");
  store.insert<Counted>({{1, "a"}});
  const std::string before = Sql(folder.path() / "a.db").ask("SELECT group_concat(sql) FROM sqlite_schema");
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
  EXPECT_EQ(Sql(folder.path() / "a.db").ask("SELECT group_concat(sql) FROM sqlite_schema"), before);
  EXPECT_EQ(store.find<Counted>().size(), 1U);
}

TEST(Sqlite, RefusesSchemasThatSqlCannotTellApart) {
  const TemporaryFolder folder;
  const Opened store(folder.path() / "a.db");
  Schema twice{"twice", {{.name = "a", .type = FieldType::text}, {.name = "A", .type = FieldType::text}}};
  EXPECT_THAT(error_of([&] { store->prepare(twice); }).what(), HasSubstr("capitals"));
  for (const char* name : {"", "sqlite_schema", "Astro_fields"}) {
    Schema schema = counted();
    schema.name = name;
    EXPECT_EQ(error_of([&] { store->prepare(schema); }).code(), ErrorCode::invalid_argument) << name;
  }
}

TEST(Sqlite, BringsAFileOfTheFirstFormatUpToDate) {
  const TemporaryFolder folder;
  {
    Sql sql(folder.path() / "a.db");  // as the first format was
    sql.execute(
        "CREATE TABLE astro_format(version INTEGER NOT NULL); INSERT INTO astro_format VALUES(1);"
        "CREATE TABLE astro_fields(record TEXT NOT NULL COLLATE NOCASE, field TEXT NOT NULL,"
        " name TEXT NOT NULL COLLATE NOCASE, kind TEXT NOT NULL, is_key INTEGER NOT NULL,"
        " PRIMARY KEY(record, name));"
        "CREATE TABLE counted(astro_row INTEGER PRIMARY KEY, number INTEGER NOT NULL UNIQUE, text TEXT);"
        "INSERT INTO astro_fields VALUES('counted', 'number', 'number', 'integer', 1),"
        " ('counted', 'text', 'text', 'text', 0);"
        "INSERT INTO counted(number, text) VALUES(7, 'old')");
  }
  const Opened store(folder.path() / "a.db");
  EXPECT_EQ(store.insert<Counted>({{7, "new"}, {8, "new"}}), 1U);
  EXPECT_EQ(store.find<Counted>().at(0).text, "old");
  Sql sql(folder.path() / "a.db");
  EXPECT_EQ(sql.ask("SELECT version FROM astro_format"), "2");
  EXPECT_EQ(sql.ask("SELECT count(*) FROM astro_fields WHERE unit = ''"), "2");
}

TEST(Sqlite, RefusesAFileOfANewerFormatAndAnotherProgramsDatabase) {
  const TemporaryFolder folder;
  { const Opened store(folder.path() / "newer.db"); }
  Sql(folder.path() / "newer.db").execute("UPDATE astro_format SET version = 99");
  const Error newer = error_of([&] { const Opened store(folder.path() / "newer.db"); });
  EXPECT_EQ(newer.code(), ErrorCode::storage);
  EXPECT_THAT(newer.what(), HasSubstr("has format 99 and this program knows formats up to 2"));

  Sql(folder.path() / "foreign.db").execute("CREATE TABLE bookmarks(url TEXT)");
  const std::string before = astro::testing::read_file(folder.path() / "foreign.db");
  const Error foreign = error_of([&] { const Opened store(folder.path() / "foreign.db"); });
  EXPECT_EQ(foreign.code(), ErrorCode::storage);
  EXPECT_THAT(foreign.what(), HasSubstr("another program"));
  EXPECT_EQ(astro::testing::read_file(folder.path() / "foreign.db"), before);
}

TEST(Sqlite, CommitsOrRollsBackWhatIsBetween) {
  const TemporaryFolder folder;
  const Opened store(folder.path() / "a.db");
  store->begin();
  store.insert<Counted>({{1, "a"}});
  store->roll_back();
  EXPECT_THAT(store.numbers(), ElementsAre());  // the table itself was part of it
  store->begin();
  store.insert<Counted>({{1, "a"}});
  Schema bad = counted();
  bad.fields[0].type = FieldType::text;
  EXPECT_THROW(store->prepare(bad), Error);  // fails alone; the rest of the transaction stands
  store.insert<Counted>({{2, "b"}});
  store->commit();
  EXPECT_THAT(store.numbers(), ElementsAre(1, 2));
  EXPECT_EQ(error_of([&] { store->commit(); }).code(), ErrorCode::invalid_argument);
  store->roll_back();
  EXPECT_EQ(error_of([&] { store->begin(), store->begin(); }).code(), ErrorCode::invalid_argument);
}

TEST(Sqlite, SharesTheFileWithASecondHandle) {
  const TemporaryFolder folder;
  const Opened one(folder.path() / "a.db");
  const Opened two(folder.path() / "a.db");
  constexpr std::int64_t each = 300;
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

TEST(Sqlite, SaysThatItIsBusyWhenAnotherProgramHoldsTheFile) {
  const TemporaryFolder folder;
  const Opened store(folder.path() / "a.db");
  store.insert<Counted>({{1, "a"}});
  Sql other(folder.path() / "a.db");
  other.execute("BEGIN IMMEDIATE");
  const Error error = error_of([&] { store.insert<Counted>({{2, "b"}}); });
  EXPECT_EQ(error.code(), ErrorCode::busy);
  EXPECT_TRUE(error.is_worth_retrying());
  EXPECT_THAT(store.numbers(), ElementsAre(1));  // reading goes on meanwhile
  other.execute("COMMIT");
  EXPECT_EQ(store.insert<Counted>({{2, "b"}}), 1U);
}

}  // namespace
