// SPDX-License-Identifier: BSD-3-Clause
#include "files/avro_type.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "astro/error.hpp"

namespace astro::files {
namespace {

constexpr int deepest_type = 32;

[[noreturn]] void no_avro(const std::string& why) { throw Error(ErrorCode::invalid_file, "reading Avro: " + why); }

[[noreturn]] void not_of_type(const std::string& type, const Value& value, const std::string& place) {
  throw Error(ErrorCode::invalid_argument, "writing Avro: the schema has " + type +
                                               (place.empty() ? std::string() : " for " + place) + ", the value is a " +
                                               std::string(type_name(value)));
}

const std::string& text_of(const Value& schema, const char* key) {
  const Value* found = schema.find(key);
  if (found == nullptr || found->get_if<std::string>() == nullptr)
    no_avro(std::string("a type of the schema has no ") + key);
  return found->as_text();
}

std::string full_name(const std::string& name, const std::string& space) {
  return space.empty() || name.find('.') != std::string::npos ? name : space + "." + name;
}

std::string space_of(const std::string& name) {
  const std::size_t dot = name.rfind('.');
  return dot == std::string::npos ? std::string() : name.substr(0, dot);
}

/// Little endian, as Avro has it and every machine that this runs on.
template <class T>
T number_from(std::span<const std::byte>& from) {
  static_assert(std::endian::native == std::endian::little);
  T made{};
  std::memcpy(&made, take_bytes(from, sizeof(T)).data(), sizeof(T));
  return made;
}

template <class T>
void put_number(T number, Bytes& to) {
  const auto* first = reinterpret_cast<const std::byte*>(&number);
  to.insert(to.end(), first, first + sizeof(T));
}

void put_text(const std::string& text, Bytes& to) {
  write_avro_long(static_cast<std::int64_t>(text.size()), to);
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  to.insert(to.end(), first, first + text.size());
}

std::string text_from(std::span<const std::byte>& from) {
  const std::span<const std::byte> bytes = take_bytes(from, read_avro_long(from));
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

std::span<const std::byte> take_bytes(std::span<const std::byte>& from, std::int64_t count) {
  if (count < 0 || static_cast<std::uint64_t>(count) > from.size()) {
    no_avro("it is cut off: " + std::to_string(count) + " bytes were expected where " + std::to_string(from.size()) +
            " are left");
  }
  const std::span<const std::byte> taken = from.first(static_cast<std::size_t>(count));
  from = from.subspan(static_cast<std::size_t>(count));
  return taken;
}

std::int64_t read_avro_long(std::span<const std::byte>& from) {
  std::uint64_t bits = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const auto byte = std::to_integer<std::uint64_t>(take_bytes(from, 1)[0]);
    bits |= (byte & 0x7FU) << static_cast<unsigned>(shift);
    if ((byte & 0x80U) == 0) return static_cast<std::int64_t>((bits >> 1U) ^ (~(bits & 1U) + 1U));
  }
  no_avro("a number has no end");
}

void write_avro_long(std::int64_t value, Bytes& to) {
  auto bits = (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63);
  for (; bits >= 0x80U; bits >>= 7U) to.push_back(static_cast<std::byte>((bits & 0x7FU) | 0x80U));
  to.push_back(static_cast<std::byte>(bits));
}

AvroType AvroType::of_schema(const std::string& json) {
  Named known;
  try {
    return *made(parse_json(json), known, {}, 0);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::invalid_file) throw;
    no_avro(std::string("its schema cannot be read: ") + error.what());
  }
}

std::shared_ptr<const AvroType> AvroType::made(const Value& schema, Named& known, const std::string& space, int depth) {
  if (depth > deepest_type) no_avro("its schema is nested too deeply");
  AvroType type;
  if (const auto* branches = schema.get_if<List>()) {
    type.kind_ = Kind::variant;
    type.name_ = "one of several types";
    for (const Value& branch : *branches) type.parts_.push_back(made(branch, known, space, depth + 1));
    if (type.parts_.empty()) no_avro("a union of its schema has no type");
    return std::make_shared<const AvroType>(std::move(type));
  }
  if (schema.get_if<std::string>() == nullptr) {
    const Value* kind = schema.find("type");
    if (kind == nullptr) no_avro("a part of its schema has no type");
    if (kind->get_if<std::string>() == nullptr) return made(*kind, known, space, depth + 1);
    return made_named(schema, kind->as_text(), known, space, depth);
  }
  return made_named(schema, schema.as_text(), known, space, depth);
}

std::shared_ptr<const AvroType> AvroType::made_named(const Value& schema, const std::string& kind, Named& known,
                                                     const std::string& space, int depth) {
  static const std::map<std::string, Kind> kinds{
      {"null", Kind::null},    {"boolean", Kind::boolean}, {"int", Kind::whole},   {"long", Kind::whole},
      {"float", Kind::real32}, {"double", Kind::real64},   {"bytes", Kind::bytes}, {"string", Kind::text},
      {"fixed", Kind::fixed},  {"enum", Kind::choice},     {"array", Kind::list},  {"map", Kind::map},
      {"record", Kind::record}};
  const auto found = kinds.find(kind);
  if (found == kinds.end()) {
    const auto defined = known.find(full_name(kind, space));
    if (defined == known.end() || !defined->second)
      no_avro("its schema has the type " + kind + ", which it does not define before, or is within");
    return defined->second;
  }
  AvroType type;
  type.kind_ = found->second;
  type.name_ = kind;
  std::string name;
  if (type.kind_ == Kind::fixed || type.kind_ == Kind::choice || type.kind_ == Kind::record) {
    const Value* own = schema.find("namespace");
    name = full_name(text_of(schema, "name"),
                     own != nullptr && own->get_if<std::string>() != nullptr ? own->as_text() : space);
    type.name_ += " " + name;
  }
  if (type.kind_ == Kind::fixed) {
    const Value* size = schema.find("size");
    if (size == nullptr || size->get_if<std::int64_t>() == nullptr || size->as_integer() < 0)
      no_avro("a fixed type of its schema has no size");
    type.size_ = static_cast<std::size_t>(size->as_integer());
  } else if (type.kind_ == Kind::choice) {
    const Value* symbols = schema.find("symbols");
    if (symbols == nullptr || symbols->get_if<List>() == nullptr) no_avro("an enum of its schema has no symbols");
    for (const Value& symbol : symbols->as_list()) type.labels_.push_back(symbol.as_text());
  } else if (type.kind_ == Kind::list || type.kind_ == Kind::map) {
    const Value* items = schema.find(type.kind_ == Kind::list ? "items" : "values");
    if (items == nullptr) no_avro("an array or a map of its schema has no type in it");
    type.parts_.push_back(made(*items, known, space, depth + 1));
    if (type.kind_ == Kind::list && type.parts_[0]->least_bytes() == 0)
      no_avro("its schema has a list of what takes no bytes");
  } else if (type.kind_ == Kind::record) {
    const Value* fields = schema.find("fields");
    if (fields == nullptr || fields->get_if<List>() == nullptr) no_avro("a record of its schema has no fields");
    known[name] = nullptr;  // until it is whole: it cannot contain itself
    for (const Value& field : fields->as_list()) {
      type.labels_.push_back(text_of(field, "name"));
      const Value* of = field.find("type");
      if (of == nullptr) no_avro("the field " + type.labels_.back() + " of its schema has no type");
      type.parts_.push_back(made(*of, known, space_of(name), depth + 1));
    }
  }
  auto whole = std::make_shared<const AvroType>(std::move(type));
  if (!name.empty()) known[name] = whole;
  return whole;
}

/// What a value takes at least: a count of more than are left is a lie.
std::size_t AvroType::least_bytes() const {
  switch (kind_) {
    case Kind::null:
      return 0;
    case Kind::real32:
      return 4;
    case Kind::real64:
      return 8;
    case Kind::fixed:
      return size_;
    case Kind::record: {
      std::size_t sum = 0;
      for (const auto& part : parts_) sum += part->least_bytes();
      return sum;
    }
    default:
      return 1;
  }
}

Value AvroType::read(std::span<const std::byte>& from) const {
  switch (kind_) {
    case Kind::null:
      return {};
    case Kind::boolean:
      return std::to_integer<int>(take_bytes(from, 1)[0]) != 0;
    case Kind::whole:
      return read_avro_long(from);
    case Kind::real32:
      return static_cast<double>(number_from<float>(from));
    case Kind::real64:
      return number_from<double>(from);
    case Kind::text:
      return text_from(from);
    case Kind::bytes:
    case Kind::fixed: {
      const std::int64_t count = kind_ == Kind::fixed ? static_cast<std::int64_t>(size_) : read_avro_long(from);
      const std::span<const std::byte> bytes = take_bytes(from, count);
      return Bytes(bytes.begin(), bytes.end());
    }
    case Kind::choice: {
      const std::int64_t symbol = read_avro_long(from);
      if (symbol < 0 || static_cast<std::uint64_t>(symbol) >= labels_.size())
        no_avro("a value is none of the symbols of the " + name_);
      return labels_[static_cast<std::size_t>(symbol)];
    }
    case Kind::variant: {
      const std::int64_t branch = read_avro_long(from);
      if (branch < 0 || static_cast<std::uint64_t>(branch) >= parts_.size())
        no_avro("a value is of none of the types of a union");
      return parts_[static_cast<std::size_t>(branch)]->read(from);
    }
    case Kind::record: {
      Map map;
      for (std::size_t i = 0; i < parts_.size(); ++i) map.emplace_back(labels_[i], parts_[i]->read(from));
      return map;
    }
    default:
      return read_items(from);
  }
}

Value AvroType::read_items(std::span<const std::byte>& from) const {
  List list;
  Map map;
  while (true) {
    std::int64_t count = read_avro_long(from);
    if (count == 0) break;
    if (count == std::numeric_limits<std::int64_t>::min()) no_avro("a list has an impossible length");
    if (count < 0) {
      count = -count;
      read_avro_long(from);  // bytes of the block, for who passes it by
    }
    if (static_cast<std::uint64_t>(count) > from.size()) no_avro("a list is longer than what is there");
    for (; count > 0; --count) {
      if (kind_ == Kind::list) {
        list.push_back(parts_[0]->read(from));
      } else {
        std::string key = text_from(from);
        map.emplace_back(std::move(key), parts_[0]->read(from));
      }
    }
  }
  return kind_ == Kind::list ? Value(std::move(list)) : Value(std::move(map));
}

bool AvroType::takes(const Value& value) const {
  switch (kind_) {
    case Kind::null:
      return value.is_null();
    case Kind::boolean:
      return value.get_if<bool>() != nullptr;
    case Kind::whole:
      return value.get_if<std::int64_t>() != nullptr;
    case Kind::real32:
    case Kind::real64:
      return value.get_if<double>() != nullptr;
    case Kind::bytes:
    case Kind::fixed:
      return value.get_if<Bytes>() != nullptr;
    case Kind::text:
    case Kind::choice:
      return value.get_if<std::string>() != nullptr;
    case Kind::list:
      return value.get_if<List>() != nullptr;
    default:
      return value.get_if<Map>() != nullptr;
  }
}

void AvroType::write(const Value& value, Bytes& to) const {
  std::string place;
  put(value, to, place);
}

void AvroType::put(const Value& value, Bytes& to, std::string& place) const {
  if (kind_ == Kind::variant) {
    const auto branch =
        std::find_if(parts_.begin(), parts_.end(), [&](const auto& part) { return part->takes(value); });
    if (branch == parts_.end()) not_of_type(name_, value, place);
    write_avro_long(branch - parts_.begin(), to);
    return (*branch)->put(value, to, place);
  }
  const bool is_number = (kind_ == Kind::real32 || kind_ == Kind::real64) && value.get_if<std::int64_t>() != nullptr;
  if (!takes(value) && !is_number) not_of_type(name_, value, place);
  switch (kind_) {
    case Kind::null:
      return;
    case Kind::boolean:
      return to.push_back(std::byte{value.as_bool()});
    case Kind::whole:
      return write_avro_long(value.as_integer(), to);
    case Kind::real32:
      return put_number(static_cast<float>(value.as_number()), to);
    case Kind::real64:
      return put_number(value.as_number(), to);
    case Kind::text:
      return put_text(value.as_text(), to);
    case Kind::bytes:
    case Kind::fixed: {
      const Bytes& bytes = value.as_bytes();
      if (kind_ == Kind::fixed && bytes.size() != size_) not_of_type(name_, value, place);
      if (kind_ == Kind::bytes) write_avro_long(static_cast<std::int64_t>(bytes.size()), to);
      to.insert(to.end(), bytes.begin(), bytes.end());
      return;
    }
    case Kind::choice: {
      const auto symbol = std::find(labels_.begin(), labels_.end(), value.as_text());
      if (symbol == labels_.end()) not_of_type(name_, value, place);
      return write_avro_long(symbol - labels_.begin(), to);
    }
    case Kind::record:
      return put_record(value, to, place);
    default:
      return put_items(value, to, place);
  }
}

void AvroType::put_record(const Value& value, Bytes& to, std::string& place) const {
  const Map& map = value.as_map();
  for (const auto& [key, member] : map) {
    if (std::find(labels_.begin(), labels_.end(), key) == labels_.end()) {
      throw Error(ErrorCode::invalid_argument, "writing Avro: the " + name_ + " has no field " + key);
    }
  }
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const Value* member = value.find(labels_[i]);
    if (member == nullptr)
      throw Error(ErrorCode::invalid_argument, "writing Avro: the " + name_ + " wants a value for " + labels_[i]);
    const std::size_t outer = place.size();
    place += (place.empty() ? "" : ".") + labels_[i];
    parts_[i]->put(*member, to, place);
    place.resize(outer);
  }
}

void AvroType::put_items(const Value& value, Bytes& to, std::string& place) const {
  const bool is_list = kind_ == Kind::list;
  const std::size_t count = is_list ? value.as_list().size() : value.as_map().size();
  if (count > 0) write_avro_long(static_cast<std::int64_t>(count), to);
  for (std::size_t i = 0; i < count; ++i) {
    if (!is_list) put_text(value.as_map()[i].first, to);
    const std::size_t outer = place.size();
    place += "[" + (is_list ? std::to_string(i) : value.as_map()[i].first) + "]";
    parts_[0]->put(is_list ? value.as_list()[i] : value.as_map()[i].second, to, place);
    place.resize(outer);
  }
  write_avro_long(0, to);
}

}  // namespace astro::files
