// SPDX-License-Identifier: BSD-3-Clause
#include "array_numbers.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

namespace astro {

namespace {

/// Calls `use` with a value of the C++ type of a real dtype.
template <class Use>
auto with_type(Dtype dtype, Use use) {
  switch (dtype) {
    case Dtype::u8:
      return use(std::uint8_t{});
    case Dtype::i8:
      return use(std::int8_t{});
    case Dtype::i16:
      return use(std::int16_t{});
    case Dtype::u16:
      return use(std::uint16_t{});
    case Dtype::i32:
      return use(std::int32_t{});
    case Dtype::i64:
      return use(std::int64_t{});
    case Dtype::f32:
      return use(float{});
    default:
      return use(double{});
  }
}

template <class T>
std::optional<T> number_from(const Value& value) noexcept {
  if constexpr (std::is_integral_v<T>) {
    const auto* integer = value.get_if<std::int64_t>();
    if (integer == nullptr || !std::in_range<T>(*integer)) return std::nullopt;
    return static_cast<T>(*integer);
  } else {
    if (value.is_null()) return std::numeric_limits<T>::quiet_NaN();
    if (const auto* integer = value.get_if<std::int64_t>()) return static_cast<T>(*integer);
    const auto* real = value.get_if<double>();
    if (real == nullptr) return std::nullopt;
    const bool overflows = std::isfinite(*real) && std::abs(*real) > static_cast<double>(std::numeric_limits<T>::max());
    return overflows ? std::nullopt : std::optional(static_cast<T>(*real));
  }
}

template <class T>
bool append_numbers(const List& list, std::size_t axis, Array& array) {
  if (axis == array.shape.size()) array.shape.push_back(list.size());
  else if (array.shape[axis] != list.size()) return false;
  for (const Value& value : list) {
    if (const auto* inner = value.get_if<List>()) {
      // The first element ever decides how deep all are.
      if (!array.bytes.empty() && axis + 1 == array.shape.size()) return false;
      if (!append_numbers<T>(*inner, axis + 1, array)) return false;
      continue;
    }
    const auto number = number_from<T>(value);
    if (!number || axis + 1 != array.shape.size()) return false;
    const std::size_t end = array.bytes.size();
    array.bytes.resize(end + sizeof(T));
    std::memcpy(array.bytes.data() + end, &*number, sizeof(T));
  }
  return true;
}

}  // namespace

bool is_real(Dtype dtype) noexcept { return dtype <= Dtype::f64; }

bool is_consistent(const Array& array) noexcept {
  std::size_t bytes = size_of(array.dtype);
  for (const std::size_t extent : array.shape) bytes *= extent;
  return bytes == array.bytes.size();
}

double number_at(const Array& array, std::size_t index) noexcept {
  return with_type(array.dtype, [&](auto value) {
    std::memcpy(&value, array.bytes.data() + index * sizeof(value), sizeof(value));
    return static_cast<double>(value);
  });
}

std::optional<Array> array_from(const List& list, Dtype dtype) {
  if (!is_real(dtype)) return std::nullopt;
  Array array{dtype, {}, {}};
  const bool fits = with_type(dtype, [&](auto type) { return append_numbers<decltype(type)>(list, 0, array); });
  if (!fits || !is_consistent(array)) return std::nullopt;
  return array;
}

List list_from(const Array& array) {
  return with_type(array.dtype, [&](auto value) {
    List list;
    const std::size_t count = array.bytes.size() / sizeof(value);
    list.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      std::memcpy(&value, array.bytes.data() + i * sizeof(value), sizeof(value));
      if constexpr (std::is_integral_v<decltype(value)>) list.emplace_back(static_cast<std::int64_t>(value));
      else list.emplace_back(static_cast<double>(value));
    }
    return list;
  });
}

}  // namespace astro
