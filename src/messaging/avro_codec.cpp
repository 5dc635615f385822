// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <map>
#include <set>

#include "astro/error.hpp"
#include "astro/messaging/avro.hpp"
#include "messaging/avro_binary.hpp"
#include "messaging/avro_library.hpp"
#include "messaging/avro_names.hpp"
#include "validation.hpp"

namespace astro::messaging {

namespace {

constexpr int deepest = 64;

[[noreturn]] void fail(const Schema& schema, const std::string& why) {
  throw Error(ErrorCode::invalid_file, "reading an Avro " + schema.name + ": " + why);
}

// Whatever somebody wrote, by their schema.

Value taken(const avro_value_t* from);

Bytes copied(const void* data, std::size_t size) {
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
      return copied(data, size);
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
      if (whole == nullptr) return written;
      if (Value time = avro::time_of(*whole); !time.is_null()) return time;
      return written;
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
      return copied(text->data(), text->size());
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
  /// What others write by, as it was read once; theirs are few. Under the lock of the library.
  std::map<std::string, avro::SchemaPtr> writers{};

  ~State() {
    const std::lock_guard lock(avro::library());
    writers.clear();
  }

  avro_schema_t writer(const std::string& writer_schema) {
    constexpr std::size_t most = 64;
    if (const auto known = writers.find(writer_schema); known != writers.end()) return known->second.get();
    Value parsed;
    try {
      parsed = parse_json(writer_schema);
    } catch (const Error& error) {
      fail(schema, std::string("the writer's schema is no JSON: ") + error.what());
    }
    WriterCheck{schema}(parsed);
    avro::SchemaPtr made = avro::read_schema(writer_schema);
    if (made == nullptr) fail(schema, "the writer's schema cannot be read: " + avro::last_error());
    if (writers.size() >= most) writers.clear();
    return writers.emplace(writer_schema, std::move(made)).first->second.get();
  }

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

  /// What `read` returns in its canonical form, which its fields' ranges allow.
  template <class Read>
  Value checked(Read read) const {
    try {
      return canonical(schema, read());
    } catch (const Error& error) {
      if (error.code() == ErrorCode::invalid_file) throw;
      fail(schema, error.what());
    }
  }
};

AvroCodec::AvroCodec(const Schema& schema) : state_(new State{.schema = schema, .text = avro_schema(schema)}) {}
AvroCodec::~AvroCodec() = default;
AvroCodec::AvroCodec(AvroCodec&&) noexcept = default;
AvroCodec& AvroCodec::operator=(AvroCodec&&) noexcept = default;

const Schema& AvroCodec::schema() const noexcept { return state_->schema; }
const std::string& AvroCodec::schema_text() const noexcept { return state_->text; }

Bytes AvroCodec::encode(const Value& record) const {
  return avro::written(state_->schema, canonical(state_->schema, record));
}

Bytes AvroCodec::encode(const void* record, const Schema& schema, std::span<const Member> members) const {
  refuse_another(schema);
  return avro::written(state_->schema, record, members);
}

bool AvroCodec::decode(std::span<const std::byte> body, void* record, const Schema& schema,
                       std::span<const Member> members) const {
  refuse_another(schema);
  try {
    return avro::read(state_->schema, body, record, members);
  } catch (const Error& error) {  // what only the C++ type knows
    if (error.code() != ErrorCode::invalid_argument) throw;
    return false;
  }
}

void AvroCodec::refuse_another(const Schema& schema) const {
  if (schema.name == state_->schema.name && schema.fields.size() == state_->schema.fields.size()) return;
  throw Error(ErrorCode::invalid_argument, "between a struct and Avro: the codec is of the record " +
                                               state_->schema.name + ", the struct is a " + schema.name);
}

Value AvroCodec::decode(std::span<const std::byte> body) const {
  return state_->checked([&] { return avro::read(state_->schema, body); });
}

Value AvroCodec::decode(std::span<const std::byte> body, const std::string& writer_schema) const {
  if (writer_schema == state_->text) return decode(body);
  Value written;
  {
    const std::lock_guard lock(avro::library());
    written = state_->read(state_->writer(writer_schema), body);
  }
  if (written.get_if<Map>() == nullptr) fail(state_->schema, "the writer's schema is no record");
  return state_->checked([&] { return resolved_record(state_->schema.fields, written); });
}

}  // namespace astro::messaging
