// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <set>

#include "astro/error.hpp"
#include "astro/messaging/avro.hpp"
#include "messaging/avro_library.hpp"
#include "messaging/avro_names.hpp"

namespace astro::messaging {

namespace {

constexpr int deepest = 64;

[[noreturn]] void fail(const Schema& schema, const std::string& why) {
  throw Error(ErrorCode::invalid_file, "reading an Avro " + schema.name + ": " + why);
}

void check(int error) {
  if (error != 0) throw Error(ErrorCode::internal, "writing Avro: " + avro::last_error());
}

// From the canonical form.

void put(avro_value_t* into, const Field& field, const Value& value);

void put_record(avro_value_t* into, const std::vector<Field>& fields, const Value& record) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    avro_value_t member;
    check(avro_value_get_by_index(into, i, &member, nullptr));
    const Value* value = record.find(fields[i].name);
    put(&member, fields[i], value != nullptr ? *value : fields[i].default_value);
  }
}

void put_bytes(avro_value_t* into, const Bytes& bytes) {
  // Avro C takes no null pointer, and copies what it is given.
  static std::byte none{};
  check(avro_value_set_bytes(into, const_cast<std::byte*>(bytes.empty() ? &none : bytes.data()), bytes.size()));
}

/// With the zero at its end; one within it stays what it is.
void put_text(avro_value_t* into, const std::string& text) {
  check(avro_value_set_string_len(into, const_cast<char*>(text.c_str()), text.size() + 1));
}

void put_plain(avro_value_t* into, const Field& field, const Value& value) {
  switch (field.type) {
    case FieldType::boolean:
      return check(avro_value_set_boolean(into, value.as_bool() ? 1 : 0));
    case FieldType::integer:
      return check(avro_value_set_long(into, value.as_integer()));
    case FieldType::number:
    case FieldType::angle:
    case FieldType::frequency:
    case FieldType::duration:
      return check(avro_value_set_double(into, value.as_number()));
    case FieldType::time:
      return check(avro_value_set_long(
          into, std::chrono::floor<std::chrono::milliseconds>(value.as_time()).time_since_epoch().count()));
    case FieldType::text:
      return put_text(into, value.as_text());
    case FieldType::any:
      return put_text(into, to_json(value));
    case FieldType::bytes:
      return put_bytes(into, value.as_bytes());
    case FieldType::array:
      return put_bytes(into, value.as_array().bytes);
    case FieldType::choice: {
      const auto found = std::ranges::find(field.choices, value.as_text());
      return check(avro_value_set_enum(into, static_cast<int>(found - field.choices.begin())));
    }
    case FieldType::record:
      return put_record(into, field.members, value);
    case FieldType::list: {
      const Field element = element_of(field);
      for (const Value& each : value.as_list()) {
        avro_value_t added;
        check(avro_value_append(into, &added, nullptr));
        put(&added, element, each);
      }
      return;
    }
  }
}

void put(avro_value_t* into, const Field& field, const Value& value) {
  if (!field.nullable) return put_plain(into, field, value);
  avro_value_t branch;
  check(avro_value_set_branch(into, value.is_null() ? 0 : 1, &branch));
  if (value.is_null()) check(avro_value_set_null(&branch));
  else put_plain(&branch, field, value);
}

// Whatever somebody wrote, by their schema.

Value taken(const avro_value_t* from);

Bytes bytes_of(const void* data, std::size_t size) {
  const auto* first = static_cast<const std::byte*>(data);
  return {first, first + size};
}

Value taken_members(const avro_value_t* from) {
  std::size_t size = 0;
  avro_value_get_size(from, &size);
  Map map;
  for (std::size_t i = 0; i < size; ++i) {
    avro_value_t member;
    const char* name = nullptr;
    avro_value_get_by_index(from, i, &member, &name);
    map.emplace_back(name, taken(&member));
  }
  return map;
}

Value taken_text(const avro_value_t* from) {
  const char* text = nullptr;
  std::size_t size = 0;  // with the zero at its end
  avro_value_get_string(from, &text, &size);
  return std::string(text, size > 0 ? size - 1 : 0);
}

Value taken_number(const avro_value_t* from, avro_type_t type) {
  if (type == AVRO_INT32) {
    std::int32_t number = 0;
    avro_value_get_int(from, &number);
    return number;
  }
  if (type == AVRO_INT64) {
    std::int64_t number = 0;
    avro_value_get_long(from, &number);
    return number;
  }
  if (type == AVRO_FLOAT) {
    float number = 0;
    avro_value_get_float(from, &number);
    return static_cast<double>(number);
  }
  double number = 0;
  avro_value_get_double(from, &number);
  return number;
}

