// SPDX-License-Identifier: BSD-3-Clause
// How a table is asked: conditions become SQL with places, values are bound.
#include <limits>
#include <utility>

#include "astro/error.hpp"
#include "cells.hpp"
#include "sql_kit/conditions.hpp"
#include "sql_kit/layout.hpp"
#include "table.hpp"

namespace astro::sqlite {

struct Table::Selection {
  Statement statement;
  std::vector<Value> values;  // what the cells view
  std::vector<Cell> cells;    // what is bound
};

/// Columns that are searched by get an index the first time: those that must be equal, and behind them the one that has
/// a range or gives the order. Only a help: where it cannot be made (another program writes, the disk is full) the
/// query is slower and as right.
void Table::index(const std::set<std::size_t>& equal, std::optional<std::size_t> last) {
  std::vector<std::size_t> columns(equal.begin(), equal.end());
  if (last && !equal.contains(*last)) columns.push_back(*last);
  std::erase_if(columns, [&](std::size_t column) { return !sql::has_order(schema_.fields[column].type); });
  if (columns.empty() || columns.front() == 0 || !indexed_.insert(columns).second) return;
  std::string name = name_.substr(0, name_.size() - 1);
  std::string list;
  for (const std::size_t column : columns) {
    name += "." + columns_[column].substr(1, columns_[column].size() - 2);
    list += (list.empty() ? "" : ", ") + columns_[column];
  }
  const std::string sql = "CREATE INDEX IF NOT EXISTS " + name + "\" ON " + name_ + "(" + list + ")";
  database_.try_execute(sql.c_str());
}

/// "WHAT FROM table WHERE conditions ORDER BY ... LIMIT ..." and what comes after it.
Table::Selection Table::select(const std::string& what, const Query& query, const std::string& after) {
  Selection selection;
  std::vector<std::size_t> bound;
  std::set<std::size_t> equal;
  std::optional<std::size_t> last;
  std::string sql = what + " FROM " + name_;
  const char* joint = " WHERE ";
  for (const Condition& condition : query.where) {
    const std::size_t column = column_of(condition.field, "looking for");
    const Field& field = schema_.fields[column];
    Value value = sql::comparable(field, condition, name_);
    const bool is_range = condition.compare != Compare::equal;
    if (is_range) last = column;
    else equal.insert(column);
    sql += std::exchange(joint, " AND ") + columns_[column];
    const bool rests_as_null = sql::rests_as_null(field, value);
    if (rests_as_null) {
      sql += " IS NULL";
      continue;
    }
    sql += condition.compare == Compare::equal ? " = ?" : condition.compare == Compare::from ? " >= ?" : " < ?";
    // To SQL every text is more than any number: NaN's must not be found above a limit.
    if (condition.compare == Compare::from && sql::is_real(field.type)) sql += " AND " + columns_[column] + " < ''";
    selection.values.push_back(std::move(value));
    bound.push_back(column);
  }
  const char* direction = query.newest_first ? " DESC" : "";
  sql += " ORDER BY ";
  if (!query.order_by.empty()) {
    const std::size_t column = column_of(query.order_by, "ordering by");
    if (!last) last = column;
    sql += columns_[column] + direction + ", ";
  }
  index(equal, last);
  sql += std::string("astro_row") + direction;
  if (query.limit != 0 && std::in_range<std::int64_t>(query.limit)) sql += " LIMIT " + std::to_string(query.limit);
  selection.statement = database_.prepare(sql + after, reading_);
  selection.cells.reserve(bound.size());  // they must not move
  for (std::size_t i = 0; i < bound.size(); ++i) {
    const Field& field = schema_.fields[bound[i]];
    selection.cells.push_back(sql::is_nan(selection.values[i]) ? Cell(std::numeric_limits<double>::quiet_NaN())
                                                               : cell_of(field, selection.values[i]));
    bind_cell(selection.statement.get(), static_cast<int>(i + 1), field, selection.cells.back());
  }
  return selection;
}

std::vector<List> Table::find(const Query& query) {
  std::string columns;
  for (const std::string& column : columns_) columns += (columns.empty() ? "" : ", ") + column;
  const Selection selection = select("SELECT " + columns, query);
  std::vector<List> found;
  while (database_.step(selection.statement, reading_)) {
    List& row = found.emplace_back();
    row.reserve(columns_.size());
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      row.push_back(read(selection.statement.get(), static_cast<int>(i), schema_.fields[i]));
    }
  }
  return found;
}

std::size_t Table::count(const Query& query) {
  const Selection selection = select("SELECT count(*) FROM (SELECT 1", query, ")");
  database_.step(selection.statement, reading_);
  return static_cast<std::size_t>(sqlite3_column_int64(selection.statement.get(), 0));
}

std::size_t Table::erase(const Query& query) {
  const Selection selection = select("DELETE FROM " + name_ + " WHERE astro_row IN (SELECT astro_row", query, ")");
  database_.step(selection.statement, "erasing from " + name_ + " of the store");
  return static_cast<std::size_t>(database_.changes());
}

}  // namespace astro::sqlite
