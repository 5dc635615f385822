// SPDX-License-Identifier: BSD-3-Clause
#include "table.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <unordered_set>
#include <utility>

#include "astro/error.hpp"
#include "layouts.hpp"
#include "migration.hpp"
#include "sql_kit/layout.hpp"

namespace astro::postgres {

namespace {

bool can_be_a_name(const std::string& name) {
  return !name.empty() && name.size() <= longest_identifier && name.find('\0') == std::string::npos;
}

}  // namespace

/// What the server knows of a table's columns: PostgreSQL's types, or the kinds that we noted.
struct Table::There {
  std::map<std::string, std::string> columns;
  std::string key;
  bool is_parted = false;

  bool empty() const noexcept { return columns.empty(); }

  static There in_catalogue(const Connection& connection, const std::string& name, const std::string& doing) {
    There there;
    const Answer answer = connection.ask(
        "SELECT a.attname, t.typname, c.relkind::text, EXISTS(SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND"
        " i.indisunique AND i.indpred IS NULL AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum)"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid JOIN "
        "pg_type t ON t.oid = a.atttypid"
        " WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
        doing, {connection.target().schema, name});
    for (int row = 0; row < answer.rows(); ++row) {
      there.columns.emplace(answer.text(row, 0), answer.text(row, 1));
      there.is_parted = answer.cell(row, 2) == "p";
      if (answer.cell(row, 3).front() != '\0' && answer.cell(row, 0) != "astro_row")
        there.key += '\n' + answer.text(row, 0);
    }
    return there;
  }

  static There in_notes(const Connection& connection, const std::string& record, const std::string& doing) {
    There noted;
    const Answer answer =
        connection.ask("SELECT name, kind, is_key FROM astro_fields WHERE record = $1", doing, {record});
    for (int row = 0; row < answer.rows(); ++row) {
      noted.columns.emplace(answer.text(row, 0), answer.text(row, 1));
      if (answer.cell(row, 2).front() != '\0') noted.key = answer.text(row, 0);
    }
    return noted;
  }
};

Table::Table(const Connection& connection, const Schema& schema, const Partitioned* partitioned, bool timescale)
    : schema_(schema),
      name_(identifier(schema.name)),
      own_order_("astro_row"),
      inserting_("inserting into " + name_ + " of the store"),
      reading_("reading " + name_ + " of the store") {
  static std::atomic<unsigned> made = 0;
  staging_ = "astro_staging_" + std::to_string(++made);
  for (const Field& field : schema.fields) columns_.push_back({sql::column_name(field), own_type(field)});
  check();
  bring_up_to_date(connection, partitioned, timescale);
}

bool Table::serves(const Schema& schema) const noexcept { return sql::is_same_layout(schema, schema_); }

void Table::forget() {
  if (partitions_) partitions_->forget();
}

void Table::refuse(const Connection& connection, const std::string& why) const {
  connection.refuse("preparing " + name_ + " in the store", why);
}

void Table::check() const {
  if (!can_be_a_name(schema_.name) || sql::lower(schema_.name).starts_with("astro_") || schema_.fields.empty()) {
    throw Error(ErrorCode::invalid_argument,
                "preparing " + name_ +
                    " in the store: expected a schema with fields and with a name of 1 to 63 bytes that does not begin "
                    "with \"astro_\"");
  }
  std::unordered_set<std::string> seen{"astro_row"};
  for (const Column& column : columns_) {
    if (can_be_a_name(column.name) && seen.insert(sql::lower(column.name)).second) continue;
    throw Error(ErrorCode::invalid_argument,
                "preparing " + name_ + " in the store: the column " + identifier(column.name) +
                    " is there twice, is reserved, or is longer than 63 bytes (not every SQL tells capitals from small "
                    "letters): give one of the fields another `column`");
  }
}

void Table::bring_up_to_date(const Connection& connection, const Partitioned* partitioned, bool timescale) {
  const std::string doing = "preparing " + name_ + " in the store";
  const auto look = [&] {
    return std::pair(There::in_catalogue(connection, schema_.name, doing),
                     There::in_notes(connection, schema_.name, doing));
  };
  auto [there, noted] = look();
  if (!adopt(connection, there, noted) && (there.empty() || !missing(connection, there, noted).empty())) {
    Transaction transaction(connection, doing);
    lock_definitions(connection, doing);
    std::tie(there, noted) = look();  // again: another program may have come first
    if (there.empty()) {
      if (!noted.empty()) {
        refuse(connection,
               "the table is gone, and somebody removed it by hand: restore it, or remove its rows from "
               "astro_fields");
      }
      create(connection, partitioned, timescale);
      std::tie(there, noted) = look();
    }
    if (!adopt(connection, there, noted)) {
      for (const std::size_t column : missing(connection, there, noted)) add(connection, column);
    }
    transaction.commit();
  }
  if (is_ours_) set_partitions(connection, partitioned);
}

/// A table that we did not make serves a record when it has a fitting column for each field.
bool Table::adopt(const Connection& connection, const There& there, const There& noted) {
  if (there.empty() || !noted.empty() || there.columns.contains("astro_row")) return false;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const Field& field = schema_.fields[i];
    const auto found = there.columns.find(columns_[i].name);
    if (found == there.columns.end()) {
      refuse(connection, "the table was made by another program and has no column " + identifier(columns_[i].name) +
                             " for the field \"" + field.name + "\": add the column, or name another by `column`");
    }
    if (!rests_in(field.type, found->second, columns_[i].type)) {
      refuse(connection, "the table was made by another program, and its column " + identifier(columns_[i].name) +
                             " is " + found->second + ", which cannot hold \"" + field.name + "\", a field of type " +
                             sql::kind_of(field));
    }
  }
  if ((there.key + '\n').find('\n' + columns_.front().name + '\n') == std::string::npos) {
    refuse(connection, "the table was made by another program, and " + identifier(columns_.front().name) +
                           ", the record's key, is not unique there: add a unique index on it");
  }
  is_ours_ = false;
  const Layout* layout = layout_of(schema_.name);
  own_order_ = layout != nullptr ? std::string(layout->order) : "";
  return true;
}

