// SPDX-License-Identifier: BSD-3-Clause
// What is PostgreSQL's alone; what is true of every store is in tests/conformance/stores.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "astro/messaging/telescope.hpp"
#include "conformance/stores/opened.hpp"
#include "testing/postgres_server.hpp"

namespace astro::testing {

struct Sample {
  std::string id;
  Time time{};
  double value = 0;
};

}  // namespace astro::testing

template <>
struct astro::Description<astro::testing::Sample> {
  using Sample = astro::testing::Sample;
  static constexpr const char* name = "sample";
  static constexpr std::array fields{field<&Sample::id>("id"), field<&Sample::time>("time"),
                                     field<&Sample::value>("value")};
};

namespace astro::testing {
namespace {

using namespace std::chrono_literals;
using messaging::TelescopeDataRaw;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Postgres : ::testing::Test {
  const PostgresServer& server = PostgresServer::shared();
  TemporaryFolder folder;
  std::string schema = folder.path().filename().string();

  Value settings() const { return server.settings(schema); }
  Opened open() const { return {"postgres", settings()}; }
  Opened open(const Value& with) const { return {"postgres", with}; }
  std::string ask(const std::string& sql) const { return ask_postgres(server, '"' + schema + '"', sql); }
};

TEST_F(Postgres, NamesColumnsAsJsonDoesAndTellsUnits) {
  open().insert<Reading>({full_reading()});
  EXPECT_EQ(ask("SELECT azimuth_deg || ' ' || utc_ns FROM \"reading \"\"one\"\"\""), "123.456 1612943861123456789");
  EXPECT_EQ(ask("SELECT frequency_hz FROM \"reading \"\"one\"\"\""), "1420405751.768");
  EXPECT_EQ(ask("SELECT unit || ', ' || says FROM astro_fields WHERE name = 'level'"), "dB, of the sky");
  EXPECT_EQ(ask("SELECT \"inner\"->>'name' FROM \"reading \"\"one\"\"\""), "y");
}

TEST_F(Postgres, HelpsSqlWithTimesAndNumbers) {
  const Opened store = open();
  std::vector<Reading> records(3);
  records[0] = full_reading();
  records[0].id = "1", records[0].level = std::numeric_limits<double>::quiet_NaN(), records[0].anything = 21.5;
  records[1].id = "2", records[1].level = 4, records[1].anything = 7;
  records[2].id = "3", records[2].level = 6, records[2].anything = "text";
  store.insert(records);
  EXPECT_EQ(ask("SELECT avg(level) FROM \"reading \"\"one\"\"\""), "5");
  EXPECT_EQ(ask("SELECT avg(astro_number(anything))::float8 FROM \"reading \"\"one\"\"\""), "14.25");
  EXPECT_EQ(ask("SELECT astro_time(utc_ns) AT TIME ZONE 'UTC' FROM \"reading \"\"one\"\"\" WHERE id = '1'"),
            "2021-02-10 07:57:41.123456");
}

TEST_F(Postgres, RefusesAZeroByteInAText) {
  const Opened store = open();
  const Error error = error_of([&] { store.insert<Counted>({{1, std::string("a\0b", 3)}}); });
  EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
  EXPECT_THAT(error.what(), HasSubstr("\"text\""));
  EXPECT_EQ(error_of([&] { store.insert<Counted>({{1, "\xff"}}); }).code(), ErrorCode::invalid_argument);
  EXPECT_EQ(store.insert<Counted>({{1, "a"}}), 1U);
}

TEST_F(Postgres, KeepsLongTextsInAColumnThatIsSearchedBy) {
  const Opened store = open();
  store.insert<Counted>({{1, "a"}});
  store->find(counted(), {.where = {{"text", Compare::equal, "a"}}});
  EXPECT_EQ(ask("SELECT to_regclass('\"counted.text\"') IS NOT NULL"), "t");
  std::string long_text;  // that does not compress: an index has no room for it
  std::minstd_rand random;
  for (int i = 0; i < 40'000; ++i) long_text += static_cast<char>('!' + random() % 90);
  EXPECT_EQ(store.insert<Counted>({{2, long_text}}), 1U);
  EXPECT_EQ(store.numbers({.where = {{"text", Compare::equal, long_text}}}), std::vector<std::int64_t>{2});
  EXPECT_EQ(ask("SELECT to_regclass('\"counted.text\"') IS NOT NULL"), "f");
}

TEST_F(Postgres, MakesTheTableOfContractOneToTheLetter) {
  const Opened store = open();
  TelescopeDataRaw one{"d1", "o1", 1, 1700000000000, bytes("abc")};
  TelescopeDataRaw two{"d2", "o1", 2, 1700000000001, std::nullopt};
  EXPECT_EQ(store.insert<TelescopeDataRaw>({one, two}), 2U);
  EXPECT_EQ(store.insert<TelescopeDataRaw>({one, {"d3", "o2", 3, 1700000000002, Bytes{}}}), 1U);
  EXPECT_EQ(ask("SELECT string_agg(concat_ws(' ', column_name, data_type, character_maximum_length, is_nullable, "
                "column_default), E'\\n' ORDER BY ordinal_position) FROM information_schema.columns WHERE table_name = "
                "'telescope_data_raw' AND table_schema = current_schema"),
            "data_id character varying 255 NO\n"
            "observation_id character varying 255 NO\n"
            "sequence_number integer NO\n"
            "timestamp bigint NO\n"
            "data bytea YES\n"
            "processed boolean YES false\n"
            "processing_pipeline_version character varying 50 YES\n"
            "sink_timestamp timestamp without time zone YES CURRENT_TIMESTAMP\n"
            "created_at timestamp without time zone YES CURRENT_TIMESTAMP");
  EXPECT_EQ(
      ask("SELECT string_agg(indexdef, E'\\n' ORDER BY indexname) FROM (SELECT indexname, regexp_replace(indexdef,"
          " '.*USING ', '') AS indexdef FROM pg_indexes WHERE schemaname = current_schema AND tablename = "
          "'telescope_data_raw') i"),
      "btree (observation_id)\nbtree (data_id)\nbtree (\"timestamp\")");
  EXPECT_EQ(ask("SELECT data_id FROM telescope_data_raw WHERE NOT processed AND sink_timestamp IS NOT NULL AND data = "
                "'abc'"),
            "d1");
  const auto found = store.find<TelescopeDataRaw>({.where = {{"observation_id", Compare::equal, "o1"}}});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].data_payload, bytes("abc"));
  EXPECT_EQ(found[1].data_payload, std::nullopt);
  EXPECT_EQ(store.find<TelescopeDataRaw>({.newest_first = true, .limit = 1}).at(0).data_id, "d3");
  EXPECT_EQ(store->erase(schema_of<TelescopeDataRaw>(), {.limit = 1}), 1U);
  const Error too_large = error_of([&] {
    store.insert<TelescopeDataRaw>({{"d4", "o", std::int64_t{1} << 40, 0, {}}});
  });
  EXPECT_EQ(too_large.code(), ErrorCode::invalid_argument);
  EXPECT_THAT(too_large.what(), HasSubstr("\"sequence_number\""));
  const Error too_long = error_of([&] { store.insert<TelescopeDataRaw>({{std::string(300, 'x'), "o", 1, 0, {}}}); });
  EXPECT_EQ(too_long.code(), ErrorCode::invalid_argument);
  EXPECT_THAT(too_long.what(), HasSubstr("too long"));
}

TEST_F(Postgres, ServesATableThatAnotherProgramMadeAndNeverAltersIt) {
  ask("CREATE SCHEMA \"" + schema + "\"");
  ask("CREATE TABLE counted(text varchar(20), number integer PRIMARY KEY, extra text DEFAULT 'kept')");
  const Opened store = open();
  EXPECT_EQ(store.insert<Counted>({{1, "a"}, {2, "b"}}), 2U);
  EXPECT_EQ(store.insert<Counted>({{2, "b"}, {3, "c"}}), 1U);
  EXPECT_THAT(store.numbers({.order_by = "text", .newest_first = true}), ElementsAre(3, 2, 1));
  EXPECT_EQ(ask("SELECT extra FROM counted WHERE number = 3"), "kept");
  Schema more = counted();
  more.fields.push_back({.name = "more", .type = FieldType::text});
  const Error missing = error_of([&] { store->prepare(more); });
  EXPECT_EQ(missing.code(), ErrorCode::storage);
  EXPECT_THAT(missing.what(), HasSubstr("no column \"more\""));
  Schema other = counted();
  other.fields[1].type = FieldType::number;
  EXPECT_THAT(error_of([&] { store->prepare(other); }).what(), HasSubstr("cannot hold \"text\""));
}

TEST_F(Postgres, SeesWhatSomebodyChangedByHand) {
  const Opened store = open();
  store.insert<Counted>({{1, "a"}});
  ask("ALTER TABLE counted RENAME COLUMN text TO words");
  const Error gone = error_of([&] { store.insert<Counted>({{2, "b"}}); });
  EXPECT_EQ(gone.code(), ErrorCode::storage);
  EXPECT_THAT(gone.what(), HasSubstr("by hand"));
  EXPECT_THAT(error_of([&] { store.insert<Counted>({{2, "b"}}); }).what(), HasSubstr("\"text\" is gone"));
  ask("ALTER TABLE counted RENAME COLUMN words TO text");
  EXPECT_EQ(store.insert<Counted>({{2, "b"}}), 1U);  // and goes on once it is as it was
  ask("ALTER TABLE counted ALTER text TYPE varchar(5)");
  EXPECT_THAT(error_of([&] { open()->prepare(counted()); }).what(), HasSubstr("is varchar now and was text"));
  ask("DROP TABLE counted");
  EXPECT_THAT(error_of([&] { open()->prepare(counted()); }).what(), HasSubstr("removed it by hand"));
}

TEST_F(Postgres, RefusesAFormatThatIsNewer) {
  { open(); }
  ask("UPDATE astro_format SET version = 99");
  const Error error = error_of([&] { open(); });
  EXPECT_EQ(error.code(), ErrorCode::storage);
  EXPECT_THAT(error.what(), HasSubstr("has format 99"));
}

TEST_F(Postgres, IsOpenedByManyProgramsAtOnce) {
  std::vector<std::thread> programs;
  std::atomic<std::size_t> inserted = 0;
  for (int i = 0; i < 8; ++i) {
    // Each with a pool of its own, as in a process of its own.
    programs.emplace_back([&, i] {
      const Opened store = open(settings().set("patience", 30 + i));
      for (std::int64_t row = 0; row < 20; ++row) inserted += store.insert<Counted>({{row, "a"}, {100 + i, "b"}});
    });
  }
  for (std::thread& each : programs) each.join();
  EXPECT_EQ(inserted, 28U);
  EXPECT_EQ(ask("SELECT count(*) FROM counted"), "28");
}

TEST_F(Postgres, SharesFewConnectionsAmongStores) {
  const Value few = settings().set("connections", 2);
  std::vector<std::thread> users;
  std::atomic<int> busy = 0;
  { open(few).insert<Counted>({{-1, "a"}}); }
  for (int i = 0; i < 6; ++i) {
    users.emplace_back([&, i] {
      const Opened store = open(few);
      for (std::int64_t row = 0; row < 10; ++row) {
        store->begin();
        store.insert<Counted>({{100 * i + row, "a"}});
        const int now =
            std::stoi(ask("SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE "
                          "l.relation = 'counted'::regclass AND a.application_name = 'libastro'"));
        if (now > 2) ++busy;
        store->commit();
      }
    });
  }
  for (std::thread& each : users) each.join();
  EXPECT_EQ(busy, 0);
  EXPECT_EQ(ask("SELECT count(*) FROM counted"), "61");
}

TEST_F(Postgres, SaysThatItIsBusyWhenAllConnectionsAreInUse) {
  const Value one = settings().set("connections", 1).set("patience", 1);
  const Opened first = open(one);
  const Opened second = open(one);
  first->begin();
  const Error error = error_of([&] { second->count(counted(), {}); });
  EXPECT_EQ(error.code(), ErrorCode::busy);
  EXPECT_THAT(error.what(), HasSubstr("`connections`"));
  first->roll_back();
  EXPECT_EQ(second->count(counted(), {}), 0U);
}

// Partitions.

struct PostgresPartitions : Postgres {
  Value parted(const Value& keep = {}) const {
    return settings().set("partitions",
                          List{Map{{"record", "sample"}, {"field", "time"}, {"every", 86400}, {"keep", keep}}});
  }
  std::string partitions() const {
    return ask(
        "SELECT coalesce(string_agg(inhrelid::regclass::text, ' ' ORDER BY inhrelid::regclass::text), '') FROM "
        "pg_inherits WHERE "
        "inhparent = 'sample'::regclass");
  }
};

TEST_F(PostgresPartitions, AreMadeWithTheFirstRowOfEachDay) {
  const Opened store = open(parted());
  const Time midnight = parse_time("2026-01-15");
  EXPECT_EQ(store.insert<Sample>({{"a", midnight - 1ns, 1}, {"b", midnight, 2}, {"c", midnight + 24h, 3}}), 3U);
  EXPECT_EQ(partitions(),
            "\"sample 2026-01-14T00:00:00Z\" \"sample 2026-01-15T00:00:00Z\" \"sample 2026-01-16T00:00:00Z\"");
  EXPECT_EQ(store.insert<Sample>({{"b", midnight, 9}, {"d", midnight, 4}, {"d", midnight, 5}}), 1U);
  const auto found =
      store.find<Sample>({.where = {{"time", Compare::from, midnight}, {"time", Compare::below, midnight + 24h}}});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].value, 2);
  EXPECT_EQ(found[1].value, 4);
  EXPECT_EQ(store->erase(schema_of<Sample>(), {.limit = 1}), 1U);
  EXPECT_EQ(ask("SELECT amname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam "
                "WHERE i.indrelid = 'sample'::regclass AND amname = 'brin'"),
            "brin");
  EXPECT_THAT(ask("EXPLAIN (FORMAT JSON) SELECT * FROM sample WHERE time < 100"),
              ::testing::Not(HasSubstr("2026-01-15")));
}

