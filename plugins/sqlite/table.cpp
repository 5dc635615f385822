// SPDX-License-Identifier: BSD-3-Clause
#include "table.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_set>
#include <utility>

#include "astro/error.hpp"
#include "cells.hpp"
#include "sql_kit/layout.hpp"

namespace astro::sqlite {

namespace {

bool is_reserved(const std::string& name) {
  return name.empty() || name.find('\0') != std::string::npos || sql::lower(name).starts_with("astro_") ||
         sql::lower(name).starts_with("sqlite_");
}

std::string joined(const std::vector<std::string>& parts, const std::string& before, const std::string& after) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + before + part + after;
  return text;
}

}  // namespace

Table::Table(const Database& database, const Schema& schema)
    : database_(database),
      schema_(schema),
      name_(identifier(schema.name)),
      inserting_("inserting into " + identifier(schema.name) + " of the store"),
      reading_("reading " + identifier(schema.name) + " of the store"),
      cells_(schema.fields.size()) {
  for (const Field& field : schema.fields) columns_.push_back(identifier(sql::column_name(field)));
  check();
  bring_up_to_date();
  std::string places;
  for (std::size_t i = 0; i < columns_.size(); ++i) places += i == 0 ? "?" : ", ?";
  insert_ = database_.prepare("INSERT INTO " + name_ + "(" + joined(columns_, "", "") + ") VALUES(" + places +
                                  ") ON CONFLICT(" + columns_.front() + ") DO NOTHING",
                              inserting_);
}

bool Table::serves(const Schema& schema) const noexcept { return sql::is_same_layout(schema, schema_); }

void Table::check() const {
  if (is_reserved(schema_.name) || schema_.fields.empty()) {
    throw Error(ErrorCode::invalid_argument,
                "preparing " + name_ +
                    " in the store: expected a schema with fields and with a name that is not "
                    "empty and does not begin with \"astro_\" or \"sqlite_\"");
  }
  std::unordered_set<std::string> seen{"\"astro_row\""};
  for (const std::string& column : columns_) {
    if (column.find('\0') == std::string::npos && seen.insert(sql::lower(column)).second) continue;
    throw Error(ErrorCode::invalid_argument, "preparing " + name_ + " in the store: the column " + column +
                                                 " is there twice, or is reserved (SQL does not tell capitals from "
                                                 "small letters): give one of the fields another `column`");
  }
}

/// The fields that the file does not have yet.
std::vector<const Field*> Table::missing() const {
  const std::string doing = "preparing " + name_ + " in the store";
  std::vector<const Field*> missing;
  const Statement known =
      database_.prepare("SELECT kind, is_key FROM astro_fields WHERE record = ? AND name = ?", doing);
  for (std::size_t i = 0; i < schema_.fields.size(); ++i) {
    const Field& field = schema_.fields[i];
    const std::string column = sql::column_name(field);
    const Run run(known);
    sqlite3_bind_text(known.get(), 1, schema_.name.c_str(), -1, SQLITE_STATIC);
    sqlite3_bind_text(known.get(), 2, column.c_str(), -1, SQLITE_STATIC);
    if (!database_.step(known, doing)) {
      missing.push_back(&field);
      continue;
    }
    const std::string kind = reinterpret_cast<const char*>(sqlite3_column_text(known.get(), 0));
    const bool is_key = sqlite3_column_int(known.get(), 1) != 0;
    if (kind != sql::kind_of(field)) {
      database_.refuse(doing, "the field \"" + field.name + "\" is " + sql::kind_of(field) + " now and rests as " +
                                  kind +
                                  " in the file: give the new field another name or `column`, or use a new file");
    }
    if (is_key != (i == 0)) {
      database_.refuse(doing, "the field \"" + field.name + "\" " +
                                  (is_key ? "is the key in the file and must stay the first one"
                                          : "is the key now and is an ordinary field in the file") +
                                  ": keep the order of the key, or use a new file");
    }
  }
  return missing;
}

void Table::bring_up_to_date() const {
  if (missing().empty()) return;
  const std::string doing = "preparing " + name_ + " in the store";
  Transaction transaction(database_, doing);
  const std::vector<const Field*> fields = missing();  // again: another program may have come first
  const Field* key = schema_.fields.data();
  if (std::find(fields.begin(), fields.end(), key) != fields.end()) {
    const Statement known = database_.prepare("SELECT count(*) FROM astro_fields WHERE record = ?", doing);
    sqlite3_bind_text(known.get(), 1, schema_.name.c_str(), -1, SQLITE_STATIC);
    if (database_.step(known, doing) && sqlite3_column_int64(known.get(), 0) != 0) {
      database_.refuse(doing,
                       "the key is \"" + key->name +
                           "\" now and was another field: keep the key, or use a new file or another schema name");
    }
    database_.execute(
        "CREATE TABLE " + name_ + "(astro_row INTEGER PRIMARY KEY, " + definition(*key) + " NOT NULL UNIQUE)", doing);
  }
  for (const Field* field : fields) add(*field, field == key);
  transaction.commit();
}