void Table::create(const Connection& connection, const Partitioned* partitioned, bool timescale) const {
  const std::string doing = "preparing " + name_ + " in the store";
  if (const Layout* layout = layout_of(schema_.name)) {
    connection.execute(std::string(layout->sql), doing);
    return;
  }
  const std::string key = identifier(columns_.front().name);
  const std::string key_type(definition_of(columns_.front().type));
  if (partitioned == nullptr) {
    connection.execute("CREATE TABLE " + name_ + "(astro_row bigserial, " + key + " " + key_type +
                           " PRIMARY KEY); CREATE INDEX ON " + name_ + "(astro_row)",
                       doing);
    return;
  }
  const Field* field = schema_.find(partitioned->field);
  if (field == nullptr || field->type != FieldType::time || field == schema_.fields.data()) {
    throw Error(ErrorCode::invalid_argument, doing + ": `partitions` names \"" + partitioned->field +
                                                 "\", which is no field of type time beside the key: name one that is");
  }
  const std::string time = identifier(sql::column_name(*field));
  const std::string every = std::to_string(partitioned->every.count());
  connection.execute("CREATE TABLE " + name_ + "(astro_row bigserial, " + key + " " + key_type + " NOT NULL, " + time +
                         " bigint NOT NULL, UNIQUE(" + key + ", " + time + "))" +
                         (timescale ? "" : " PARTITION BY RANGE(" + time + ")") + "; CREATE INDEX ON " + name_ +
                         "(astro_row); CREATE INDEX ON " + name_ + " USING brin(" + time + ")",
                     doing);
  if (timescale) {
    // Not tried: TimescaleDB was not to be had where this was written.
    connection.ask("SELECT create_hypertable($1, $2, chunk_time_interval => $3::bigint)", doing,
                   {name_, sql::column_name(*field), every});
  }
  connection.ask("INSERT INTO astro_partitions VALUES($1, $2, $3::bigint)", doing,
                 {schema_.name, partitioned->field, every});
}