Value taken(const avro_value_t* from) {
  const avro_type_t type = avro_value_get_type(from);
  switch (type) {
    case AVRO_NULL:
      return {};
    case AVRO_BOOLEAN: {
      int truth = 0;
      avro_value_get_boolean(from, &truth);
      return truth != 0;
    }
    case AVRO_INT32:
    case AVRO_INT64:
    case AVRO_FLOAT:
    case AVRO_DOUBLE:
      return taken_number(from, type);
    case AVRO_STRING:
      return taken_text(from);
    case AVRO_BYTES:
    case AVRO_FIXED: {
      const void* data = nullptr;
      std::size_t size = 0;
      if (type == AVRO_BYTES) avro_value_get_bytes(from, &data, &size);
      else avro_value_get_fixed(from, &data, &size);
      return bytes_of(data, size);
    }
    case AVRO_ENUM: {
      int symbol = 0;
      avro_value_get_enum(from, &symbol);
      return avro_schema_enum_get(avro_value_get_schema(from), symbol);
    }
    case AVRO_UNION: {
      avro_value_t branch;
      if (avro_value_get_current_branch(from, &branch) != 0) return {};
      return taken(&branch);
    }
    case AVRO_ARRAY: {
      std::size_t size = 0;
      avro_value_get_size(from, &size);
      List list;
      for (std::size_t i = 0; i < size; ++i) {
        avro_value_t element;
        avro_value_get_by_index(from, i, &element, nullptr);
        list.push_back(taken(&element));
      }
      return list;
    }
    default:
      return taken_members(from);  // records and maps
  }
}

// What was written as what we expect.

Value resolved(const Field& field, const Value& written);

Value resolved_record(const std::vector<Field>& fields, const Value& written) {
  Value made = Map{};
  for (const Field& field : fields) {
    if (const Value* value = written.find(avro_name(field))) made.set(field.name, resolved(field, *value));
  }
  return made;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

Value resolved(const Field& field, const Value& written) {
  if (written.is_null()) return {};
  const auto* whole = written.get_if<std::int64_t>();
  const auto* text = written.get_if<std::string>();
  const auto* bytes = written.get_if<Bytes>();
  switch (field.type) {
    case FieldType::time:
      return whole != nullptr ? Value(Time(std::chrono::milliseconds(*whole))) : written;
    case FieldType::number:
    case FieldType::angle:
    case FieldType::frequency:
    case FieldType::duration:
      return whole != nullptr ? Value(static_cast<double>(*whole)) : written;
    case FieldType::text:
      if (bytes == nullptr) return written;
      return std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    case FieldType::bytes:
      if (text == nullptr) return written;
      return bytes_of(text->data(), text->size());
    case FieldType::array:
      if (bytes == nullptr) return written;
      return Array{.dtype = field.dtype, .shape = {bytes->size() / size_of(field.dtype)}, .bytes = *bytes};
    case FieldType::any:
      return text != nullptr ? parse_json(*text) : written;
    case FieldType::choice: {
      const bool is_known = text == nullptr || std::ranges::find(field.choices, *text) != field.choices.end();
      return is_known ? written : Value(lower(*text));
    }
    case FieldType::record:
      return resolved_record(field.members, written);
    case FieldType::list: {
      if (written.get_if<List>() == nullptr) return written;
      const Field element = element_of(field);
      List list;
      for (const Value& each : written.as_list()) list.push_back(resolved(element, each));
      return list;
    }
    default:
      return written;
  }
}

/// A schema that contains itself, or a list of what takes no bytes, would let a short message need any depth or
/// memory.
class WriterCheck {
 public:
  explicit WriterCheck(const Schema& schema) : schema_(schema) {}

  void operator()(const Value& type, int depth = 0) {
    if (depth > deepest) fail(schema_, "the writer's schema is nested too deeply");
    if (const auto* name = type.get_if<std::string>()) {
      if (open_.contains(*name)) fail(schema_, "the writer's schema contains itself, in " + *name);
      return;
    }
    if (const auto* branches = type.get_if<List>()) {
      for (const Value& branch : *branches) (*this)(branch, depth + 1);
      return;
    }
    const Value* kind = type.find("type");
    if (kind == nullptr) return;
    if (kind->get_if<std::string>() == nullptr) return (*this)(*kind, depth + 1);
    if (kind->as_text() == "record") return record(type, depth);
    for (const char* content : {"items", "values"}) {
      const Value* element = type.find(content);
      if (element == nullptr) continue;
      if (*element == Value("null")) fail(schema_, "the writer's schema has a list of nothing");
      (*this)(*element, depth + 1);
    }
  }

 private:
  void record(const Value& type, int depth) {
    const Value* name = type.find("name");
    const Value* fields = type.find("fields");
    if (name == nullptr || fields == nullptr || fields->get_if<List>() == nullptr) return;  // Avro C says what is wrong
    if (fields->as_list().empty()) fail(schema_, "the writer's schema has a record without fields");
    const std::string key = name->get_if<std::string>() != nullptr ? name->as_text() : std::string();
    open_.insert(key);
    for (const Value& field : fields->as_list()) {
      if (const Value* of_field = field.find("type")) (*this)(*of_field, depth + 1);
    }
    open_.erase(key);
  }

  const Schema& schema_;
  std::set<std::string> open_{};
};

}  // namespace

