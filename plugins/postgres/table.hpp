// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "astro/store.hpp"
#include "cells.hpp"
#include "partitions.hpp"

namespace astro::postgres {

/// The table of one schema, in one of two forms. One of ours has beside the fields' columns `astro_row`,
/// which counts the insertions. One that somebody else made is taken as it is, and never altered.
class Table final {
 public:
  /// Makes the table or adds to it what the schema has more. Throws `storage`, and leaves the
  /// database as it was, when a field is kept in another form there.
  Table(const Connection& connection, const Schema& schema, const Partitioned* partitioned, bool timescale);

  /// Whether this is the table for that schema as it is now.
  bool serves(const Schema& schema) const noexcept;
  const std::string& name() const noexcept { return name_; }

  /// Call it within a transaction. Throws `Refused` with the state of a unique violation when a key is
  /// there already; once that was heard by `expect_known`, the same call finds out which are new.
  std::size_t insert(const Connection& connection, const Rows& rows, Time now);
  void expect_known() noexcept { cautious_ = 32; }
  /// After a transaction that was undone.
  void forget();
  /// Indexes that are ours and refuse long texts go, and do not come again.
  void drop_text_indexes(const Connection& connection);

  bool replace(const Connection& connection, const Rows& row, const std::string& revision_field, std::int64_t expected);
  std::vector<List> find(const Connection& connection, const Query& query);
  std::size_t count(const Connection& connection, const Query& query);
  std::size_t erase(const Connection& connection, const Query& query);
  std::size_t drop_old(const Connection& connection, Time now);

 private:
  struct Column {
    std::string name;  // bare
    SqlType type;
  };
  struct Selection;
  struct There;

  void check() const;
  void bring_up_to_date(const Connection& connection, const Partitioned* partitioned, bool timescale);
  bool adopt(const Connection& connection, const There& there, const There& noted);
  void create(const Connection& connection, const Partitioned* partitioned, bool timescale) const;
  std::vector<std::size_t> missing(const Connection& connection, const There& there, const There& noted) const;
  void add(const Connection& connection, std::size_t column) const;
  void set_partitions(const Connection& connection, const Partitioned* wanted);
  [[noreturn]] void refuse(const Connection& connection, const std::string& why) const;

  std::string all_columns() const;
  std::string key() const;  // what makes a row unique, as ON CONFLICT has it
  std::size_t copy(const Connection& connection, const Rows& rows, const std::string& into);
  std::size_t insert_new(const Connection& connection, const Rows& rows);
  std::size_t column_of(const std::string& field, const char* purpose) const;
  std::string index_name(const std::vector<std::size_t>& columns) const;
  void index(const Connection& connection, const std::set<std::size_t>& equal, std::optional<std::size_t> last);
  std::string order(std::size_t column, const char* direction) const;
  Selection select(const Connection& connection, const Query& query, bool is_ordered);

  Schema schema_;
  std::vector<Column> columns_;
  std::string name_;       // quoted
  std::string own_order_;  // how rows come when nothing else is asked for
  bool is_ours_ = true;
  std::optional<Partitions> partitions_;
  std::string inserting_;  // what is being done, for messages
  std::string reading_;
  std::string staging_;
  int cautious_ = 0;  // so many batches may hold keys that are known
  std::set<std::vector<std::size_t>> indexed_;
  bool has_no_text_index_ = false;  // texts were too long for one
};

}  // namespace astro::postgres