/// The fields that the table does not have yet.
std::vector<std::size_t> Table::missing(const Connection& connection, const There& there, const There& noted) const {
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const Field& field = schema_.fields[i];
    const auto note = noted.columns.find(columns_[i].name);
    const auto found = there.columns.find(columns_[i].name);
    if (note == noted.columns.end()) {
      if (i == 0 && !noted.empty()) {
        refuse(connection,
               "the key is \"" + field.name + "\" now and was another field: keep the key, or use another schema name");
      }
      missing.push_back(i);
      continue;
    }
    if (note->second != sql::kind_of(field)) {
      refuse(connection, "the field \"" + field.name + "\" is " + sql::kind_of(field) + " now and rests as " +
                             note->second +
                             " in the database: give the new field another name or `column`, or use another schema");
    }
    if ((noted.key == columns_[i].name) != (i == 0)) {
      refuse(connection, "the field \"" + field.name + "\" " +
                             (i != 0 ? "is the key in the database and must stay the first one"
                                     : "is the key now and is an ordinary field in the database") +
                             ": keep the order of the key, or use another schema");
    }
    if (found == there.columns.end() || found->second != name_of(columns_[i].type)) {
      refuse(connection, "the column " + identifier(columns_[i].name) + " " +
                             (found == there.columns.end()
                                  ? "is gone"
                                  : "is " + found->second + " now and was " + std::string(name_of(columns_[i].type))) +
                             ", and somebody changed the table by hand: change it back, or restore a backup");
    }
  }
  return missing;
}

void Table::add(const Connection& connection, std::size_t column) const {
  const std::string doing = "preparing " + name_ + " in the store";
  const Field& field = schema_.fields[column];
  const Column& to = columns_[column];
  connection.execute("ALTER TABLE " + name_ + " ADD COLUMN IF NOT EXISTS " + identifier(to.name) + " " +
                         std::string(definition_of(to.type)) + (column == 0 ? "" : default_of(field, to.type)) +
                         // Samples hardly compress, and trying costs more than writing them.
                         (field.type == FieldType::array
                              ? "; ALTER TABLE " + name_ + " ALTER " + identifier(to.name) + " SET STORAGE EXTERNAL"
                              : ""),
                     doing);
  connection.ask(
      "INSERT INTO astro_fields(record, field, name, kind, is_key, unit, says) VALUES($1, $2, $3, $4, $5::bool, $6, "
      "$7)",
      doing,
      {schema_.name, field.name, to.name, sql::kind_of(field), column == 0 ? "true" : "false", field.unit, field.says});
}

/// The table's own partitions, which stay as they were made, and how long the settings want to keep them.
void Table::set_partitions(const Connection& connection, const Partitioned* wanted) {
  const Answer answer = connection.ask("SELECT field, every_ns FROM astro_partitions WHERE record = $1",
                                       "preparing " + name_ + " in the store", {schema_.name});
  if (answer.rows() == 0) {
    if (wanted == nullptr) return;
    refuse(connection,
           "`partitions` names it, and it rests in one piece: leave it out, or move its rows to another schema");
  }
  Partitioned how{.record = schema_.name,
                  .field = answer.text(0, 0),
                  .every = Duration(answer.integer(0, 1)),
                  .keep = wanted == nullptr ? std::nullopt : wanted->keep};
  if (wanted != nullptr && (wanted->field != how.field || wanted->every != how.every)) {
    refuse(connection, "`partitions` wants it parted by \"" + wanted->field + "\" every " +
                           std::to_string(seconds(wanted->every)) + " s, and it is by \"" + how.field + "\" every " +
                           std::to_string(seconds(how.every)) + " s: leave that as it is");
  }
  const std::size_t column = column_of(how.field, "parting by");
  const There there = There::in_catalogue(connection, schema_.name, "preparing " + name_ + " in the store");
  if (there.is_parted) partitions_.emplace(schema_.name, std::move(how), column);
}

std::string Table::all_columns() const {
  std::string text;
  for (const Column& column : columns_) text += (text.empty() ? "" : ", ") + identifier(column.name);
  return text;
}

