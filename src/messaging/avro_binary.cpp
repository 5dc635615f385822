// SPDX-License-Identifier: BSD-3-Clause
#include "messaging/avro_binary.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>

#include "astro/error.hpp"
#include "messaging/avro_names.hpp"
#include "validation.hpp"

namespace astro::messaging::avro {

static_assert(std::endian::native == std::endian::little, "numbers are copied as they are");

namespace {

class Writer {
 public:
  Bytes bytes{};

  void record(const std::vector<Field>& fields, const Value& record) {
    const Map& map = record.as_map();
    for (std::size_t i = 0; i < fields.size(); ++i) {
      // A canonical record has them in this order.
      const bool is_in_place = i < map.size() && map[i].first == fields[i].name;
      const Value* value = is_in_place ? &map[i].second : record.find(fields[i].name);
      field(fields[i], value != nullptr ? *value : fields[i].default_value);
    }
  }

  void record(const std::vector<Field>& fields, const void* record, std::span<const Member> members) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const bool is_nested = fields[i].type == FieldType::record || fields[i].type == FieldType::list;
      if (is_nested) field(fields[i], members[i].read(record));
      else cell(fields[i], members[i].cell(record));
    }
  }

 private:
  void field(const Field& field, const Value& value) {
    if (field.nullable) number(value.is_null() ? 0 : 1);
    if (!field.nullable || !value.is_null()) plain(field, value);
  }

  void cell(const Field& field, const Cell& cell) {
    if (field.nullable) number(cell.index() == 0 ? 0 : 1);
    if (const auto* text = std::get_if<std::string_view>(&cell)) {
      if (field.type == FieldType::choice) number(std::ranges::find(field.choices, *text) - field.choices.begin());
      else sized(*text);
    } else if (const auto* integer = std::get_if<std::int64_t>(&cell)) {
      number(field.type == FieldType::time ? milliseconds_of(Time(Duration(*integer))) : *integer);
    } else if (const auto* real = std::get_if<double>(&cell)) {
      raw(real, sizeof *real);
    } else if (const auto* truth = std::get_if<bool>(&cell)) {
      bytes.push_back(*truth ? std::byte{1} : std::byte{0});
    } else if (const auto* content = std::get_if<std::span<const std::byte>>(&cell)) {
      sized(*content);
    } else if (const auto* json = std::get_if<std::string>(&cell)) {
      sized(*json);
    }
  }

  static std::int64_t milliseconds_of(Time time) {
    return std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
  }

  void plain(const Field& field, const Value& value) {
    switch (field.type) {
      case FieldType::boolean:
        return bytes.push_back(value.as_bool() ? std::byte{1} : std::byte{0});
      case FieldType::integer:
        return number(value.as_integer());
      case FieldType::number:
      case FieldType::angle:
      case FieldType::frequency:
      case FieldType::duration: {
        const double real = value.as_number();
        return raw(&real, sizeof real);
      }
      case FieldType::time:
        return number(milliseconds_of(value.as_time()));
      case FieldType::text:
        return sized(value.as_text());
      case FieldType::any:
        return sized(to_json(value));
      case FieldType::bytes:
        return sized(value.as_bytes());
      case FieldType::array:
        return sized(value.as_array().bytes);
      case FieldType::choice:
        return number(std::ranges::find(field.choices, value.as_text()) - field.choices.begin());
      case FieldType::record:
        return record(field.members, value);
      case FieldType::list:
        return list(element_of(field), value.as_list());
    }
  }

  void list(const Field& element, const List& all) {
    if (!all.empty()) number(static_cast<std::int64_t>(all.size()));
    for (const Value& each : all) field(element, each);
    number(0);
  }

  /// Zigzag, seven bits a byte, the lowest first.
  void number(std::int64_t value) {
    auto rest = (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63);
    for (; rest > 0x7FU; rest >>= 7U) bytes.push_back(static_cast<std::byte>(rest | 0x80U));
    bytes.push_back(static_cast<std::byte>(rest));
  }
  template <class Sized>
  void sized(const Sized& content) {
    number(static_cast<std::int64_t>(content.size()));
    raw(content.data(), content.size());
  }
  void raw(const void* data, std::size_t size) {
    const auto* first = static_cast<const std::byte*>(data);
    bytes.insert(bytes.end(), first, first + size);
  }
};

class Reader {
 public:
  Reader(const Schema& schema, std::span<const std::byte> body) : schema_(schema), size_(body.size()), rest_(body) {}

  Value whole() {
    Value made = record(schema_.fields);
    refuse_rest();
    return made;
  }

  bool whole(void* record, std::span<const Member> members) {
    Value text_value{std::string()};
    for (std::size_t i = 0; i < members.size(); ++i) {
      const Field& field = schema_.fields[i];
      const bool is_null = field.nullable && !has_branch(field);
      if (is_null) {
        members[i].write(record, Value());
      } else if (field.type == FieldType::text && field.unit.empty()) {
        const auto content = sized();
        text_value.get_if<std::string>()->assign(reinterpret_cast<const char*>(content.data()), content.size());
        members[i].write(record, text_value);
      } else {
        Value canonical, read = plain(field);
        const bool is_canonical = is_canonical_as_read(field, read);
        if (!is_canonical && !bring_into_form(field, read, canonical).empty()) return false;
        members[i].write(record, is_canonical ? read : canonical);
      }
    }
    refuse_rest();
    return true;
  }