void Table::add(const Field& field, bool is_key) const {
  const std::string doing = "preparing " + name_ + " in the store";
  if (!is_key) {
    database_.execute("ALTER TABLE " + name_ + " ADD COLUMN " + definition(field) + default_of(field), doing);
  }
  const Statement note = database_.prepare(
      "INSERT INTO astro_fields(record, field, name, kind, is_key, unit, says) VALUES(?, ?, ?, ?, ?, ?, ?)", doing);
  const std::string column = sql::column_name(field);
  const std::string kind = sql::kind_of(field);
  const std::string* const texts[] = {&schema_.name, &field.name, &column, &kind};
  for (int i = 0; i < 4; ++i) sqlite3_bind_text(note.get(), i + 1, texts[i]->c_str(), -1, SQLITE_STATIC);
  sqlite3_bind_int(note.get(), 5, is_key ? 1 : 0);
  sqlite3_bind_text(note.get(), 6, field.unit.c_str(), -1, SQLITE_STATIC);
  sqlite3_bind_text(note.get(), 7, field.says.c_str(), -1, SQLITE_STATIC);
  database_.step(note, doing);
}

std::string Table::definition(const Field& field) const {
  return identifier(sql::column_name(field)) + " " + column_type(field.type);
}

/// The default as SQL, written by SQLite itself from the bound value.
std::string Table::default_of(const Field& field) const {
  if (field.default_value.is_null()) return {};
  const Cell cell = cell_of(field, field.default_value);
  if (const double* number = std::get_if<double>(&cell); number != nullptr && std::isinf(*number)) {
    return *number > 0 ? " DEFAULT 9e999" : " DEFAULT -9e999";  // quote() would write Inf, which SQL cannot read
  }
  const std::string doing = "preparing " + name_ + " in the store";
  const Statement quote = database_.prepare("SELECT quote(?)", doing);
  if (!bind_cell(quote.get(), 1, field, cell)) return {};
  database_.step(quote, doing);
  return std::string(" DEFAULT ") + reinterpret_cast<const char*>(sqlite3_column_text(quote.get(), 0));
}

void Table::bind_row(const Statement& statement, const Rows& rows, std::size_t row) {
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    cells_[i] = rows.cell(row, i);
    const bool there = bind_cell(statement.get(), static_cast<int>(i + 1), schema_.fields[i], cells_[i]);
    if (i == 0 && !there) {
      throw Error(ErrorCode::invalid_argument, inserting_ + ": row " + std::to_string(row) + " has no \"" +
                                                   schema_.fields[0].name + "\", which is its key: give it one");
    }
  }
}

std::size_t Table::insert(const Rows& rows) {
  std::size_t inserted = 0;
  const std::size_t size = rows.size();
  for (std::size_t row = 0; row < size; ++row) {
    const Run run(insert_);
    bind_row(insert_, rows, row);
    database_.step(insert_, inserting_);
    inserted += static_cast<std::size_t>(database_.changes());
  }
  return inserted;
}

bool Table::replace(const Rows& row, const std::string& revision_field, std::int64_t expected) {
  const std::size_t revision = column_of(revision_field, "replacing by the revision");
  if (row.size() != 1 || schema_.fields[revision].type != FieldType::integer) {
    throw Error(ErrorCode::invalid_argument, "replacing in " + name_ + " of the store by \"" + revision_field +
                                                 "\": expected one row and a revision field that is an integer");
  }
  const std::string after = std::to_string(columns_.size() + 1);
  const Statement update = database_.prepare(
      "UPDATE " + name_ + " SET (" + joined(columns_, "", "") + ") = (" +
          [&] {
            std::string places;
            for (std::size_t i = 1; i <= columns_.size(); ++i) places += (i == 1 ? "?" : ", ?") + std::to_string(i);
            return places;
          }() +
          ") WHERE " + columns_.front() + " = ?1 AND " + columns_[revision] + " = ?" + after,
      inserting_);
  bind_row(update, row, 0);
  sqlite3_bind_int64(update.get(), static_cast<int>(columns_.size() + 1), expected);
  database_.step(update, inserting_);
  return database_.changes() == 1;
}

std::size_t Table::column_of(const std::string& field, const char* purpose) const {
  return sql::column_of(schema_, field, name_, purpose);
}

}  // namespace astro::sqlite
