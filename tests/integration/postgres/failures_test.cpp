// SPDX-License-Identifier: BSD-3-Clause
// The store postgres when its server goes away, is full, is not for us, or is not who it should be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "conformance/stores/opened.hpp"
#include "testing/postgres_server.hpp"
#include "testing/small_disk.hpp"
#include "testing/testing.hpp"

namespace astro::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// Text that does not compress.
std::string noise(std::size_t size) {
  static std::minstd_rand random;
  std::string text(size, ' ');
  for (char& c : text) c = static_cast<char>('!' + random() % 90);
  return text;
}

// A server of its own that is killed and comes back, again and again, while several writers store.
TEST(PostgresFailures, LoseAndDoubleNothingWhenTheServerIsKilledInTheMiddle) {
  PostgresServer server;
  const Value settings = server.settings("public");
  { Opened("postgres", settings)->prepare(counted()); }
  std::atomic<bool> ends = false;
  struct Writer {
    std::vector<std::int64_t> acknowledged;
    std::size_t inserted = 0;
    std::size_t committed_by_hand = 0;
    int failures = 0;
  };
  std::vector<Writer> writers(3);
  std::vector<std::thread> threads;
  for (std::size_t me = 0; me < writers.size(); ++me) {
    threads.emplace_back([&, me] {
      Writer& writer = writers[me];
      const Opened store("postgres", settings);
      std::int64_t next = static_cast<std::int64_t>(me) * 10'000'000;
      while (!ends) {
        std::vector<Counted> batch;
        for (int i = 0; i < 50; ++i) batch.push_back({next++, "row"});
        const bool by_hand = me == 2;  // one of them in transactions of its own
        try {
          if (by_hand) store->begin();
          writer.inserted += store.insert(batch);
          if (by_hand) store->commit();
          for (const Counted& row : batch) writer.acknowledged.push_back(row.number);
        } catch (const Error& error) {
          ++writer.failures;
          EXPECT_EQ(error.code(), ErrorCode::storage) << error.what();
          if (by_hand) {
            // Within a transaction nothing is repeated, and what was said to be undone is undone.
            EXPECT_THAT(error.what(), HasSubstr("begin again"));
            writer.inserted = writer.acknowledged.size();
            store->roll_back();
          }
        }
      }
    });
  }
  const int kills = is_long() ? 20 : 3;
  for (int i = 0; i < kills; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(250 + 90 * (i % 5)));
    server.kill();
    server.start();
  }
  std::this_thread::sleep_for(300ms);
  ends = true;
  for (std::thread& each : threads) each.join();

  const Opened store("postgres", settings);
  std::vector<std::int64_t> found = store.numbers({.order_by = "number"});
  std::vector<std::int64_t> acknowledged;
  std::size_t inserted = 0;
  for (const Writer& writer : writers) {
    acknowledged.insert(acknowledged.end(), writer.acknowledged.begin(), writer.acknowledged.end());
    inserted += writer.inserted;
    EXPECT_GT(writer.acknowledged.size(), 0U);
  }
  EXPECT_EQ(writers[0].failures + writers[1].failures, 0);  // they were repeated, and nobody heard of it
  EXPECT_EQ(found, acknowledged);                           // each of them once, and nothing else
  EXPECT_EQ(inserted, acknowledged.size());                 // and counted as it was
  RecordProperty("rows", static_cast<int>(found.size()));
  RecordProperty("failed_transactions", writers[2].failures);
}

TEST(PostgresFailures, SayThatATransactionWasLost) {
  PostgresServer server;
  const Opened store("postgres", server.settings("public"));
  store.insert<Counted>({{1, "a"}});
  store->begin();
  store.insert<Counted>({{2, "b"}});
  server.kill();
  server.start();
  const Error lost = error_of([&] { store.insert<Counted>({{3, "c"}}); });
  EXPECT_EQ(lost.code(), ErrorCode::storage);
  EXPECT_THAT(error_of([&] { store.insert<Counted>({{3, "c"}}); }).what(), HasSubstr("roll back and begin again"));
  EXPECT_EQ(error_of([&] { store->commit(); }).code(), ErrorCode::storage);
  store->roll_back();
  EXPECT_EQ(store.numbers(), std::vector<std::int64_t>{1});
}

TEST(PostgresFailures, SayThatTheServerStaysAway) {
  std::optional<PostgresServer> server(std::in_place);
  const Opened store("postgres", server->settings("public").set("patience", 1));
  store.insert<Counted>({{1, "a"}});
  server->kill();
  const Error error = error_of([&] { store.insert<Counted>({{2, "b"}}); });
  EXPECT_EQ(error.code(), ErrorCode::storage);
  EXPECT_THAT(error.what(), HasSubstr(server->folder().string()));
  EXPECT_THAT(error.what(), HasSubstr("that the server runs"));
  const Error unopened = error_of([&] { Opened("postgres", server->settings("public").set("patience", 1)); });
  EXPECT_EQ(unopened.code(), ErrorCode::storage);
  server->start();
  EXPECT_EQ(store.insert<Counted>({{2, "b"}}), 1U);
}

