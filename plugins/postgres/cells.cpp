// SPDX-License-Identifier: BSD-3-Clause
#include "cells.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "astro/error.hpp"
#include "sql_kit/layout.hpp"

namespace astro::postgres {

namespace {

struct Known {
  SqlType type;
  std::string_view name;  ///< in pg_type
  Oid oid;                ///< PostgreSQL's pg_type.dat: the same for ever
  std::string_view definition;
};

constexpr std::array known{Known{SqlType::boolean, "bool", 16, "boolean"},
                           Known{SqlType::int2, "int2", 21, "smallint"},
                           Known{SqlType::int4, "int4", 23, "integer"},
                           Known{SqlType::int8, "int8", 20, "bigint"},
                           Known{SqlType::float8, "float8", 701, "double precision"},
                           Known{SqlType::text, "text", 25, "text COLLATE \"C\""},
                           Known{SqlType::bytea, "bytea", 17, "bytea"},
                           Known{SqlType::json, "json", 114, "json"},
                           Known{SqlType::jsonb, "jsonb", 3802, "jsonb"}};

const Known& about(SqlType type) noexcept {
  return *std::find_if(known.begin(), known.end(), [&](const Known& each) { return each.type == type; });
}

bool has_any(const Field& field) {
  return field.type == FieldType::any || (field.type == FieldType::list && field.element == FieldType::any) ||
         std::any_of(field.members.begin(), field.members.end(), has_any);
}

[[noreturn]] void refuse(const Field& field, const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "storing \"" + field.name + "\" in PostgreSQL: " + why);
}

struct Appender {
  std::string& out;
  const Field& field;
  SqlType type;

  bool operator()(std::monostate) const noexcept { return false; }
  bool operator()(bool value) const {
    if (type != SqlType::boolean) return text(value ? "true" : "false");
    out += value ? '\1' : '\0';
    return true;
  }
  bool operator()(std::int64_t value) const {
    switch (type) {
      case SqlType::int2:
        return narrow<std::int16_t>(value);
      case SqlType::int4:
        return narrow<std::int32_t>(value);
      case SqlType::int8:
        append_number(out, static_cast<std::uint64_t>(value), 8);
        return true;
      case SqlType::float8:
        return (*this)(static_cast<double>(value));
      default:
        return text(std::to_string(value));
    }
  }
  bool operator()(double value) const {
    if (type != SqlType::float8) return std::isfinite(value) && text(to_json(value));
    if (std::isnan(value) && !field.nullable) return false;
    append_number(out, std::bit_cast<std::uint64_t>(value), 8);
    return true;
  }
  bool operator()(std::string_view value) const { return text(value); }
  bool operator()(std::span<const std::byte> bytes) const {
    out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return true;
  }
  bool operator()(const std::string& json) const {
    if (field.type == FieldType::any && json == "null") return false;
    return text(json);
  }

 private:
  template <class Narrow>
  bool narrow(std::int64_t value) const {
    if (!std::in_range<Narrow>(value)) refuse(field, std::to_string(value) + " is too large for its column");
    append_number(out, static_cast<std::uint64_t>(value), sizeof(Narrow));
    return true;
  }
  bool text(std::string_view value) const {
    if (value.find('\0') != std::string_view::npos) refuse(field, "its texts hold no zero byte; keep bytes instead");
    if (type == SqlType::jsonb) out += '\1';  // the version of its form
    out += value;
    return true;
  }
};

}  // namespace

SqlType own_type(const Field& field) {
  switch (field.type) {
    case FieldType::boolean:
      return SqlType::boolean;
    case FieldType::integer:
    case FieldType::time:
      return SqlType::int8;
    case FieldType::number:
    case FieldType::angle:
    case FieldType::frequency:
    case FieldType::duration:
      return SqlType::float8;
    case FieldType::text:
    case FieldType::choice:
      return SqlType::text;
    case FieldType::bytes:
    case FieldType::array:
      return SqlType::bytea;
    case FieldType::list:
    case FieldType::record:
    case FieldType::any:
      return has_any(field) ? SqlType::json : SqlType::jsonb;
  }
  return SqlType::text;
}

