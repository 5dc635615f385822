// SPDX-License-Identifier: BSD-3-Clause
#include "sql_kit/layout.hpp"

#include <algorithm>
#include <vector>

#include "astro/error.hpp"

namespace astro::sql {

namespace {

bool is_same_field(const Field& a, const Field& b) noexcept {
  return a.name == b.name && a.type == b.type && a.column == b.column && a.nullable == b.nullable &&
         a.dtype == b.dtype && a.element == b.element && a.length == b.length && a.choices == b.choices &&
         std::equal(a.members.begin(), a.members.end(), b.members.begin(), b.members.end(), is_same_field);
}

}  // namespace

std::string identifier(std::string_view name) {
  std::string text = "\"";
  for (const char c : name) text.append(c == '"' ? 2 : 1, c);
  return text + '"';
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

std::string column_name(const Field& field) { return field.column.empty() ? flat_name(field) : field.column; }

std::string kind_of(const Field& field) {
  std::string type(to_string(field.type));
  if (field.type == FieldType::array) return type + " of " + std::string(to_string(field.dtype));
  if (field.type == FieldType::list) return type + " of " + std::string(to_string(field.element));
  return type;
}

bool is_real(FieldType type) noexcept {
  return type == FieldType::number || type == FieldType::angle || type == FieldType::frequency ||
         type == FieldType::duration;
}

bool is_same_layout(const Schema& a, const Schema& b) noexcept {
  return std::equal(a.fields.begin(), a.fields.end(), b.fields.begin(), b.fields.end(), is_same_field);
}

std::size_t column_of(const Schema& schema, const std::string& field, const std::string& table, const char* purpose) {
  for (std::size_t i = 0; i < schema.fields.size(); ++i) {
    if (schema.fields[i].name == field) return i;
  }
  std::vector<std::string> known;
  for (const Field& each : schema.fields) known.push_back(each.name);
  const std::string near = nearest(field, known);
  throw Error(ErrorCode::invalid_argument, std::string(purpose) + " \"" + field + "\" in " + table +
                                               " of the store: there is no such field" +
                                               (near.empty() ? "" : "; did you mean \"" + near + "\"?"));
}

}  // namespace astro::sql
