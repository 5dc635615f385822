// SPDX-License-Identifier: BSD-3-Clause
#include "validation.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "array_numbers.hpp"
#include "astro/coordinates.hpp"
#include "astro/error.hpp"
#include "base64.hpp"
#include "quantity.hpp"
#include "text.hpp"

namespace astro {

namespace {

/// The unit of a text that `parse_target` has to be able to read.
constexpr std::string_view target_unit = "target";

std::string list_of_names(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string expected(const Field& field) {
  switch (field.type) {
    case FieldType::boolean:
      return "true or false";
    case FieldType::integer:
      return "a whole number";
    case FieldType::number:
      return field.unit.empty() ? "a number" : "a number in " + field.unit;
    case FieldType::text:
      return field.unit == target_unit ? R"(a target such as "galactic 120 0" or "sun")" : "a text";
    case FieldType::angle:
      return R"(an angle such as "10.5 deg" or "1h30m")";
    case FieldType::frequency:
      return R"(a frequency such as "1420.4 MHz")";
    case FieldType::time:
      return R"(a time in UTC such as "2021-02-10T07:57:41Z")";
    case FieldType::duration:
      return R"(a duration such as "500 ms" or "2 min")";
    case FieldType::choice:
      return "one of " + list_of_names(field.choices);
    case FieldType::bytes:
      return "bytes, or their base64 text";
    case FieldType::array:
      return "a list of numbers that fit " + std::string(to_string(field.dtype));
    case FieldType::list: {
      const std::string length = field.length > 0 ? std::to_string(field.length) + " elements" : "elements";
      return "a list of " + length + ", each " + expected(element_of(field));
    }
    case FieldType::record:
      return "a map";
    case FieldType::any:
      return "any value";
  }
  return "another value";
}

/// The value as a message may show it: a secret never.
std::string shown(const Field& field, const Value& value) {
  if (field.secret) return "a secret " + std::string(type_name(value));
  if (const auto* text = value.get_if<std::string>()) return text::quoted(*text);
  const bool is_short = value.get_if<bool>() || value.get_if<std::int64_t>() || value.get_if<Time>();
  if (is_short) return to_json(value);
  if (const auto* number = value.get_if<double>()) return text::of(*number);
  if (value.is_null()) return "empty";
  return "a " + std::string(type_name(value));
}

std::string wrong_type(const Field& field, const Value& value) {
  return "expected " + expected(field) + ", is " + shown(field, value);
}

std::string out_of_range(const Field& field, double number) {
  const std::string unit = field.unit.empty() ? "" : ' ' + field.unit;
  std::string bounds;
  if (std::isinf(field.max)) bounds = "at least " + text::of(field.min) + unit;
  else if (std::isinf(field.min)) bounds = "at most " + text::of(field.max) + unit;
  else bounds = text::of(field.min) + " to " + text::of(field.max) + unit;
  return "must be " + bounds + (field.secret ? "" : ", is " + text::of(number) + unit);
}

std::string range_complaint(const Field& field, double number) {
  if (!std::isfinite(number)) return "must be a finite number" + (field.secret ? "" : ", is " + text::of(number));
  return number >= field.min && number <= field.max ? std::string() : out_of_range(field, number);
}

std::string read_number(const Field& field, const Value& value, Value& out) {
  double number = 0.0;
  if (const auto* integer = value.get_if<std::int64_t>()) {
    number = static_cast<double>(*integer);
  } else if (const auto* real = value.get_if<double>()) {
    number = *real;
  } else if (const auto* text = value.get_if<std::string>(); text != nullptr && !field.unit.empty()) {
    Quantity read = read_quantity(*text, field.unit);
    if (!read.complaint.empty()) return field.secret ? wrong_type(field, value) : std::move(read.complaint);
    number = read.value;
  } else {
    return wrong_type(field, value);
  }
  std::string problem = range_complaint(field, number);
  if (problem.empty() && field.type == FieldType::duration && std::abs(number) >= 9.2e9) {
    problem = "must be shorter than 292 years, is " + text::of(number) + " s";
  }
  out = number;
  return problem;
}

/// 5.0 is as good a whole number as 5: some clients know no integers.
std::string read_integer(const Field& field, const Value& value, Value& out) {
  constexpr double exact = 9007199254740992.0;  // 2^53
  if (const auto* real = value.get_if<double>()) {
    if (!(std::abs(*real) <= exact) || std::floor(*real) != *real) return wrong_type(field, value);
    out = static_cast<std::int64_t>(*real);
  } else if (value.get_if<std::int64_t>() != nullptr) {
    out = value;
  } else if (const auto* text = value.get_if<std::string>(); text != nullptr && !field.unit.empty()) {
    Value number;  // "9600 Bd"
    if (std::string problem = read_number(field, value, number); !problem.empty()) return problem;
    return read_integer(field, number, out);
  } else {
    return wrong_type(field, value);
  }
  return range_complaint(field, out.as_number());
}

std::string read_time(const Field& field, const Value& value, Value& out) {
  if (value.get_if<Time>() != nullptr) return out = value, std::string();
  const auto* text = value.get_if<std::string>();
  if (text == nullptr) return wrong_type(field, value);
  try {
    out = parse_time(*text);
    return {};
  } catch (const Error&) {
    return wrong_type(field, value);
  }
}

std::string read_text(const Field& field, const Value& value, Value& out) {
  const auto* text = value.get_if<std::string>();
  if (text == nullptr) return wrong_type(field, value);
  out = value;
  if (field.unit != target_unit || text->empty()) return {};
  try {
    parse_target(*text);
    return {};
  } catch (const Error& error) {
    return error.what();
  }
}

std::string read_choice(const Field& field, const Value& value, Value& out) {
  const auto* text = value.get_if<std::string>();
  if (text == nullptr) return wrong_type(field, value);
  if (std::ranges::find(field.choices, *text) != field.choices.end()) return out = value, std::string();
  const std::string near = field.secret ? "" : nearest(*text, field.choices);
  return wrong_type(field, value) + (near.empty() ? "" : "; did you mean " + near + '?');
}

std::string read_bytes(const Field& field, const Value& value, Value& out) {
  if (value.get_if<Bytes>() != nullptr) return out = value, std::string();
  const auto* text = value.get_if<std::string>();
  auto bytes = text != nullptr ? read_base64(*text) : std::nullopt;
  if (!bytes) return wrong_type(field, value);
  out = std::move(*bytes);
  return {};
}

std::string array_range_complaint(const Field& field, const Array& array) {
  if (std::isinf(field.min) && std::isinf(field.max)) return {};
  const std::size_t count = array.bytes.size() / size_of(array.dtype);
  for (std::size_t i = 0; i < count; ++i) {
    const double number = number_at(array, i);
    if (number < field.min || number > field.max) {
      return "element " + std::to_string(i) + ' ' + out_of_range(field, number);
    }
  }
  return {};
}

std::string read_array(const Field& field, const Value& value, Value& out) {
  if (const auto* array = value.get_if<Array>()) {
    if (array->dtype != field.dtype) {
      return "expected an array of " + std::string(to_string(field.dtype)) + ", is one of " +
             std::string(to_string(array->dtype));
    }
    if (!is_consistent(*array)) return "the array's shape does not fit its number of bytes";
    out = value;
    return array_range_complaint(field, *array);
  }
  const auto* list = value.get_if<List>();
  auto array = list != nullptr ? array_from(*list, field.dtype) : std::nullopt;
  if (!array) return wrong_type(field, value);
  std::string problem = array_range_complaint(field, *array);
  out = std::move(*array);
  return problem;
}

std::string read_list(const Field& field, const Value& value, Value& out) {
  List unpacked;
  const List* list = value.get_if<List>();
  if (const auto* array = value.get_if<Array>();
      array != nullptr && array->shape.size() == 1 && is_real(array->dtype) && is_consistent(*array)) {
    unpacked = list_from(*array);
    list = &unpacked;
  }
  if (list == nullptr) return wrong_type(field, value);
  if (field.length > 0 && list->size() != field.length) {
    return "expected " + std::to_string(field.length) + " elements, are " + std::to_string(list->size());
  }
  const Field element = element_of(field);
  List made(list->size());
  std::vector<std::string> problems;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string problem = bring_into_form(element, (*list)[i], made[i]);
    if (!problem.empty()) problems.push_back("element " + std::to_string(i) + ": " + problem);
  }
  out = std::move(made);
  return joined(problems);
}

std::string read_record(const Field& field, const Value& value, Value& out) {
  const auto* map = value.get_if<Map>();
  if (map == nullptr) return wrong_type(field, value);
  CheckedMap checked = check_map(field.members, *map);
  if (!checked.problems.empty()) return joined(checked.problems);
  out = filled(field.members, std::move(checked));
  return {};
}

template <class Alternative>
std::string read_as_it_is(const Field& field, const Value& value, Value& out) {
  if (value.get_if<Alternative>() == nullptr) return wrong_type(field, value);
  out = value;
  return {};
}

std::string unknown_key(std::string_view key, std::span<const Field> fields) {
  std::vector<std::string> names;
  for (const Field& field : fields) names.push_back(field.name);
  const std::string near = nearest(key, names);
  std::string problem = text::quoted(key) + " is not known here";
  if (!near.empty()) return problem + "; did you mean \"" + near + "\"?";
  return problem + (names.empty() ? "; nothing is expected" : "; known are " + list_of_names(names));
}

}  // namespace

Field element_of(const Field& list) {
  Field element = list;
  element.type = list.element;
  element.element = FieldType::any;
  element.length = 0;
  element.nullable = false;
  element.default_value = {};
  return element;
}

std::string bring_into_form(const Field& field, const Value& value, Value& canonical) {
  if (value.is_null() && (field.nullable || field.type == FieldType::any)) return canonical = Value(), std::string();
  switch (field.type) {
    case FieldType::boolean:
      return read_as_it_is<bool>(field, value, canonical);
    case FieldType::integer:
      return read_integer(field, value, canonical);
    case FieldType::text:
      return read_text(field, value, canonical);
    case FieldType::number:
    case FieldType::angle:
    case FieldType::frequency:
    case FieldType::duration:
      return read_number(field, value, canonical);
    case FieldType::time:
      return read_time(field, value, canonical);
    case FieldType::choice:
      return read_choice(field, value, canonical);
    case FieldType::bytes:
      return read_bytes(field, value, canonical);
    case FieldType::array:
      return read_array(field, value, canonical);
    case FieldType::list:
      return read_list(field, value, canonical);
    case FieldType::record:
      return read_record(field, value, canonical);
    case FieldType::any:
      return canonical = value, std::string();
  }
  return "the field has a type that this libastro does not know";
}

CheckedMap check_map(std::span<const Field> fields, const Map& map) {
  CheckedMap checked;
  checked.values.resize(fields.size());
  checked.given.resize(fields.size());
  for (const auto& [key, value] : map) {
    const auto found = std::ranges::find(fields, key, &Field::name);
    if (found == fields.end()) {
      checked.problems.push_back(unknown_key(key, fields));
      continue;
    }
    const auto index = static_cast<std::size_t>(std::distance(fields.begin(), found));
    if (checked.given[index]) checked.problems.push_back(key + ": stands there twice");
    checked.given[index] = true;
    const std::string problem = bring_into_form(*found, value, checked.values[index]);
    if (!problem.empty()) checked.problems.push_back(key + ": " + problem);
  }
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (!checked.given[i] && fields[i].required) {
      checked.problems.push_back(fields[i].name + ": is missing; expected " + expected(fields[i]));
    }
  }
  return checked;
}