std::string_view definition_of(SqlType type) { return about(type).definition; }
std::string_view name_of(SqlType type) noexcept { return about(type).name; }
Oid oid_of(SqlType type) noexcept { return about(type).oid; }

bool rests_in(FieldType type, std::string_view sql_name, SqlType& found) noexcept {
  if (sql_name == "varchar" || sql_name == "bpchar") sql_name = "text";
  const auto each = std::find_if(known.begin(), known.end(), [&](const Known& one) { return one.name == sql_name; });
  if (each == known.end()) return false;
  found = each->type;
  const bool is_json = found == SqlType::json || found == SqlType::jsonb || found == SqlType::text;
  switch (type) {
    case FieldType::boolean:
      return found == SqlType::boolean;
    case FieldType::integer:
      return found == SqlType::int2 || found == SqlType::int4 || found == SqlType::int8;
    case FieldType::time:
      return found == SqlType::int8;
    case FieldType::text:
    case FieldType::choice:
      return found == SqlType::text;
    case FieldType::bytes:
    case FieldType::array:
      return found == SqlType::bytea;
    case FieldType::list:
    case FieldType::record:
    case FieldType::any:
      return is_json;
    default:
      return found == SqlType::float8;
  }
}

bool append_cell(std::string& out, const Field& field, SqlType type, const Cell& cell) {
  return std::visit(Appender{out, field, type}, cell);
}

Value read_cell(const Field& field, SqlType type, bool is_null, std::string_view bytes) {
  if (is_null) {
    if (sql::is_real(field.type) && !field.nullable) return std::numeric_limits<double>::quiet_NaN();
    return {};
  }
  switch (type) {
    case SqlType::boolean:
      return bytes.front() != '\0';
    case SqlType::int2:
    case SqlType::int4:
    case SqlType::int8:
      return value_of(field, Cell(static_cast<std::int64_t>(number_in(bytes))));
    case SqlType::float8:
      return std::bit_cast<double>(number_in(bytes));
    case SqlType::bytea:
      return value_of(field, Cell(std::as_bytes(std::span(bytes))));
    case SqlType::jsonb:
      bytes.remove_prefix(1);
      return value_of(field, Cell(std::string(bytes)));
    case SqlType::json:
      return value_of(field, Cell(std::string(bytes)));
    case SqlType::text:
      break;
  }
  const bool is_json = field.type == FieldType::list || field.type == FieldType::record || field.type == FieldType::any;
  return value_of(field, is_json ? Cell(std::string(bytes)) : Cell(bytes));
}

std::string default_of(const Field& field, SqlType type) {
  if (field.default_value.is_null()) return {};
  const Cell cell = cell_of(field, field.default_value);
  std::string text;
  if (const double* number = std::get_if<double>(&cell); number != nullptr && !std::isfinite(*number)) {
    text = std::isnan(*number) ? "NaN" : *number > 0 ? "Infinity" : "-Infinity";
    if (std::isnan(*number) && !field.nullable) return {};
  } else if (const auto* bytes = std::get_if<std::span<const std::byte>>(&cell)) {
    constexpr const char* digits = "0123456789abcdef";
    text = "\\x";
    for (const std::byte byte : *bytes) {
      text += digits[std::to_integer<unsigned>(byte) >> 4];
      text += digits[std::to_integer<unsigned>(byte) & 15];
    }
  } else if (number != nullptr) {
    text = to_json(*number);
  } else if (const auto* integer = std::get_if<std::int64_t>(&cell)) {
    text = std::to_string(*integer);
  } else if (const bool* truth = std::get_if<bool>(&cell)) {
    text = *truth ? "true" : "false";
  } else if (!append_cell(text, field, type == SqlType::jsonb ? SqlType::json : type, cell)) {
    return {};
  }
  return " DEFAULT " + literal(text) + "::" + std::string(name_of(type));
}

}  // namespace astro::postgres
