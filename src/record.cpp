// SPDX-License-Identifier: BSD-3-Clause
#include "astro/record.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "astro/error.hpp"
#include "text.hpp"
#include "validation.hpp"

namespace astro {

Rows::~Rows() = default;

namespace {

[[noreturn]] void refuse_cell(const Field& field, std::string_view expected) {
  throw Error(ErrorCode::invalid_argument,
              "reading the cell of \"" + field.name + "\": expected " + std::string(expected));
}

template <class T>
const T& get(const Field& field, const Cell& cell, std::string_view expected) {
  if (const T* found = std::get_if<T>(&cell)) return *found;
  refuse_cell(field, expected);
}

std::string_view text_in(const Field& field, const Cell& cell) {
  if (const auto* owned = std::get_if<std::string>(&cell)) return *owned;
  return get<std::string_view>(field, cell, "a text");
}

double number_in(const Field& field, const Cell& cell) {
  if (const auto* integer = std::get_if<std::int64_t>(&cell)) return static_cast<double>(*integer);
  return get<double>(field, cell, "a number");
}

bool truth_in(const Field& field, const Cell& cell) {
  if (const auto* integer = std::get_if<std::int64_t>(&cell)) return *integer != 0;  // stores without booleans
  return get<bool>(field, cell, "a boolean");
}

Value bytes_in(const Field& field, const Cell& cell) {
  const auto bytes = get<std::span<const std::byte>>(field, cell, "bytes");
  if (field.type == FieldType::bytes) return Bytes(bytes.begin(), bytes.end());
  const std::size_t element = size_of(field.dtype);
  if (element == 0 || bytes.size() % element != 0)
    refuse_cell(field, "a whole number of " + std::string(to_string(field.dtype)));
  return Array{field.dtype, {bytes.size() / element}, Bytes(bytes.begin(), bytes.end())};
}

}  // namespace

Value value_of(const Field& field, const Cell& cell) {
  if (std::holds_alternative<std::monostate>(cell)) return {};
  switch (field.type) {
    case FieldType::boolean:
      return truth_in(field, cell);
    case FieldType::integer:
      return get<std::int64_t>(field, cell, "an integer");
    case FieldType::number:
    case FieldType::angle:
    case FieldType::frequency:
    case FieldType::duration:
      return number_in(field, cell);
    case FieldType::text:
    case FieldType::choice:
      return text_in(field, cell);
    case FieldType::time:
      return Time(Duration(get<std::int64_t>(field, cell, "nanoseconds since 1970")));
    case FieldType::bytes:
    case FieldType::array:
      return bytes_in(field, cell);
    case FieldType::list:
    case FieldType::record:
      return canonical(field, parse_json(text_in(field, cell)));
    case FieldType::any:
      return parse_json(text_in(field, cell));
  }
  refuse_cell(field, "a type that this libastro knows");
}

Cell cell_of(const Field& field, const Value& canonical) {
  if (canonical.is_null()) return {};
  switch (field.type) {
    case FieldType::boolean:
      return canonical.as_bool();
    case FieldType::integer:
      return canonical.as_integer();
    case FieldType::number:
    case FieldType::angle:
    case FieldType::frequency:
    case FieldType::duration:
      return canonical.as_number();
    case FieldType::text:
    case FieldType::choice:
      return std::string_view(canonical.as_text());
    case FieldType::time:
      return static_cast<std::int64_t>(canonical.as_time().time_since_epoch().count());
    case FieldType::bytes:
      return std::span<const std::byte>(canonical.as_bytes());
    case FieldType::array:
      return std::span<const std::byte>(canonical.as_array().bytes);
    case FieldType::list:
    case FieldType::record:
    case FieldType::any:
      return to_json(canonical);
  }
  return {};
}

namespace detail {

double plain_degrees(Angle angle) noexcept {
  const double value = angle.degrees();
  const double plain = std::round(value * 1e9) / 1e9;
  return degrees(plain) == angle ? plain : value;
}

void throw_wrong_type(std::string_view expected, const Value& found) {
  throw Error(ErrorCode::invalid_argument,
              "expected " + std::string(expected) + ", is " + std::string(type_name(found)));
}

void throw_out_of_range(const Value& found, double min, double max) {
  throw Error(ErrorCode::invalid_argument,
              "must be " + text::of(min) + " to " + text::of(max) + ", is " + to_json(found));
}

std::size_t choice_index(std::span<const char* const> choices, const Value& value) {
  const std::string& name = value.as_text();
  const auto found =
      std::ranges::find(choices, std::string_view(name), [](const char* c) { return std::string_view(c); });
  if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
  std::string known;
  for (const char* choice : choices) known += (known.empty() ? "" : ", ") + std::string(choice);
  throw Error(ErrorCode::invalid_argument, "expected one of " + known + ", is " + text::quoted(name));
}

Array make_array(Dtype dtype, const void* data, std::size_t count) {
  Array array{dtype, {count}, Bytes(count * size_of(dtype))};
  if (count > 0) std::memcpy(array.bytes.data(), data, array.bytes.size());
  return array;
}

void check_array(const Array& array, Dtype expected) {
  if (array.dtype == expected && array.bytes.size() % size_of(expected) == 0) return;
  throw Error(ErrorCode::invalid_argument, "expected an array of " + std::string(to_string(expected)) + ", is one of " +
                                               std::string(to_string(array.dtype)));
}

void write_record(void* record, std::span<const Member> members, const Schema& schema, const Value& map) {
  const Map* given = map.get_if<Map>();
  const std::string name = schema.name.empty() ? "" : schema.name + ": ";
  if (given == nullptr && !map.is_null()) throw_wrong_type(name + "a map", map);
  CheckedMap checked = check_map(schema.fields, given != nullptr ? *given : Map());
  for (std::size_t i = 0; i < members.size() && checked.problems.empty(); ++i) {
    if (!checked.given[i]) continue;
    try {
      members[i].write(record, checked.values[i]);
    } catch (const Error& error) {  // what only the C++ type knows, as the reach of its integers
      checked.problems.push_back(std::string(members[i].name) + ": " + error.what());
    }
  }
  if (!checked.problems.empty()) throw Error(ErrorCode::invalid_argument, name + joined(checked.problems));
}

Value read_record(const void* record, std::span<const Member> members) {
  Map map;
  map.reserve(members.size());
  for (const Member& member : members) map.emplace_back(member.name, member.read(record));
  return map;
}

namespace {

std::string_view unit_of(FieldType type) noexcept {
  switch (type) {
    case FieldType::angle:
      return "deg";
    case FieldType::frequency:
      return "Hz";
    case FieldType::duration:
      return "s";
    default:
      return {};
  }
}

Field made_from(const Member& member, const void* defaults) {
  Field field;
  field.name = member.name;
  field.unit = member.options.unit;
  field.min = member.options.min;
  field.max = member.options.max;
  field.says = member.options.says;
  field.secret = member.options.secret;
  field.column = member.options.column;
  field.names = member.options.names;
  member.complete(field, defaults);
  const std::string_view unit = unit_of(field.type == FieldType::list ? field.element : field.type);
  if (!unit.empty()) field.unit = unit;
  field.required = member.options.required;
  if (field.required) field.default_value = {};
  return field;
}

}  // namespace

void complete_schema(Schema& schema, std::span<const Member> members, const void* defaults) {
  schema.fields.reserve(members.size());
  for (const Member& member : members) schema.fields.push_back(made_from(member, defaults));
}

}  // namespace detail

}  // namespace astro
