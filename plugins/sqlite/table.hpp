// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "astro/store.hpp"
#include "database.hpp"

namespace astro::sqlite {

/// The table of one schema. Beside the fields' columns it has `astro_row`, which counts the
/// insertions: without it an integer key would be the order of the rows.
class Table final {
 public:
  /// Makes the table or adds to it what the schema has more. Throws `storage`, and leaves the file
  /// as it was, when a field is kept in another form there.
  Table(const Database& database, const Schema& schema);

  /// Whether this is the table for that schema as it is now.
  bool serves(const Schema& schema) const noexcept;

  std::size_t insert(const Rows& rows);
  bool replace(const Rows& row, const std::string& revision_field, std::int64_t expected);
  std::vector<List> find(const Query& query);
  std::size_t count(const Query& query);
  std::size_t erase(const Query& query);

 private:
  struct Selection;

  void check() const;
  void bring_up_to_date() const;
  std::vector<const Field*> missing() const;
  void add(const Field& field, bool is_key) const;
  std::string definition(const Field& field) const;
  std::string default_of(const Field& field) const;
  void bind_row(const Statement& statement, const Rows& rows, std::size_t row);
  std::size_t column_of(const std::string& field, const char* purpose) const;
  void index(const std::set<std::size_t>& equal, std::optional<std::size_t> last);
  Selection select(const std::string& what, const Query& query, const std::string& after = {});

  const Database& database_;
  Schema schema_;
  std::vector<std::string> columns_;  // as in SQL, quoted
  std::string name_;                  // quoted
  std::string inserting_;             // what is being done, for messages
  std::string reading_;
  Statement insert_;
  std::vector<Cell> cells_;  // of the row that is being bound; they own what has no flat form
  std::set<std::vector<std::size_t>> indexed_;
};

}  // namespace astro::sqlite
