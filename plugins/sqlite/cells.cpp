// SPDX-License-Identifier: BSD-3-Clause
#include "cells.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <span>
#include <string_view>
#include <system_error>

#include "sql_kit/layout.hpp"

namespace astro::sqlite {

namespace {

bool is_json(FieldType type) noexcept {
  return type == FieldType::list || type == FieldType::record || type == FieldType::any;
}

bool bind_text(sqlite3_stmt* statement, int index, std::string_view text) noexcept {
  // A null pointer would be NULL, and an empty text is none.
  sqlite3_bind_text64(statement, index, text.empty() ? "" : text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return true;
}

template <class Number>
bool is_whole(std::string_view text, Number& number) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

/// JSON of an `any`; only a number can begin like one.
bool bind_any(sqlite3_stmt* statement, int index, std::string_view json) noexcept {
  if (!json.empty() && (json.front() == '-' || (json.front() >= '0' && json.front() <= '9'))) {
    std::int64_t integer = 0;
    if (is_whole(json, integer)) return sqlite3_bind_int64(statement, index, integer), true;
    double number = 0;
    if (is_whole(json, number)) return sqlite3_bind_double(statement, index, number), true;
  }
  if (json == "null") return sqlite3_bind_null(statement, index), false;
  return bind_text(statement, index, json);
}

struct Binder {
  sqlite3_stmt* statement;
  int index;
  const Field& field;

  bool operator()(std::monostate) const noexcept { return sqlite3_bind_null(statement, index), false; }
  bool operator()(bool value) const noexcept {
    if (field.type == FieldType::any) return bind_text(statement, index, value ? "true" : "false");
    return sqlite3_bind_int(statement, index, value ? 1 : 0), true;
  }
  bool operator()(std::int64_t value) const noexcept { return sqlite3_bind_int64(statement, index, value), true; }
  bool operator()(double value) const noexcept {
    if (std::isnan(value) && field.nullable) return bind_text(statement, index, "NaN");
    return sqlite3_bind_double(statement, index, value), !std::isnan(value);
  }
  bool operator()(std::string_view text) const noexcept { return bind_text(statement, index, text); }
  bool operator()(std::span<const std::byte> bytes) const noexcept {
    if (bytes.empty()) return sqlite3_bind_zeroblob(statement, index, 0), true;
    return sqlite3_bind_blob64(statement, index, bytes.data(), bytes.size(), SQLITE_STATIC), true;
  }
  bool operator()(const std::string& json) const noexcept {
    return field.type == FieldType::any ? bind_any(statement, index, json) : bind_text(statement, index, json);
  }
};

std::string_view text_of(sqlite3_stmt* statement, int column) noexcept {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  return text == nullptr ? std::string_view()
                         : std::string_view(text, static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
}

std::span<const std::byte> bytes_of(sqlite3_stmt* statement, int column) noexcept {
  const auto* bytes = static_cast<const std::byte*>(sqlite3_column_blob(statement, column));
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
}

}  // namespace

const char* column_type(FieldType type) noexcept {
  switch (type) {
    case FieldType::boolean:
    case FieldType::integer:
    case FieldType::time:
      return "INTEGER";
    case FieldType::number:
    case FieldType::angle:
    case FieldType::frequency:
    case FieldType::duration:
      return "REAL";
    case FieldType::text:
    case FieldType::choice:
    case FieldType::list:
    case FieldType::record:
      return "TEXT";
    case FieldType::bytes:
    case FieldType::array:
      return "BLOB";
    case FieldType::any:
      return "";
  }
  return "";
}

bool bind_cell(sqlite3_stmt* statement, int index, const Field& field, const Cell& cell) noexcept {
  return std::visit(Binder{statement, index, field}, cell);
}

Value read(sqlite3_stmt* statement, int column, const Field& field) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER: {
      const std::int64_t integer = sqlite3_column_int64(statement, column);
      if (field.type == FieldType::any) return integer;
      if (field.type == FieldType::boolean) return integer != 0;
      return value_of(field, Cell(integer));
    }
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, column);
    case SQLITE_TEXT: {
      if (sql::is_real(field.type)) return std::numeric_limits<double>::quiet_NaN();  // the only text in such a column
      const std::string_view text = text_of(statement, column);
      return value_of(field, is_json(field.type) ? Cell(std::string(text)) : Cell(text));
    }
    case SQLITE_BLOB:
      return value_of(field, Cell(bytes_of(statement, column)));
    default:
      if (sql::is_real(field.type) && !field.nullable) return std::numeric_limits<double>::quiet_NaN();
      return {};
  }
}

}  // namespace astro::sqlite