std::string Table::key() const {
  const std::string key = identifier(columns_.front().name);
  return partitions_ ? key + ", " + identifier(columns_[partitions_->column()].name) : key;
}

std::size_t Table::insert(const Connection& connection, const Rows& rows, Time now) {
  if (rows.size() == 0) return 0;
  const bool has_new_partitions = partitions_ && partitions_->make_room(connection, rows, inserting_);
  const std::size_t inserted = cautious_ == 0 ? copy(connection, rows, name_) : insert_new(connection, rows);
  if (inserted != rows.size()) expect_known();
  else if (cautious_ > 0) --cautious_;
  if (has_new_partitions) partitions_->drop_old(connection, now);  // what came too late goes at once
  return inserted;
}

std::size_t Table::copy(const Connection& connection, const Rows& rows, const std::string& into) {
  Copy copy(connection, into + "(" + all_columns() + ")", inserting_);
  const std::size_t size = rows.size();
  for (std::size_t row = 0; row < size; ++row) {
    copy.begin_row(columns_.size());
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const Field& field = schema_.fields[i];
      const Cell cell = rows.cell(row, i);
      bool is_there = false;
      copy.field([&](std::string& out) { return is_there = append_cell(out, field, columns_[i].type, cell); });
      if (i == 0 && !is_there) {
        throw Error(ErrorCode::invalid_argument, inserting_ + ": row " + std::to_string(row) + " has no \"" +
                                                     field.name + "\", which is its key: give it one");
      }
    }
    copy.end_row();
  }
  return copy.finish();
}

/// By way of a table of this session: COPY alone knows no "if it is not there".
std::size_t Table::insert_new(const Connection& connection, const Rows& rows) {
  connection.execute("CREATE TEMP TABLE IF NOT EXISTS " + staging_ + " ON COMMIT DELETE ROWS AS SELECT " +
                         all_columns() + " FROM " + name_ + " WITH NO DATA; DELETE FROM pg_temp." + staging_,
                     inserting_);
  copy(connection, rows, "pg_temp." + staging_);
  return connection
      .execute("INSERT INTO " + name_ + "(" + all_columns() + ") SELECT " + all_columns() + " FROM pg_temp." +
                   staging_ + " ORDER BY ctid ON CONFLICT(" + key() + ") DO NOTHING",
               inserting_)
      .changed();
}

bool Table::replace(const Connection& connection, const Rows& row, const std::string& revision_field,
                    std::int64_t expected) {
  const std::size_t revision = column_of(revision_field, "replacing by the revision");
  if (row.size() != 1 || schema_.fields[revision].type != FieldType::integer) {
    throw Error(ErrorCode::invalid_argument, "replacing in " + name_ + " of the store by \"" + revision_field +
                                                 "\": expected one row and a revision field that is an integer");
  }
  if (partitions_) partitions_->make_room(connection, row, inserting_);
  Parameters parameters;
  std::string set;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::string bytes;
    const bool is_there = append_cell(bytes, schema_.fields[i], columns_[i].type, row.cell(0, i));
    if (is_there) parameters.add_binary(oid_of(columns_[i].type), std::move(bytes));
    else parameters.add_null();
    set += (i == 0 ? "" : ", ") + identifier(columns_[i].name) + " = $" + std::to_string(i + 1);
  }
  parameters.add_text(std::to_string(expected));
  return connection
             .ask("UPDATE " + name_ + " SET " + set + " WHERE " + identifier(columns_.front().name) + " = $1 AND " +
                      identifier(columns_[revision].name) + " = $" + std::to_string(columns_.size() + 1) + "::bigint",
                  inserting_, parameters)
             .changed() == 1;
}

std::size_t Table::drop_old(const Connection& connection, Time now) {
  return partitions_ ? partitions_->drop_old(connection, now) : 0;
}

std::size_t Table::column_of(const std::string& field, const char* purpose) const {
  return sql::column_of(schema_, field, name_, purpose);
}

}  // namespace astro::postgres