TEST_F(PostgresPartitions, GoWhenTheyAreOlderThanTheyAreKept) {
  const Time now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  {
    const Opened store = open(parted());
    store.insert<Sample>({{"old", now - 240h, 1}, {"recent", now - 48h, 2}, {"now", now, 3}});
  }
  const Opened store = open(parted(96 * 3600));
  store->prepare(schema_of<Sample>());
  EXPECT_EQ(store->count(schema_of<Sample>(), {}), 2U);
  EXPECT_EQ(store.insert<Sample>({{"late", now - 240h, 1}, {"new", now + 72h, 4}}), 2U);
  EXPECT_EQ(store->count(schema_of<Sample>(), {.where = {{"id", Compare::equal, "late"}}}), 0U);
  EXPECT_EQ(store->count(schema_of<Sample>(), {}), 3U);
}

TEST_F(PostgresPartitions, RefuseAClockGoneWildAndOtherSettingsThanTheyWereMadeWith) {
  const Opened store = open(parted());
  std::vector<Sample> wild;
  for (int i = 0; i < 500; ++i) wild.push_back({std::to_string(i), Time() + i * 24h, 0});
  const Error error = error_of([&] { store.insert(wild); });
  EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
  EXPECT_THAT(error.what(), HasSubstr("clock"));
  EXPECT_EQ(store.insert<Sample>({{"a", parse_time("2026-01-15"), 0}}), 1U);
  const Value other = settings().set("partitions", List{Map{{"record", "sample"}, {"field", "time"}, {"every", 3600}}});
  EXPECT_THAT(error_of([&] { open(other)->prepare(schema_of<Sample>()); }).what(), HasSubstr("86400"));
  EXPECT_EQ(open().insert<Sample>({{"b", parse_time("2026-02-15"), 0}}), 1U);  // without the setting it goes on
  EXPECT_THAT(partitions(), HasSubstr("2026-02-15"));
}

TEST_F(PostgresPartitions, AreNotMadeOfATableThatIsThere) {
  open().insert<Sample>({{"a", Time(), 0}});
  const Error error = error_of([&] { open(parted())->prepare(schema_of<Sample>()); });
  EXPECT_EQ(error.code(), ErrorCode::storage);
  EXPECT_THAT(error.what(), HasSubstr("in one piece"));
}

}  // namespace
}  // namespace astro::testing
