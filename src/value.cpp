// SPDX-License-Identifier: BSD-3-Clause
#include "astro/value.hpp"

#include <algorithm>
#include <array>

#include "astro/error.hpp"

namespace astro {

namespace {

struct DtypeRow {
  std::string_view name;
  std::size_t bytes;
};
// In the order of the enumeration.
constexpr std::array<DtypeRow, 12> dtypes{{{"u8", 1},
                                           {"i8", 1},
                                           {"i16", 2},
                                           {"u16", 2},
                                           {"i32", 4},
                                           {"i64", 8},
                                           {"f32", 4},
                                           {"f64", 8},
                                           {"cu8", 2},
                                           {"ci8", 2},
                                           {"ci16", 4},
                                           {"cf32", 8}}};
static_assert(static_cast<std::size_t>(Dtype::cf32) + 1 == dtypes.size());

[[noreturn]] void throw_not(std::string_view asked, const Value& value) {
  throw Error(ErrorCode::invalid_argument, "expected " + std::string(asked) + ", is " + std::string(type_name(value)));
}

template <class T>
const T& get(const Value& value, std::string_view asked) {
  if (const T* found = value.get_if<T>()) return *found;
  throw_not(asked, value);
}

}  // namespace

std::size_t size_of(Dtype dtype) noexcept {
  const auto index = static_cast<std::size_t>(dtype);
  return index < dtypes.size() ? dtypes[index].bytes : 0;
}

std::string_view to_string(Dtype dtype) noexcept {
  const auto index = static_cast<std::size_t>(dtype);
  return index < dtypes.size() ? dtypes[index].name : "unknown";
}

std::optional<Dtype> parse_dtype(std::string_view text) noexcept {
  const auto found = std::ranges::find(dtypes, text, &DtypeRow::name);
  if (found == dtypes.end()) return std::nullopt;
  return static_cast<Dtype>(found - dtypes.begin());
}

std::string_view type_name(const Value& value) noexcept {
  constexpr std::array<std::string_view, std::variant_size_v<Value::Alternatives>> names{
      "null", "boolean", "integer", "number", "text", "time", "bytes", "array", "list", "map"};
  const std::size_t index = value.data().index();
  return index < names.size() ? names[index] : "null";
}

bool Value::as_bool() const { return get<bool>(*this, "a boolean"); }
std::int64_t Value::as_integer() const { return get<std::int64_t>(*this, "an integer"); }
double Value::as_number() const {
  if (const auto* integer = get_if<std::int64_t>()) return static_cast<double>(*integer);
  return get<double>(*this, "a number");
}
const std::string& Value::as_text() const { return get<std::string>(*this, "a text"); }
Time Value::as_time() const { return get<Time>(*this, "a time"); }
const Bytes& Value::as_bytes() const { return get<Bytes>(*this, "bytes"); }
const Array& Value::as_array() const { return get<Array>(*this, "an array"); }
const List& Value::as_list() const { return get<List>(*this, "a list"); }
const Map& Value::as_map() const { return get<Map>(*this, "a map"); }

const Value* Value::find(std::string_view key) const noexcept {
  const Map* map = get_if<Map>();
  if (map == nullptr) return nullptr;
  const auto found = std::ranges::find(*map, key, &Map::value_type::first);
  return found == map->end() ? nullptr : &found->second;
}

Value& Value::set(std::string_view key, Value value) {
  if (is_null()) data_ = Map();
  Map* map = get_if<Map>();
  if (map == nullptr) throw_not("a map in which to put \"" + std::string(key) + '"', *this);
  const auto found = std::ranges::find(*map, key, &Map::value_type::first);
  if (found == map->end()) map->emplace_back(key, std::move(value));
  else found->second = std::move(value);
  return *this;
}

}  // namespace astro