std::string joined(const std::vector<std::string>& problems) {
  std::string text;
  for (const std::string& problem : problems) text += (text.empty() ? "" : "; ") + problem;
  return problems.size() < 2 ? text : std::to_string(problems.size()) + " problems: " + text;
}

Value filled(std::span<const Field> fields, CheckedMap checked) {
  Map map;
  map.reserve(fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    Value& value = checked.given[i] ? checked.values[i] : (checked.values[i] = fields[i].default_value);
    map.emplace_back(fields[i].name, std::move(value));
  }
  return map;
}

std::string complaint(const Field& field, const Value& value) {
  Value unused;
  return bring_into_form(field, value, unused);
}

Value canonical(const Field& field, const Value& value) {
  Value made;
  const std::string problem = bring_into_form(field, value, made);
  if (problem.empty()) return made;
  throw Error(ErrorCode::invalid_argument, field.name.empty() ? problem : field.name + ": " + problem);
}

Value canonical(const Schema& schema, const Value& map) {
  const Map* given = map.get_if<Map>();
  const std::string name = schema.name.empty() ? "" : schema.name + ": ";
  if (given == nullptr && !map.is_null()) {
    throw Error(ErrorCode::invalid_argument, name + "expected a map, is a " + std::string(type_name(map)));
  }
  CheckedMap checked = check_map(schema.fields, given != nullptr ? *given : Map());
  if (!checked.problems.empty()) throw Error(ErrorCode::invalid_argument, name + joined(checked.problems));
  return filled(schema.fields, std::move(checked));
}

}  // namespace astro
