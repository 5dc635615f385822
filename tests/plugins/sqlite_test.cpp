// SPDX-License-Identifier: BSD-3-Clause
// What is SQLite's alone; what is true of every store is in tests/conformance/stores.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <barrier>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "sqlite_store.hpp"

namespace {

using namespace astro;
using namespace astro::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Sqlite, NamesColumnsAsJsonDoesAndTellsUnitsInTheFile) {
  const TemporaryFolder folder;
  const Opened store = open_sqlite(folder.path() / "a.db");
  store.insert<Reading>({full_reading()});
  Sql sql(folder.path() / "a.db");
  EXPECT_EQ(sql.ask("SELECT azimuth_deg || ' ' || utc_ns FROM \"reading \"\"one\"\"\""), "123.456 1612943861123456789");
  EXPECT_EQ(sql.ask("SELECT frequency_hz FROM \"reading \"\"one\"\"\""), "1420405751.768");
  EXPECT_EQ(sql.ask("SELECT unit || ', ' || says FROM astro_fields WHERE name = 'level'"), "dB, of the sky");
}

TEST(Sqlite, BearsThatSeveralOpenANewFileAtOnce) {
  constexpr int programs = 4;
  const TemporaryFolder folder;
  for (int round = 0; round < 100; ++round) {
    const std::string file = (folder.path() / (std::to_string(round) + ".db")).string();
    std::barrier together(programs);
    std::vector<std::jthread> threads;
    for (int i = 0; i < programs; ++i) {
      threads.emplace_back([&] {
        PlainHost host;
        const auto store = make_driver<Store>(DeviceKind::store, "sqlite", Map{{"path", file}});
        together.arrive_and_wait();
        EXPECT_NO_THROW(store->open(host));
        store->close();
      });
    }
  }
}

TEST(Sqlite, KeepsAZeroByteInAText) {
  const TemporaryFolder folder;
  const Opened store = open_sqlite(folder.path() / "a.db");
  const std::string text("a\0b", 3);
  store.insert<Counted>({{1, text}});
  EXPECT_EQ(store.find<Counted>().at(0).text, text);
  EXPECT_EQ(store->count(counted(), {.where = {{"text", Compare::equal, text}}}), 1U);
}

TEST(Sqlite, LeavesSqlToAverageWhatIsANumber) {
  const TemporaryFolder folder;
  const Opened store = open_sqlite(folder.path() / "a.db");
  std::vector<Reading> records(3);
  records[0].id = "1", records[0].level = std::numeric_limits<double>::quiet_NaN(), records[0].anything = 21.5;
  records[1].id = "2", records[1].level = 4, records[1].anything = 7;
  records[2].id = "3", records[2].level = 6, records[2].anything = nullptr;
  store.insert(records);
  Sql sql(folder.path() / "a.db");
  EXPECT_EQ(sql.ask("SELECT avg(level) || ' ' || avg(anything) FROM \"reading \"\"one\"\"\""), "5.0 14.25");
}

TEST(Sqlite, MakesAnIndexForAColumnThatIsSearchedBy) {
  const TemporaryFolder folder;
  const Opened store = open_sqlite(folder.path() / "a.db");
  store.insert<Counted>({{1, "a"}});
  Sql sql(folder.path() / "a.db");
  EXPECT_EQ(sql.ask("SELECT count(*) FROM sqlite_schema WHERE name = 'counted.text'"), "0");
  store->find(counted(), {.where = {{"text", Compare::equal, "a"}}});
  EXPECT_EQ(sql.ask("SELECT count(*) FROM sqlite_schema WHERE name = 'counted.text'"), "1");
}

TEST(Sqlite, MakesOneIndexForColumnsThatAreSearchedByTogether) {
  const TemporaryFolder folder;
  const Opened store = open_sqlite(folder.path() / "a.db");
  store.insert<Counted>({{2, "a"}, {1, "a"}, {3, "b"}});
  EXPECT_EQ(store.numbers({.where = {{"text", Compare::equal, "a"}}, .order_by = "number"}),
            (std::vector<std::int64_t>{1, 2}));
  Sql sql(folder.path() / "a.db");
  EXPECT_EQ(sql.ask("SELECT group_concat(name) FROM sqlite_schema WHERE type = 'index' AND name LIKE 'counted.%'"),
            "counted.text.number");
}

TEST(Sqlite, TouchesNothingWhenAFieldsTypeChanged) {
  const TemporaryFolder folder;
  const Opened store = open_sqlite(folder.path() / "a.db");
  store.insert<Counted>({{1, "a"}});
  const std::string before = Sql(folder.path() / "a.db").ask("SELECT group_concat(sql) FROM sqlite_schema");
  Schema changed = counted();
  changed.fields.push_back({.name = "new", .type = FieldType::text});
  changed.fields[1].type = FieldType::number;
  EXPECT_EQ(error_of([&] { store->prepare(changed); }).code(), ErrorCode::storage);
  EXPECT_EQ(Sql(folder.path() / "a.db").ask("SELECT group_concat(sql) FROM sqlite_schema"), before);
}

TEST(Sqlite, LeavesItsOwnTablesToSqlite) {
  const TemporaryFolder folder;
  Schema schema = counted();
  schema.name = "sqlite_schema";
  EXPECT_EQ(error_of([&] { open_sqlite(folder.path() / "a.db")->prepare(schema); }).code(),
            ErrorCode::invalid_argument);
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
  const Opened store = open_sqlite(folder.path() / "a.db");
  EXPECT_EQ(store.insert<Counted>({{7, "new"}, {8, "new"}}), 1U);
  EXPECT_EQ(store.find<Counted>().at(0).text, "old");
  Sql sql(folder.path() / "a.db");
  EXPECT_EQ(sql.ask("SELECT version FROM astro_format"), "3");
  EXPECT_EQ(sql.ask("SELECT count(*) FROM astro_fields WHERE unit = ''"), "2");
}

TEST(Sqlite, RefusesAFileOfANewerFormatAndAnotherProgramsDatabase) {
  const TemporaryFolder folder;
  { const Opened store = open_sqlite(folder.path() / "newer.db"); }
  Sql(folder.path() / "newer.db").execute("UPDATE astro_format SET version = 99");
  const Error newer = error_of([&] { const Opened store = open_sqlite(folder.path() / "newer.db"); });
  EXPECT_EQ(newer.code(), ErrorCode::storage);
  EXPECT_THAT(newer.what(), HasSubstr("has format 99 and this program knows formats up to 3"));

  Sql(folder.path() / "foreign.db").execute("CREATE TABLE bookmarks(url TEXT)");
  const std::string before = astro::testing::read_file(folder.path() / "foreign.db");
  const Error foreign = error_of([&] { const Opened store = open_sqlite(folder.path() / "foreign.db"); });
  EXPECT_EQ(foreign.code(), ErrorCode::storage);
  EXPECT_THAT(foreign.what(), HasSubstr("another program"));
  EXPECT_EQ(astro::testing::read_file(folder.path() / "foreign.db"), before);
}

TEST(Sqlite, SaysThatItIsBusyWhenAnotherProgramHoldsTheFile) {
  const TemporaryFolder folder;
  const Opened store = open_sqlite(folder.path() / "a.db");
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
