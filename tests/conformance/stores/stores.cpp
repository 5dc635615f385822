// SPDX-License-Identifier: BSD-3-Clause
// How each store is opened.
#include "conformance/stores/under_test.hpp"
#ifdef ASTRO_HAS_S3
#include "testing/s3_server.hpp"
#endif
#ifdef ASTRO_HAS_POSTGRES
#include "testing/postgres_server.hpp"
#endif

namespace astro::testing {

namespace {

/// Where objects are, as every store's settings say it.
Value with_objects(Value settings, const std::string& objects, const std::filesystem::path& folder) {
  settings.set("objects", objects).set("objects_folder", (folder / "objects").string());
#ifdef ASTRO_HAS_S3
  if (objects == "s3") settings.set("s3", S3Server::shared().settings(folder.filename().string() + "/"));
#endif
  return settings;
}

StoreUnderTest sqlite(const std::string& name, const char* objects) {
  return {name, "sqlite", [objects](const std::filesystem::path& folder) {
            return with_objects(Map{{"path", (folder / "a.db").string()}}, objects, folder);
          }};
}

#ifdef ASTRO_HAS_POSTGRES
StoreUnderTest postgres(const std::string& name, const char* objects) {
  return {name, "postgres", [objects](const std::filesystem::path& folder) {
            return with_objects(PostgresServer::shared().settings(folder.filename().string()), objects, folder);
          }};
}
#endif

std::vector<StoreUnderTest> all_stores() {
  std::vector<StoreUnderTest> all{sqlite("Sqlite", "folder"), sqlite("SqliteWithObjects", "database")};
#ifdef ASTRO_HAS_POSTGRES
  all.push_back(postgres("Postgres", "database"));
  all.push_back(postgres("PostgresWithFolder", "folder"));
#endif
#ifdef ASTRO_HAS_S3
  all.push_back(sqlite("SqliteWithS3", "s3"));
#endif
  return all;
}

}  // namespace

const std::vector<StoreUnderTest>& stores() {
  static const std::vector<StoreUnderTest> all = all_stores();
  return all;
}

}  // namespace astro::testing