 private:
  void refuse_rest() const {
    if (!rest_.empty())
      throw Error(ErrorCode::invalid_file, "reading an Avro " + schema_.name + ": there are bytes behind its end");
  }

  static bool is_canonical_as_read(const Field& field, const Value& value) {
    if (field.type == FieldType::boolean || field.type == FieldType::choice) return true;
    if (const auto* real = value.get_if<double>())
      return std::isfinite(*real) && *real >= field.min && *real <= field.max && field.type != FieldType::duration;
    const auto* integer = value.get_if<std::int64_t>();
    return integer != nullptr && static_cast<double>(*integer) >= field.min &&
           static_cast<double>(*integer) <= field.max;
  }

  bool has_branch(const Field& field) {
    const std::int64_t branch = number();
    if (branch != 0 && branch != 1) fail(field.name + " has no branch " + std::to_string(branch));
    return branch == 1;
  }

  [[noreturn]] void fail(const std::string& why) const {
    throw Error(ErrorCode::invalid_file, "reading an Avro " + schema_.name + ": its " + std::to_string(size_) +
                                             " bytes do not fit the schema: " + why);
  }

  Value record(const std::vector<Field>& fields) {
    Map map;
    map.reserve(fields.size());
    for (const Field& each : fields) map.emplace_back(each.name, field(each));
    return map;
  }

  Value field(const Field& field) {
    if (field.nullable && !has_branch(field)) return {};
    return plain(field);
  }

  Value plain(const Field& field) {
    switch (field.type) {
      case FieldType::boolean: {
        const std::byte truth = take(1)[0];
        if (truth > std::byte{1}) fail(field.name + " is neither true nor false");
        return truth == std::byte{1};
      }
      case FieldType::integer:
        return number();
      case FieldType::number:
      case FieldType::angle:
      case FieldType::frequency:
      case FieldType::duration: {
        double real = 0;
        std::memcpy(&real, take(sizeof real).data(), sizeof real);
        return real;
      }
      case FieldType::time: {
        Value time = time_of(number());
        if (time.is_null()) fail(field.name + " is too far from 1970");
        return time;
      }
      case FieldType::text:
        return text();
      case FieldType::any:
        return parse_json(text());
      case FieldType::bytes: {
        const auto content = sized();
        return Bytes(content.begin(), content.end());
      }
      case FieldType::array: {
        const auto content = sized();
        return Array{.dtype = field.dtype,
                     .shape = {content.size() / size_of(field.dtype)},
                     .bytes = Bytes(content.begin(), content.end())};
      }
      case FieldType::choice: {
        const std::int64_t symbol = number();
        if (symbol < 0 || symbol >= static_cast<std::int64_t>(field.choices.size()))
          fail(field.name + " has no symbol " + std::to_string(symbol));
        return std::string(field.choices[static_cast<std::size_t>(symbol)]);
      }
      case FieldType::record:
        return record(field.members);
      case FieldType::list:
        return list(element_of(field));
    }
    fail("an unknown type");
  }

  /// In blocks: their count, and where it is negative their size, too.
  Value list(const Field& element) {
    List all;
    for (std::int64_t count = number(); count != 0; count = number()) {
      if (count < 0) number();
      const std::uint64_t many = count < 0 ? 0 - static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
      if (many > rest_.size()) fail("a list is longer than they are");
      for (std::uint64_t i = 0; i < many; ++i) all.push_back(field(element));
    }
    return all;
  }

  std::int64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto next = std::to_integer<std::uint64_t>(take(1)[0]);
      value |= (next & 0x7FU) << shift;
      if (next < 0x80U) return static_cast<std::int64_t>(value >> 1U) ^ -static_cast<std::int64_t>(value & 1U);
    }
    fail("a number has more than ten bytes");
  }
  std::string text() {
    const auto content = sized();
    return {reinterpret_cast<const char*>(content.data()), content.size()};
  }
  std::span<const std::byte> sized() {
    const std::int64_t size = number();
    if (size < 0) fail("a length is negative");
    return take(static_cast<std::uint64_t>(size));
  }
  std::span<const std::byte> take(std::uint64_t size) {
    if (size > rest_.size()) fail("they end too early");
    const auto taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }

  const Schema& schema_;
  std::size_t size_;
  std::span<const std::byte> rest_;
};

}  // namespace

Bytes written(const Schema& schema, const Value& record) {
  Writer writer;
  writer.record(schema.fields, record);
  return std::move(writer.bytes);
}

Bytes written(const Schema& schema, const void* record, std::span<const Member> members) {
  Writer writer;
  writer.bytes.reserve(256);
  writer.record(schema.fields, record, members);
  return std::move(writer.bytes);
}

Value read(const Schema& schema, std::span<const std::byte> body) { return Reader(schema, body).whole(); }

bool read(const Schema& schema, std::span<const std::byte> body, void* record, std::span<const Member> members) {
  return Reader(schema, body).whole(record, members);
}

Value time_of(std::int64_t milliseconds) {
  constexpr std::int64_t farthest = std::numeric_limits<std::int64_t>::max() / 1'000'000;
  if (milliseconds > farthest || milliseconds < -farthest) return {};
  return Time(std::chrono::milliseconds(milliseconds));
}

}  // namespace astro::messaging::avro
