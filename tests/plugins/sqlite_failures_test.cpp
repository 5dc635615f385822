// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "sqlite_store.hpp"
#include "testing/small_disk.hpp"

namespace {

using namespace astro;
using namespace astro::testing;
using ::testing::HasSubstr;

// SHA-256 of "abc": FIPS 180-4 test vector of the NIST Cryptographic Standards site.
constexpr const char* hash_of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(SqliteObjects, RestInAFolderBesideTheFile) {
  const TemporaryFolder folder;
  const Opened store = open_sqlite(folder.path() / "a.db");
  store->put_object(bytes("abc"));
  const auto file = folder.path() / "a.db.objects" / "ba" / std::string(hash_of_abc).substr(2);
  EXPECT_EQ(astro::testing::read_file(file), "abc");
}

TEST(SqliteFailures, NameTheFileAndWhatToDo) {
  const TemporaryFolder folder;
  const auto text = folder.write("text.db", std::string(5000, 'x'));
  const Error no_database = error_of([&] { const Opened store = open_sqlite(text); });
  EXPECT_EQ(no_database.code(), ErrorCode::storage);
  EXPECT_THAT(no_database.what(), HasSubstr(text.string()));
  EXPECT_THAT(no_database.what(), HasSubstr("no SQLite database"));
  EXPECT_EQ(astro::testing::read_file(text), std::string(5000, 'x'));
  const Error no_folder = error_of([&] { const Opened store = open_sqlite(folder.path() / "absent" / "a.db"); });
  EXPECT_EQ(no_folder.code(), ErrorCode::storage);
  EXPECT_THAT(no_folder.what(), HasSubstr("No such file or directory"));
}

TEST(SqliteFailures, FindDamageInsideTheFile) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "a.db";
  std::vector<Counted> records;
  for (std::int64_t i = 0; i < 20000; ++i) records.push_back({i, "some text that fills pages"});
  { EXPECT_EQ(open_sqlite(file).insert(records), records.size()); }
  const auto size = std::filesystem::file_size(file);
  {
    std::fstream damage(file, std::ios::in | std::ios::out | std::ios::binary);
    damage.seekp(static_cast<std::streamoff>(size / 4));
    damage << std::string(size / 2, '\xa5');
  }
  const Opened store = open_sqlite(file);
  const Error error = error_of([&] { store.find<Counted>(); });
  EXPECT_EQ(error.code(), ErrorCode::storage);
  EXPECT_THAT(error.what(), HasSubstr(".recover"));
}

TEST(SqliteFailures, KeepWhatWasAcknowledgedWhenTheDiskIsFull) {
  ASTRO_NEEDS_ROOT();
  const SmallDisk disk("2m");
  ASSERT_TRUE(disk.is_mounted());
  const auto filler = disk.path() / "filler";
  std::ofstream(filler, std::ios::binary) << std::string(512 * 1024, 'f');
  std::vector<std::int64_t> acknowledged;
  {
    const Opened store = open_sqlite(disk.path() / "a.db");
    std::optional<Error> full;
    for (std::int64_t i = 0; i < 100000 && !full; ++i) {
      try {
        store.insert<Counted>({{2 * i, std::string(2000, 'x')}, {2 * i + 1, std::string(2000, 'y')}});
        acknowledged.push_back(2 * i);
        acknowledged.push_back(2 * i + 1);
      } catch (const Error& error) {
        full = error;
      }
    }
    ASSERT_TRUE(full.has_value());
    EXPECT_EQ(full->code(), ErrorCode::storage);
    EXPECT_THAT(full->what(), HasSubstr((disk.path() / "a.db").string()));
    EXPECT_THAT(full->what(), HasSubstr("space"));
    EXPECT_GT(acknowledged.size(), 20U);
    const Bytes object(1 << 20);
    const Error object_full = error_of([&] { store->put_object(object); });
    EXPECT_EQ(object_full.code(), ErrorCode::storage);
    EXPECT_EQ(store.numbers(), acknowledged);

    std::filesystem::remove(filler);  // and with room again it goes on
    EXPECT_EQ(store.insert<Counted>({{1000000, "after"}}), 1U);
    acknowledged.push_back(1000000);
    EXPECT_EQ(store.numbers(), acknowledged);
  }
  EXPECT_EQ(open_sqlite(disk.path() / "a.db").numbers(), acknowledged);
}

TEST(SqliteFailures, RefuseAReadOnlyDiskWhenTheyOpen) {
  ASTRO_NEEDS_ROOT();
  const SmallDisk disk("2m");
  ASSERT_TRUE(disk.is_mounted());
  { open_sqlite(disk.path() / "a.db").insert<Counted>({{1, "a"}}); }
  ASSERT_TRUE(disk.make_read_only());
  const Error error = error_of([&] { const Opened store = open_sqlite(disk.path() / "a.db"); });
  EXPECT_EQ(error.code(), ErrorCode::storage);
  EXPECT_THAT(error.what(), HasSubstr("writable"));
  const Error absent = error_of([&] { const Opened store = open_sqlite(disk.path() / "new.db"); });
  EXPECT_EQ(absent.code(), ErrorCode::storage);
}

}  // namespace
