// SPDX-License-Identifier: BSD-3-Clause
// How each store is opened.
#include "conformance/stores/under_test.hpp"

namespace astro::testing {

namespace {

StoreUnderTest sqlite(const std::string& name, const char* objects) {
  return {name, "sqlite", [objects](const std::filesystem::path& folder) {
            return Map{{"path", (folder / "a.db").string()}, {"objects", objects}};
          }};
}

}  // namespace

const std::vector<StoreUnderTest>& stores() {
  static const std::vector<StoreUnderTest> all{sqlite("Sqlite", "folder"), sqlite("SqliteWithObjects", "database")};
  return all;
}

}  // namespace astro::testing