namespace {

/// Whether another byte can be read: of memory, Avro C does not say how far it is.
bool has_more(avro_reader_t reader) {
  const avro::SchemaPtr byte(avro_schema_boolean());
  avro::Generic next(byte.get());
  return avro_value_read(reader, next.get()) == 0;
}

}  // namespace

struct AvroCodec::State {
  Schema schema;
  std::string text;
  avro::SchemaPtr avro;

  Value read(avro_schema_t writer, std::span<const std::byte> body) const {
    avro::Generic generic(writer);
    const std::unique_ptr<std::remove_pointer_t<avro_reader_t>, void (*)(avro_reader_t)> reader(
        avro_reader_memory(reinterpret_cast<const char*>(body.data()), static_cast<std::int64_t>(body.size())),
        &avro_reader_free);
    if (avro_value_read(reader.get(), generic.get()) != 0) {
      fail(schema, "its " + std::to_string(body.size()) + " bytes do not fit the schema: " + avro::last_error());
    }
    if (has_more(reader.get())) fail(schema, "there are bytes behind its end");
    return taken(generic.get());
  }

  Value understood(const Value& written) const {
    try {
      return canonical(schema, resolved_record(schema.fields, written));
    } catch (const Error& error) {
      fail(schema, error.what());
    }
  }
};

AvroCodec::AvroCodec(const Schema& schema) : state_(std::make_unique<State>(schema, avro_schema(schema), nullptr)) {
  const std::lock_guard lock(avro::library());
  state_->avro = avro::read_schema(state_->text);
  if (state_->avro != nullptr) return;
  throw Error(ErrorCode::internal, "the Avro schema of " + schema.name + ": " + avro::last_error());
}

AvroCodec::~AvroCodec() {
  if (state_ == nullptr) return;
  const std::lock_guard lock(avro::library());
  state_->avro.reset();
}

AvroCodec::AvroCodec(AvroCodec&&) noexcept = default;
AvroCodec& AvroCodec::operator=(AvroCodec&&) noexcept = default;

const Schema& AvroCodec::schema() const noexcept { return state_->schema; }
const std::string& AvroCodec::schema_text() const noexcept { return state_->text; }

Bytes AvroCodec::encode(const Value& record) const {
  const Value whole = canonical(state_->schema, record);
  const std::lock_guard lock(avro::library());
  avro::Generic generic(state_->avro.get());
  put_record(generic.get(), state_->schema.fields, whole);
  std::size_t size = 0;
  check(avro_value_sizeof(generic.get(), &size));
  Bytes bytes(size);
  const std::unique_ptr<std::remove_pointer_t<avro_writer_t>, void (*)(avro_writer_t)> writer(
      avro_writer_memory(reinterpret_cast<const char*>(bytes.data()), static_cast<std::int64_t>(size)),
      &avro_writer_free);
  check(avro_value_write(writer.get(), generic.get()));
  return bytes;
}

Value AvroCodec::decode(std::span<const std::byte> body) const {
  Value written;
  {
    const std::lock_guard lock(avro::library());
    written = state_->read(state_->avro.get(), body);
  }
  return state_->understood(written);
}

Value AvroCodec::decode(std::span<const std::byte> body, const std::string& writer_schema) const {
  if (writer_schema == state_->text) return decode(body);
  Value parsed;
  try {
    parsed = parse_json(writer_schema);
  } catch (const Error& error) {
    fail(state_->schema, std::string("the writer's schema is no JSON: ") + error.what());
  }
  WriterCheck{state_->schema}(parsed);
  Value written;
  {
    const std::lock_guard lock(avro::library());
    const avro::SchemaPtr writer = avro::read_schema(writer_schema);
    if (writer == nullptr) fail(state_->schema, "the writer's schema cannot be read: " + avro::last_error());
    written = state_->read(writer.get(), body);
  }
  if (written.get_if<Map>() == nullptr) fail(state_->schema, "the writer's schema is no record");
  return state_->understood(written);
}

}  // namespace astro::messaging
