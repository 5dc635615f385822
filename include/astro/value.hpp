// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "astro/export.hpp"
#include "astro/time.hpp"

namespace astro {

using Bytes = std::vector<std::byte>;

/// The kind of a sample, a pixel or an array's element. The integers are little endian; `c*` are
/// pairs (real, imaginary) of what follows the c; `u8` stands for 127.5 at zero when it carries IQ.
enum class Dtype : std::uint8_t { u8, i8, i16, u16, i32, i64, f32, f64, cu8, ci8, ci16, cf32 };

ASTRO_API std::size_t size_of(Dtype dtype) noexcept;         ///< bytes of one element
ASTRO_API std::string_view to_string(Dtype dtype) noexcept;  ///< "cf32"
ASTRO_API std::optional<Dtype> parse_dtype(std::string_view text) noexcept;

/// An array of numbers with its shape, row-major; `bytes.size()` is the product of the shape times
/// `size_of(dtype)`.
struct Array {
  Dtype dtype = Dtype::f64;
  std::vector<std::size_t> shape{};
  Bytes bytes{};

  bool operator==(const Array&) const = default;
};

class Value;
using List = std::vector<Value>;
/// Keys in the order in which they were put.
using Map = std::vector<std::pair<std::string, Value>>;

/// Any value that a record, a command or a point can have: what YAML, JSON, SQL and Python share.
class Value {
 public:
  using Alternatives =
      std::variant<std::monostate, bool, std::int64_t, double, std::string, Time, Bytes, Array, List, Map>;

  Value() noexcept = default;  ///< null
  Value(std::nullptr_t) noexcept {}
  template <std::same_as<bool> T>
  Value(T value) noexcept : data_(value) {}
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  Value(T value) noexcept : data_(static_cast<std::int64_t>(value)) {}
  Value(double value) noexcept : data_(value) {}
  Value(const char* value) : data_(std::string(value)) {}
  Value(std::string_view value) : data_(std::string(value)) {}
  Value(std::string value) noexcept : data_(std::move(value)) {}
  Value(Time value) noexcept : data_(value) {}
  Value(Bytes value) noexcept : data_(std::move(value)) {}
  Value(Array value) noexcept : data_(std::move(value)) {}
  Value(List value) noexcept : data_(std::move(value)) {}
  Value(Map value) noexcept : data_(std::move(value)) {}

  bool is_null() const noexcept { return std::holds_alternative<std::monostate>(data_); }
  template <class T>
  const T* get_if() const noexcept {
    return std::get_if<T>(&data_);
  }
  template <class T>
  T* get_if() noexcept {
    return std::get_if<T>(&data_);
  }

  /// The value as the type that is asked for; an integer is accepted where a number is asked for.
  /// Throws `invalid_argument`, naming what it is instead.
  ASTRO_API bool as_bool() const;
  ASTRO_API std::int64_t as_integer() const;
  ASTRO_API double as_number() const;
  ASTRO_API const std::string& as_text() const;
  ASTRO_API Time as_time() const;
  ASTRO_API const Bytes& as_bytes() const;
  ASTRO_API const Array& as_array() const;
  ASTRO_API const List& as_list() const;
  ASTRO_API const Map& as_map() const;

  /// The member of a map by its key, or nullptr (also when this is no map).
  ASTRO_API const Value* find(std::string_view key) const noexcept;
  /// Puts or replaces a member of a map; a null value becomes a map first. Returns the map, so that
  /// one `set` can follow the other.
  ASTRO_API Value& set(std::string_view key, Value value);

  const Alternatives& data() const noexcept { return data_; }
  bool operator==(const Value&) const = default;

 private:
  Alternatives data_;
};

/// One value of a row without a copy, as stores and codecs read it: a time is nanoseconds since
/// 1970, a choice its name, bytes and arrays a view. Only what has no flat form (lists, records,
/// maps) owns its text, which is JSON.
using Cell =
    std::variant<std::monostate, bool, std::int64_t, double, std::string_view, std::span<const std::byte>, std::string>;

/// "text", "number", "map", ...: for messages.
ASTRO_API std::string_view type_name(const Value& value) noexcept;

/// JSON as RFC 8259: one line, keys in their order, times as ISO 8601 with Z, numbers that read
/// back to the same double, bytes as base64, an array as nested lists; a NaN or infinity as null.
ASTRO_API std::string to_json(const Value& value);

/// Reads one JSON text. Throws `invalid_argument` with line and column. Depth is bounded (64), and
/// a number that is no 64-bit integer is a double.
ASTRO_API Value parse_json(std::string_view text);

}  // namespace astro
