// SPDX-License-Identifier: BSD-3-Clause
#include "description_value.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "astro/error.hpp"
#include "astro/record.hpp"

namespace astro {

template <>
struct Description<AxisRange> {
  static constexpr std::array fields{field<&AxisRange::from>("from"), field<&AxisRange::to>("to")};
};

template <>
struct Description<AxisRates> {
  static constexpr std::array fields{field<&AxisRates::first>("first"), field<&AxisRates::second>("second")};
};

template <>
struct Description<MountDescription> {
  using M = MountDescription;
  static constexpr std::array fields{field<&M::geometry>("geometry"),     field<&M::first>("first"),
                                     field<&M::second>("second"),         field<&M::fastest>("fastest"),
                                     field<&M::braking>("braking"),       field<&M::parks_at>("parks_at"),
                                     field<&M::accuracy>("accuracy"),     field<&M::rates>("rates"),
                                     field<&M::parks>("parks"),           field<&M::homes>("homes"),
                                     field<&M::follows>("follows"),       field<&M::self_tracking>("self_tracking"),
                                     field<&M::poll_every>("poll_every"), field<&M::hook_bound>("hook_bound"),
                                     field<&M::open_bound>("open_bound")};
};

namespace detail {

namespace {

constexpr FieldType last_type = FieldType::any;
const Value& member(const Value& map, std::string_view key) {
  static const Value nothing;
  const Value* found = map.find(key);
  return found == nullptr ? nothing : *found;
}

std::string text_in(const Value& map, std::string_view key) {
  const Value& value = member(map, key);
  return value.is_null() ? std::string() : value.as_text();
}

bool flag_in(const Value& map, std::string_view key) {
  const Value& value = member(map, key);
  return !value.is_null() && value.as_bool();
}

double number_in(const Value& map, std::string_view key, double otherwise) {
  const Value& value = member(map, key);
  return value.is_null() ? otherwise : value.as_number();
}

Duration duration_in(const Value& map, std::string_view key, Duration otherwise) {
  return from_seconds(number_in(map, key, seconds(otherwise)));
}

std::vector<std::string> texts_in(const Value& map, std::string_view key) {
  std::vector<std::string> texts;
  const Value& value = member(map, key);
  if (value.is_null()) return texts;
  for (const Value& text : value.as_list()) texts.push_back(text.as_text());
  return texts;
}

FieldType type_in(const Value& map, std::string_view key, FieldType otherwise) {
  const std::string name = text_in(map, key);
  if (name.empty()) return otherwise;
  for (auto type = FieldType::boolean; type <= last_type; type = static_cast<FieldType>(static_cast<int>(type) + 1)) {
    if (to_string(type) == name) return type;
  }
  throw Error(ErrorCode::invalid_argument, "reading a description: \"" + name + "\" is no type of a field");
}

Dtype dtype_in(const Value& map, std::string_view key, Dtype otherwise) {
  const std::string name = text_in(map, key);
  if (name.empty()) return otherwise;
  if (const auto dtype = parse_dtype(name)) return *dtype;
  throw Error(ErrorCode::invalid_argument, "reading a description: \"" + name + "\" is no dtype");
}

}  // namespace

Value value_of(const Field& field) {
  Value told;
  told.set("name", field.name).set("type", to_string(field.type));
  if (!field.unit.empty()) told.set("unit", field.unit);
  if (std::isfinite(field.min)) told.set("min", field.min);
  if (std::isfinite(field.max)) told.set("max", field.max);
  if (!field.default_value.is_null() && !field.secret) told.set("default", field.default_value);
  if (!field.says.empty()) told.set("says", field.says);
  if (field.required) told.set("required", true);
  if (field.nullable) told.set("nullable", true);
  if (field.secret) told.set("secret", true);
  if (!field.names.empty()) told.set("names", field.names);
  if (field.element != FieldType::any) told.set("element", to_string(field.element));
  if (field.length != 0) told.set("length", static_cast<std::int64_t>(field.length));
  if (field.type == FieldType::array) told.set("dtype", to_string(field.dtype));
  if (!field.choices.empty()) told.set("choices", List(field.choices.begin(), field.choices.end()));
  if (!field.type_name.empty()) told.set("type_name", field.type_name);
  if (!field.members.empty()) told.set("members", value_of(field.members));
  return told;
}

Value value_of(const std::vector<Field>& fields) {
  List list;
  for (const Field& field : fields) list.push_back(value_of(field));
  return list;
}

Field field_of(const Value& value) {
  Field field;
  field.name = text_in(value, "name");
  if (field.name.empty()) throw Error(ErrorCode::invalid_argument, "reading a description: a field has no name");
  field.type = type_in(value, "type", FieldType::any);
  field.unit = text_in(value, "unit");
  field.min = number_in(value, "min", field.min);
  field.max = number_in(value, "max", field.max);
  field.default_value = member(value, "default");
  field.says = text_in(value, "says");
  field.required = flag_in(value, "required");
  field.nullable = flag_in(value, "nullable");
  field.secret = flag_in(value, "secret");
  field.names = text_in(value, "names");
  field.element = type_in(value, "element", FieldType::any);
  field.length = static_cast<std::size_t>(std::max(0.0, number_in(value, "length", 0.0)));
  field.dtype = dtype_in(value, "dtype", Dtype::f64);
  field.choices = texts_in(value, "choices");
  field.type_name = text_in(value, "type_name");
  field.members = fields_of(member(value, "members"));
  return field;
}

std::vector<Field> fields_of(const Value& value) {
  std::vector<Field> fields;
  if (value.is_null()) return fields;
  for (const Value& one : value.as_list()) fields.push_back(field_of(one));
  return fields;
}

Value value_of(const CommandDescription& command) {
  Value told;
  told.set("name", command.name).set("says", command.says).set("parameters", value_of(command.parameters));
  if (command.expected != Duration::zero()) told.set("expected", seconds(command.expected));
  return told;
}

CommandDescription command_of(const Value& value) {
  return {text_in(value, "name"), text_in(value, "says"), fields_of(member(value, "parameters")),
          duration_in(value, "expected", {})};
}

Value value_of(const MountDescription& mount) { return to_value(mount); }
MountDescription mount_of(const Value& value) { return from_value<MountDescription>(value); }

Value value_of(const ReceiverDescription& receiver) {
  Value told;
  told.set("lowest", receiver.lowest.hertz()).set("highest", receiver.highest.hertz());
  told.set("slowest", receiver.slowest.hertz()).set("fastest", receiver.fastest.hertz());
  told.set("min_gain", receiver.min_gain_db).set("max_gain", receiver.max_gain_db);
  told.set("antennas", List(receiver.antennas.begin(), receiver.antennas.end()));
  told.set("options", value_of(receiver.options));
  told.set("hook_bound", seconds(receiver.hook_bound)).set("open_bound", seconds(receiver.open_bound));
  return told;
}

ReceiverDescription receiver_of(const Value& value) {
  ReceiverDescription made;
  made.lowest = hertz(number_in(value, "lowest", made.lowest.hertz()));
  made.highest = hertz(number_in(value, "highest", made.highest.hertz()));
  made.slowest = hertz(number_in(value, "slowest", made.slowest.hertz()));
  made.fastest = hertz(number_in(value, "fastest", made.fastest.hertz()));
  made.min_gain_db = number_in(value, "min_gain", made.min_gain_db);
  made.max_gain_db = number_in(value, "max_gain", made.max_gain_db);
  made.antennas = texts_in(value, "antennas");
  made.options = fields_of(member(value, "options"));
  made.hook_bound = duration_in(value, "hook_bound", made.hook_bound);
  made.open_bound = duration_in(value, "open_bound", made.open_bound);
  return made;
}

Value value_of(const ControllerDescription& controller) {
  Value told;
  List commands;
  for (const CommandDescription& command : controller.commands) commands.push_back(value_of(command));
  told.set("points", value_of(controller.points)).set("commands", std::move(commands));
  if (!controller.hears.empty()) told.set("hears", List(controller.hears.begin(), controller.hears.end()));
  told.set("poll_every", seconds(controller.poll_every));
  told.set("hook_bound", seconds(controller.hook_bound)).set("open_bound", seconds(controller.open_bound));
  return told;
}

ControllerDescription controller_of(const Value& value) {
  ControllerDescription made;
  made.points = fields_of(member(value, "points"));
  if (const Value& commands = member(value, "commands"); !commands.is_null()) {
    for (const Value& command : commands.as_list()) made.commands.push_back(command_of(command));
  }
  if (const Value* hears = value.find("hears"); hears != nullptr && !hears->is_null()) {
    for (const Value& id : hears->as_list()) made.hears.push_back(id.as_text());
  }
  made.poll_every = duration_in(value, "poll_every", made.poll_every);
  made.hook_bound = duration_in(value, "hook_bound", made.hook_bound);
  made.open_bound = duration_in(value, "open_bound", made.open_bound);
  return made;
}

Value value_of(const StreamSettings& settings) {
  Value told;
  List shape;
  for (const std::size_t length : settings.item_shape) shape.emplace_back(static_cast<std::int64_t>(length));
  told.set("tuning", to_value(settings.tuning)).set("dtype", to_string(settings.dtype));
  told.set("item_shape", std::move(shape)).set("item_period", seconds(settings.item_period));
  told.set("recorded", settings.recorded);
  return told;
}

StreamSettings settings_of(const Value& value) {
  const auto member = [&](const char* key) -> const Value& {
    const Value* found = value.find(key);
    if (found == nullptr)
      throw Error(ErrorCode::invalid_argument, std::string("reading how items look: there is no ") + key);
    return *found;
  };
  StreamSettings made;
  made.tuning = from_value<Tuning>(member("tuning"));
  const auto dtype = parse_dtype(member("dtype").as_text());
  if (!dtype) {
    throw Error(ErrorCode::invalid_argument,
                "reading how items look: \"" + member("dtype").as_text() + "\" is no dtype");
  }
  made.dtype = *dtype;
  for (const Value& length : member("item_shape").as_list()) {
    made.item_shape.push_back(static_cast<std::size_t>(std::max<std::int64_t>(0, length.as_integer())));
  }
  made.item_period = from_seconds(member("item_period").as_number());
  made.recorded = member("recorded").as_bool();
  return made;
}

}  // namespace detail
}  // namespace astro
