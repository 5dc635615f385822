// SPDX-License-Identifier: BSD-3-Clause
// How a table is asked: conditions become SQL with places for values.
#include <limits>
#include <utility>

#include "sql_kit/conditions.hpp"
#include "sql_kit/layout.hpp"
#include "table.hpp"

namespace astro::postgres {

struct Table::Selection {
  std::string from;  // "FROM table WHERE conditions"
  std::string order_and_limit;
  bool has_limit = false;
  Parameters parameters;
};

namespace {

bool is_number(const Value& value) noexcept {
  return value.get_if<double>() != nullptr || value.get_if<std::int64_t>() != nullptr;
}

/// Whatever type the column has where somebody else made it.
std::string as_json(const std::string& column) { return column + "::json"; }
std::string as_text(const std::string& column) { return column + "::text COLLATE \"C\""; }

/// FNV-1a: names that would be cut must still differ.
std::string short_hash(const std::string& text) {
  std::uint32_t hash = 2166136261U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return std::to_string(hash);
}

}  // namespace

std::string Table::index_name(const std::vector<std::size_t>& columns) const {
  std::string whole = schema_.name;
  for (const std::size_t column : columns) whole += "." + columns_[column].name;
  if (whole.size() <= longest_identifier) return identifier(whole);
  return identifier(whole.substr(0, longest_identifier - 11) + "." + short_hash(whole));
}

/// Columns that are searched by get an index the first time: those that must be equal, and behind them the one that has
/// a range or gives the order. Only a help: where it cannot be made (another program writes, the disk is full) the
/// query is slower and as right.
void Table::index(const Connection& connection, const std::set<std::size_t>& equal, std::optional<std::size_t> last) {
  std::vector<std::size_t> columns(equal.begin(), equal.end());
  if (last && !equal.contains(*last)) columns.push_back(*last);
  std::erase_if(columns, [&](std::size_t column) {
    const FieldType type = schema_.fields[column].type;
    return !sql::has_order(type) || type == FieldType::any ||
           (has_no_text_index_ && columns_[column].type == SqlType::text);
  });
  const bool is_parted_by = partitions_ && columns.size() == 1 && partitions_->column() == columns.front();
  if (!is_ours_ || columns.empty() || columns.front() == 0 || is_parted_by || !indexed_.insert(columns).second) return;
  // Rows that have no value come before all others when they are asked for in this order.
  std::string list;
  for (const std::size_t column : columns) {
    list += (list.empty() ? "" : ", ") + identifier(columns_[column].name) + " NULLS FIRST";
  }
  try {
    const std::string doing = "making an index for " + name_ + " of the store";
    const Answer there = connection.ask("SELECT to_regclass($1) IS NOT NULL", doing, {index_name(columns)});
    if (there.cell(0, 0).front() != '\0') return;
    Transaction transaction(connection, doing);
    connection.execute("SET LOCAL lock_timeout = '1s'; CREATE INDEX IF NOT EXISTS " + index_name(columns) + " ON " +
                           name_ + "(" + list + "); SET LOCAL lock_timeout = DEFAULT",
                       doing);
    transaction.commit();
  } catch (const Refused&) {
    return;
  }
}

void Table::drop_text_indexes(const Connection& connection) {
  if (!is_ours_) return;
  const Answer ours = connection.ask(
      "SELECT quote_ident(c.relname) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid ="
      " to_regclass($1) AND NOT i.indisunique AND EXISTS(SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND"
      " a.atttypid = 'text'::regtype)",
      inserting_, {name_});
  for (int row = 0; row < ours.rows(); ++row) {
    connection.execute("DROP INDEX IF EXISTS " + std::string(ours.cell(row, 0)), inserting_);
  }
  has_no_text_index_ = true;
  indexed_.clear();
}

std::string Table::order(std::size_t column, const char* direction) const {
  const std::string name = identifier(columns_[column].name);
  // As other stores have it: what is not there before everything else.
  const char* nulls = *direction == '\0' ? " NULLS FIRST" : " NULLS LAST";
  if (schema_.fields[column].type == FieldType::any) {
    return "(" + name + " IS NOT NULL)" + direction + ", astro_number(" + as_json(name) + ")" + direction +
           (*direction == '\0' ? " NULLS LAST, " : " NULLS FIRST, ") + as_text(name) + direction;
  }
  const bool is_text = columns_[column].type == SqlType::text;
  return (is_text && !is_ours_ ? as_text(name) : name) + direction + nulls;
}

Table::Selection Table::select(const Connection& connection, const Query& query, bool is_ordered) {
  Selection selection;
  selection.from = " FROM " + name_;
  const char* joint = " WHERE ";
  std::set<std::size_t> equal;
  std::optional<std::size_t> last;
  for (const Condition& condition : query.where) {
    const std::size_t column = column_of(condition.field, "looking for");
    const Field& field = schema_.fields[column];
    const Value value = sql::comparable(field, condition, name_);
    const bool is_range = condition.compare != Compare::equal;
    if (is_range) last = column;
    else equal.insert(column);
    const std::string name = identifier(columns_[column].name);
    selection.from += std::exchange(joint, " AND ");
    if (sql::rests_as_null(field, value)) {
      selection.from += name + " IS NULL";
      continue;
    }
    const std::string place = "$" + std::to_string(selection.parameters.size() + 1);
    const std::string compare = condition.compare == Compare::equal  ? " = " + place
                                : condition.compare == Compare::from ? " >= " + place
                                                                     : " < " + place;
    const Cell cell = sql::is_nan(value) ? Cell(std::numeric_limits<double>::quiet_NaN()) : cell_of(field, value);
    const SqlType type = own_type(field);
    std::string bytes;
    if (field.type == FieldType::any && is_number(value)) {
      selection.from += "astro_number(" + as_json(name) + ")" + compare + "::numeric";
      selection.parameters.add_text(to_json(value));
    } else if (type == SqlType::json || (field.type == FieldType::any)) {
      append_cell(bytes, field, SqlType::json, cell);
      if (is_range) selection.from += "astro_number(" + as_json(name) + ") IS NULL AND ";
      selection.from += as_text(name) + compare;
      selection.parameters.add_binary(oid_of(SqlType::text), std::move(bytes));
    } else {
      append_cell(bytes, field, type, cell);
      const bool is_text = type == SqlType::text;
      selection.from += (is_text && !is_ours_                  ? as_text(name)
                         : type == SqlType::jsonb && !is_ours_ ? name + "::jsonb"
                                                               : name);
      selection.from += compare;
      // To PostgreSQL NaN is more than any number: it must not be found above a limit.
      if (condition.compare == Compare::from && sql::is_real(field.type)) selection.from += " AND " + name + " < 'NaN'";
      selection.parameters.add_binary(oid_of(type), std::move(bytes));
    }
  }
  selection.has_limit = query.limit != 0 && std::in_range<std::int64_t>(query.limit);
  const char* direction = query.newest_first ? " DESC" : "";
  if (is_ordered || selection.has_limit) {
    selection.order_and_limit = " ORDER BY ";
    if (!query.order_by.empty()) {
      const std::size_t column = column_of(query.order_by, "ordering by");
      if (!last) last = column;
      selection.order_and_limit += order(column, direction) + ", ";
    }
    if (!own_order_.empty()) selection.order_and_limit += own_order_ + direction + (is_ours_ ? "" : ", ");
    // Another's table does not count its rows: they come as they lie.
    if (!is_ours_) selection.order_and_limit += std::string("ctid") + direction;
  }
  if (selection.has_limit) selection.order_and_limit += " LIMIT " + std::to_string(query.limit);
  index(connection, equal, last);
  return selection;
}

std::vector<List> Table::find(const Connection& connection, const Query& query) {
  const Selection selection = select(connection, query, true);
  const Answer answer = connection.ask("SELECT " + all_columns() + selection.from + selection.order_and_limit, reading_,
                                       selection.parameters);
  std::vector<List> found(static_cast<std::size_t>(answer.rows()));
  const int width = static_cast<int>(columns_.size());
  for (int row = 0; row < answer.rows(); ++row) {
    List& list = found[static_cast<std::size_t>(row)];
    list.reserve(columns_.size());
    for (int i = 0; i < width; ++i) {
      const auto column = static_cast<std::size_t>(i);
      list.push_back(
          read_cell(schema_.fields[column], columns_[column].type, answer.is_null(row, i), answer.cell(row, i)));
    }
  }
  return found;
}

std::size_t Table::count(const Connection& connection, const Query& query) {
  const Selection selection = select(connection, query, false);
  const Answer answer =
      selection.has_limit
          ? connection.ask("SELECT count(*) FROM (SELECT 1" + selection.from + selection.order_and_limit + ") found",
                           reading_, selection.parameters)
          : connection.ask("SELECT count(*)" + selection.from, reading_, selection.parameters);
  return static_cast<std::size_t>(answer.integer(0, 0));
}

std::size_t Table::erase(const Connection& connection, const Query& query) {
  const Selection selection = select(connection, query, false);
  const std::string doing = "erasing from " + name_ + " of the store";
  if (!selection.has_limit) return connection.ask("DELETE" + selection.from, doing, selection.parameters).changed();
  const char* row = is_ours_ ? "astro_row" : "(tableoid, ctid)";
  const char* columns = is_ours_ ? "astro_row" : "tableoid, ctid";
  return connection
      .ask("DELETE FROM " + name_ + " WHERE " + row + " IN (SELECT " + columns + selection.from +
               selection.order_and_limit + ")",
           doing, selection.parameters)
      .changed();
}

}  // namespace astro::postgres