TEST(PostgresFailures, KeepWhatWasAcknowledgedWhenTheDiskIsFull) {
  ASTRO_NEEDS_ROOT();
  const PostgresServer server;
  ask_postgres(server, "public", "DROP TABLESPACE small");
  const SmallDisk disk("12m", server.folder() / "small");
  ASSERT_TRUE(disk.is_mounted());
  ASSERT_EQ(std::system(("chown postgres '" + disk.path().string() + "'").c_str()), 0);
  ask_postgres(server, "public", "CREATE TABLESPACE small LOCATION '" + disk.path().string() + "'");
  const auto filler = disk.path() / "filler";
  std::ofstream(filler, std::ios::binary) << std::string(4 << 20, 'f');
  const Opened store("postgres", server.settings("full").set("user", "small"));
  std::vector<std::int64_t> acknowledged;
  std::optional<Error> full;
  for (std::int64_t i = 0; i < 100'000 && !full; ++i) {
    try {
      store.insert<Counted>({{2 * i, noise(8000)}, {2 * i + 1, noise(12'000)}});
      acknowledged.push_back(2 * i);
      acknowledged.push_back(2 * i + 1);
    } catch (const Error& error) {
      full = error;
    }
  }
  ASSERT_TRUE(full.has_value());
  EXPECT_EQ(full->code(), ErrorCode::storage);
  EXPECT_THAT(full->what(), HasSubstr("disk is full"));
  EXPECT_GT(acknowledged.size(), 20U);
  EXPECT_EQ(store.numbers(), acknowledged);
  EXPECT_EQ(error_of([&] { store->put_object(Bytes(6 << 20)); }).code(), ErrorCode::storage);
  std::filesystem::remove(filler);  // and with room again it goes on
  EXPECT_EQ(store.insert<Counted>({{1'000'000, "after"}}), 1U);
}

struct PostgresDoor : ::testing::Test {
  const PostgresServer& server = PostgresServer::shared();
  TemporaryFolder folder;

  /// Over TCP, with a password.
  Value settings() const {
    return server.settings(folder.path().filename().string()).set("host", "localhost").set("password", "secret");
  }
  std::string tls(const char* file) const { return (server.folder() / "tls" / file).string(); }
  Error refusal(const Value& settings) const {
    const Error error = error_of([&] { Opened("postgres", settings); });
    EXPECT_EQ(error.code(), ErrorCode::storage) << error.what();
    return error;
  }
};

TEST_F(PostgresDoor, OpensWithTheRightPasswordAlone) {
  EXPECT_EQ(Opened("postgres", settings()).insert<Counted>({{1, "a"}}), 1U);
  const Error wrong = refusal(settings().set("password", "guessed"));
  EXPECT_THAT(wrong.what(), HasSubstr("`password`"));
  EXPECT_THAT(wrong.what(), ::testing::Not(HasSubstr("guessed")));
  EXPECT_THAT(refusal(settings().set("password", "")).what(), HasSubstr("set `password`"));
  EXPECT_THAT(refusal(settings().set("database", "absent")).what(), HasSubstr("\"absent\" does not exist"));
  EXPECT_THAT(refusal(settings().set("port", 1)).what(), HasSubstr("localhost:1: "));
}

TEST_F(PostgresDoor, TrustsOnlyAServerWhoseCertificateIsSigned) {
  const Value strict = settings().set("tls", "verify-full").set("root_certificate", tls("ca.pem"));
  EXPECT_EQ(Opened("postgres", strict).insert<Counted>({{1, "a"}}), 1U);
  EXPECT_THAT(refusal(Value(strict).set("root_certificate", tls("other.pem"))).what(),
              HasSubstr("certificate verify failed"));
  EXPECT_THAT(refusal(Value(strict).set("host", "127.0.0.2")).what(),
              HasSubstr("127.0.0.2"));  // another name than it says
}

TEST_F(PostgresDoor, KnowsAClientByItsCertificate) {
  const Value without =
      settings().set("user", "by_certificate").set("tls", "verify-full").set("root_certificate", tls("ca.pem"));
  refusal(without);
  const Value with = Value(without).set("certificate", tls("client.pem")).set("key", tls("client.key"));
  EXPECT_EQ(Opened("postgres", with).insert<Counted>({{1, "a"}}), 1U);
}

TEST_F(PostgresDoor, NamesWhatTheUserMayNotDo) {
  ask_postgres(server, "public", "DROP ROLE IF EXISTS reader");
  ask_postgres(server, "public", "CREATE ROLE reader LOGIN PASSWORD 'r'");
  const Value reader = settings().set("user", "reader").set("password", "r");
  EXPECT_THAT(refusal(reader).what(), HasSubstr("grant it"));
}

}  // namespace
}  // namespace astro::testing
