// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cctype>
#include <set>

#include "astro/error.hpp"
#include "astro/messaging/avro.hpp"
#include "messaging/avro_names.hpp"
#include "validation.hpp"

namespace astro::messaging {

namespace {

/// What a reader takes where the writer had no such field (Avro 1.11, "Complex Types: Records").
Value default_of(const Field& field, const Value& value);

Value default_of_record(const std::vector<Field>& fields, const Value& record) {
  Value made = Map{};
  for (const Field& field : fields) {
    const Value* member = record.find(field.name);
    made.set(avro_name(field), default_of(field, member != nullptr ? *member : field.default_value));
  }
  return made;
}

std::string latin1_of(const Bytes& bytes) {
  std::string text;
  for (const std::byte byte : bytes) {
    const auto code = std::to_integer<unsigned char>(byte);
    if (code < 0x80) text += static_cast<char>(code);
    else text += {static_cast<char>(0xC0 | (code >> 6)), static_cast<char>(0x80 | (code & 0x3F))};
  }
  return text;
}

Value default_of(const Field& field, const Value& value) {
  if (value.is_null()) return {};
  switch (field.type) {
    case FieldType::time:
      return std::chrono::floor<std::chrono::milliseconds>(value.as_time()).time_since_epoch().count();
    case FieldType::bytes:
      return latin1_of(value.as_bytes());
    case FieldType::array:
      return latin1_of(value.as_array().bytes);
    case FieldType::any:
      return to_json(value);
    case FieldType::record:
      return default_of_record(field.members, value);
    case FieldType::list: {
      List list;
      for (const Value& each : value.as_list()) list.push_back(default_of(element_of(field), each));
      return list;
    }
    default:
      return value;
  }
}

/// Writes the types of one schema; a named type is written where it comes first, and named afterwards.
class Writer {
 public:
  Value record(const std::string& name, const std::vector<Field>& fields) {
    if (name.empty()) {
      throw Error(ErrorCode::invalid_argument,
                  "making an Avro schema: the record has no name; give its description a `name`");
    }
    if (!named_.insert(name).second) return name;
    List members;
    for (const Field& field : fields) members.push_back(member(field));
    Value made;
    made.set("type", "record").set("name", name).set("fields", std::move(members));
    return made;
  }

 private:
  Value member(const Field& field) {
    Value made;
    made.set("name", avro_name(field));
    if (field.nullable) made.set("type", List{"null", type(field)});
    else made.set("type", type(field));
    if (!field.says.empty()) made.set("doc", field.says);
    if (!field.required) made.set("default", field.nullable ? Value() : default_of(field, field.default_value));
    return made;
  }

  Value type(const Field& field) {
    switch (field.type) {
      case FieldType::boolean:
        return "boolean";
      case FieldType::integer:
        return "long";
      case FieldType::number:
      case FieldType::angle:
      case FieldType::frequency:
      case FieldType::duration:
        return "double";
      case FieldType::time: {
        Value made;
        return made.set("type", "long").set("logicalType", "timestamp-millis");
      }
      case FieldType::text:
      case FieldType::any:
        return "string";
      case FieldType::bytes:
      case FieldType::array:
        return "bytes";
      case FieldType::choice:
        return choice(field);
      case FieldType::record:
        return record(type_name_of(field), field.members);
      case FieldType::list: {
        Value made;
        return made.set("type", "array").set("items", type(element_of(field)));
      }
    }
    return "string";
  }

  Value choice(const Field& field) {
    const std::string name = type_name_of(field);
    if (!named_.insert(name).second) return name;
    List symbols;
    for (const std::string& each : field.choices) symbols.emplace_back(each);
    Value made;
    return made.set("type", "enum").set("name", name).set("symbols", std::move(symbols));
  }

  std::set<std::string> named_{};
};

}  // namespace

std::string avro_name(const Field& field) { return field.column.empty() ? flat_name(field) : field.column; }

/// Of a type that nobody named: that of its field in capitals, "velocity_frame" is "VelocityFrame".
std::string type_name_of(const Field& field) {
  if (!field.type_name.empty()) return field.type_name;
  std::string name;
  bool begins = true;
  for (const char c : field.name) {
    if (c != '_') name += begins ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    begins = c == '_';
  }
  return name;
}

std::string avro_schema(const Schema& schema) { return to_json(Writer().record(schema.name, schema.fields)); }

}  // namespace astro::messaging
