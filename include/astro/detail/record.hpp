// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "astro/angle.hpp"
#include "astro/error.hpp"
#include "astro/frequency.hpp"
#include "astro/record.hpp"  // IWYU pragma: keep
#include "astro/time.hpp"

// The machinery behind record.hpp. Nothing here is for users.
namespace astro::detail {

template <class>
struct MemberTraits;
template <class S, class M>
struct MemberTraits<M S::*> {
  using Struct = S;
  using Type = M;
};

template <class T>
concept Choice = std::is_enum_v<T> && requires { Description<T>::choices.size(); };

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;
template <class T>
inline constexpr bool is_std_array = false;
template <class T, std::size_t N>
inline constexpr bool is_std_array<std::array<T, N>> = true;

template <class T>
consteval std::optional<Dtype> dtype_of() {
  if constexpr (std::same_as<T, float>) return Dtype::f32;
  else if constexpr (std::same_as<T, double>) return Dtype::f64;
  else if constexpr (std::same_as<T, std::uint8_t>) return Dtype::u8;
  else if constexpr (std::same_as<T, std::int8_t>) return Dtype::i8;
  else if constexpr (std::same_as<T, std::uint16_t>) return Dtype::u16;
  else if constexpr (std::same_as<T, std::int16_t>) return Dtype::i16;
  else if constexpr (std::same_as<T, std::int32_t>) return Dtype::i32;
  else if constexpr (std::same_as<T, std::int64_t>) return Dtype::i64;
  else return std::nullopt;
}

template <class T>
concept NumberArray = is_vector<T> && dtype_of<typename T::value_type>().has_value();

[[noreturn]] ASTRO_API void throw_wrong_type(std::string_view expected, const Value& found);
[[noreturn]] ASTRO_API void throw_out_of_range(const Value& found, double min, double max);
ASTRO_API std::size_t choice_index(std::span<const char* const> choices, const Value& value);
ASTRO_API Array make_array(Dtype dtype, const void* data, std::size_t count);
ASTRO_API void check_array(const Array& array, Dtype expected);
/// Checks the whole map, then writes what it has; what it lacks keeps its value.
ASTRO_API void write_record(void* record, std::span<const Member> members, const Schema& schema, const Value& map);
ASTRO_API Value read_record(const void* record, std::span<const Member> members);
ASTRO_API void complete_schema(Schema& schema, std::span<const Member> members, const void* defaults);

template <class T>
consteval FieldType type_of() {
  if constexpr (is_optional<T>) return type_of<typename T::value_type>();
  else if constexpr (std::same_as<T, bool>) return FieldType::boolean;
  else if constexpr (std::integral<T>) return FieldType::integer;
  else if constexpr (std::floating_point<T>) return FieldType::number;
  else if constexpr (std::same_as<T, std::string>) return FieldType::text;
  else if constexpr (std::same_as<T, Angle>) return FieldType::angle;
  else if constexpr (std::same_as<T, Frequency>) return FieldType::frequency;
  else if constexpr (std::same_as<T, Time>) return FieldType::time;
  else if constexpr (std::same_as<T, Duration>) return FieldType::duration;
  else if constexpr (Choice<T>) return FieldType::choice;
  else if constexpr (std::same_as<T, Bytes>) return FieldType::bytes;
  else if constexpr (NumberArray<T>) return FieldType::array;
  else if constexpr (is_vector<T> || is_std_array<T>) return FieldType::list;
  else if constexpr (std::same_as<T, Value>) return FieldType::any;
  else {
    static_assert(Record<T>, "this type of member has no field type; see record.hpp for those that have one");
    return FieldType::record;
  }
}

/// The angle in degrees, in few digits where these mean the same angle: 3 and not 2.9999999999999996.
ASTRO_API double plain_degrees(Angle angle) noexcept;

template <class T>
Value read_value(const T& member) {
  if constexpr (is_optional<T>) return member ? read_value(*member) : Value();
  else if constexpr (std::same_as<T, bool>) return member;
  else if constexpr (std::integral<T>) return static_cast<std::int64_t>(member);
  else if constexpr (std::floating_point<T>) return static_cast<double>(member);
  else if constexpr (std::same_as<T, Angle>) return plain_degrees(member);
  else if constexpr (std::same_as<T, Frequency>) return member.hertz();
  else if constexpr (std::same_as<T, Duration>) return seconds(member);
  else if constexpr (Choice<T>) return std::string_view(Description<T>::choices.at(static_cast<std::size_t>(member)));
  else if constexpr (std::same_as<T, Bytes>) return Value(member);
  else if constexpr (NumberArray<T>)
    return make_array(*dtype_of<typename T::value_type>(), member.data(), member.size());
  else if constexpr (is_vector<T> || is_std_array<T>) {
    List list;
    list.reserve(member.size());
    for (const typename T::value_type& element : member) list.push_back(read_value(element));
    return list;
  } else if constexpr (Record<T>) return to_value(member);
  else return Value(member);
}

template <class T>
void write_value(T& member, const Value& value) {
  if constexpr (is_optional<T>) {
    if (value.is_null()) member.reset();
    else write_value(member.emplace(), value);
  } else if constexpr (std::same_as<T, bool>) member = value.as_bool();
  else if constexpr (std::integral<T>) {
    const std::int64_t wide = value.as_integer();
    if (!std::in_range<T>(wide)) {
      throw_out_of_range(value, static_cast<double>(std::numeric_limits<T>::min()),
                         static_cast<double>(std::numeric_limits<T>::max()));
    }
    member = static_cast<T>(wide);
  } else if constexpr (std::floating_point<T>) member = static_cast<T>(value.as_number());
  else if constexpr (std::same_as<T, std::string>) member = value.as_text();
  else if constexpr (std::same_as<T, Angle>) member = degrees(value.as_number());
  else if constexpr (std::same_as<T, Frequency>) member = hertz(value.as_number());
  else if constexpr (std::same_as<T, Time>) member = value.as_time();
  else if constexpr (std::same_as<T, Duration>) member = from_seconds(value.as_number());
  else if constexpr (Choice<T>) member = static_cast<T>(choice_index(Description<T>::choices, value));
  else if constexpr (std::same_as<T, Bytes>) member = value.as_bytes();
  else if constexpr (NumberArray<T>) {
    const Array& array = value.as_array();
    check_array(array, *dtype_of<typename T::value_type>());
    member.resize(array.bytes.size() / sizeof(typename T::value_type));
    if (!member.empty()) std::memcpy(member.data(), array.bytes.data(), array.bytes.size());
  } else if constexpr (is_vector<T>) {
    member.clear();
    for (const Value& element : value.as_list()) {
      typename T::value_type made{};  // not emplace_back(): a vector of bool has no elements to refer to
      write_value(made, element);
      member.push_back(std::move(made));
    }
  } else if constexpr (is_std_array<T>) {
    const List& list = value.as_list();
    if (list.size() != member.size()) throw_wrong_type("a list of " + std::to_string(member.size()), value);
    for (std::size_t i = 0; i < member.size(); ++i) write_value(member[i], list[i]);
  } else if constexpr (Record<T>) member = from_value<T>(value);
  else member = value;
}

template <class T>
Cell cell_value(const T& member) {
  if constexpr (is_optional<T>) return member ? cell_value(*member) : Cell();
  else if constexpr (std::same_as<T, bool>) return member;
  else if constexpr (std::integral<T>) return static_cast<std::int64_t>(member);
  else if constexpr (std::floating_point<T>) return static_cast<double>(member);
  else if constexpr (std::same_as<T, std::string>) return std::string_view(member);
  else if constexpr (std::same_as<T, Angle>) return plain_degrees(member);
  else if constexpr (std::same_as<T, Frequency>) return member.hertz();
  else if constexpr (std::same_as<T, Time>) return static_cast<std::int64_t>(member.time_since_epoch().count());
  else if constexpr (std::same_as<T, Duration>) return seconds(member);
  else if constexpr (Choice<T>) return std::string_view(Description<T>::choices.at(static_cast<std::size_t>(member)));
  else if constexpr (std::same_as<T, Bytes> || NumberArray<T>) return std::as_bytes(std::span(member));
  else return to_json(read_value(member));
}

template <class T>
consteval const char* name_of() {
  if constexpr (requires { Description<T>::name; }) return Description<T>::name;
  else return "";
}

template <class T>
void complete_type(Field& field) {
  if constexpr (is_optional<T>) complete_type<typename T::value_type>(field);
  else if constexpr (Choice<T>) {
    field.choices.assign(Description<T>::choices.begin(), Description<T>::choices.end());
    field.type_name = name_of<T>();
  } else if constexpr (NumberArray<T>) field.dtype = *dtype_of<typename T::value_type>();
  else if constexpr (std::same_as<T, Bytes>) field.dtype = Dtype::u8;
  else if constexpr (is_vector<T> || is_std_array<T>) {
    complete_type<typename T::value_type>(field);
    field.element = type_of<typename T::value_type>();
    if constexpr (is_std_array<T>) field.length = std::tuple_size_v<T>;
  } else if constexpr (Record<T>) {
    field.members = schema_of<T>().fields;
    field.type_name = name_of<T>();
  }
}

template <auto Pointer>
struct Access {
  using Struct = typename MemberTraits<decltype(Pointer)>::Struct;
  using Type = typename MemberTraits<decltype(Pointer)>::Type;

  static const Type& of(const void* record) { return static_cast<const Struct*>(record)->*Pointer; }
  static Value read(const void* record) { return read_value(of(record)); }
  static Cell cell(const void* record) { return cell_value(of(record)); }
  static void write(void* record, const Value& value) { write_value(static_cast<Struct*>(record)->*Pointer, value); }
  static constexpr const char* spelled() { return __PRETTY_FUNCTION__; }
  static void complete(Field& field, const void* defaults) {
    field.type = type_of<Type>();
    field.nullable = is_optional<Type>;
    field.default_value = read(defaults);
    complete_type<Type>(field);
  }
};

// Structured bindings count the members of any aggregate: where the description has more or fewer
// members than the struct, the compiler says "only N names provided" at the line of its size.
// clang-format off
template <std::size_t N, class T>
constexpr void decompose([[maybe_unused]] T& record) {
  static_assert(N <= 40, "a record has at most 40 members: nest some of them in a struct of their own");
#define ASTRO_DECOMPOSE(n, ...) else if constexpr (N == n) { [[maybe_unused]] auto& [__VA_ARGS__] = record; }
  if constexpr (N == 0) static_assert(std::is_empty_v<T>, "members of this struct are not described");
  ASTRO_DECOMPOSE(1, a1)
  ASTRO_DECOMPOSE(2, a1, a2)
  ASTRO_DECOMPOSE(3, a1, a2, a3)
  ASTRO_DECOMPOSE(4, a1, a2, a3, a4)
  ASTRO_DECOMPOSE(5, a1, a2, a3, a4, a5)
  ASTRO_DECOMPOSE(6, a1, a2, a3, a4, a5, a6)
  ASTRO_DECOMPOSE(7, a1, a2, a3, a4, a5, a6, a7)
  ASTRO_DECOMPOSE(8, a1, a2, a3, a4, a5, a6, a7, a8)
  ASTRO_DECOMPOSE(9, a1, a2, a3, a4, a5, a6, a7, a8, a9)
  ASTRO_DECOMPOSE(10, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10)
  ASTRO_DECOMPOSE(11, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11)
  ASTRO_DECOMPOSE(12, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12)
  ASTRO_DECOMPOSE(13, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13)
  ASTRO_DECOMPOSE(14, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14)
  ASTRO_DECOMPOSE(15, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15)
  ASTRO_DECOMPOSE(16, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16)
  ASTRO_DECOMPOSE(17, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17)
  ASTRO_DECOMPOSE(18, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18)
  ASTRO_DECOMPOSE(19, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19)
  ASTRO_DECOMPOSE(20, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20)
  ASTRO_DECOMPOSE(21, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21)
  ASTRO_DECOMPOSE(22, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22)
  ASTRO_DECOMPOSE(23, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23)
  ASTRO_DECOMPOSE(24, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24)
  ASTRO_DECOMPOSE(25, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24, a25)
  ASTRO_DECOMPOSE(26, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24, a25, a26)
  ASTRO_DECOMPOSE(27, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27)
  ASTRO_DECOMPOSE(28, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28)
  ASTRO_DECOMPOSE(29, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29)
  ASTRO_DECOMPOSE(30, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29, a30)
  ASTRO_DECOMPOSE(31, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, a31)
  ASTRO_DECOMPOSE(32, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, a31, a32)
  ASTRO_DECOMPOSE(33, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, a31, a32, a33)
  ASTRO_DECOMPOSE(34, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, a31, a32, a33, a34)
  ASTRO_DECOMPOSE(35, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, a31, a32, a33, a34, a35)
  ASTRO_DECOMPOSE(36, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, a31, a32, a33, a34, a35, a36)
  ASTRO_DECOMPOSE(37, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, a31, a32, a33, a34, a35, a36, a37)
  ASTRO_DECOMPOSE(38, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, a31, a32, a33, a34, a35, a36, a37, a38)
  ASTRO_DECOMPOSE(39, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, a31, a32, a33, a34, a35, a36, a37, a38, a39)
  ASTRO_DECOMPOSE(40, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, a31, a32, a33, a34, a35, a36, a37, a38, a39, a40)
#undef ASTRO_DECOMPOSE
}
// clang-format on

template <class T>
consteval bool each_member_once() {
  const std::span<const Member> members(Description<T>::fields);
  for (std::size_t i = 0; i < members.size(); ++i) {
    for (std::size_t j = i + 1; j < members.size(); ++j) {
      // By their text: with a sanitizer g++ compares no addresses of templates at compile time.
      if (std::string_view(members[i].spelled) == members[j].spelled) return false;
      if (std::string_view(members[i].name) == members[j].name) return false;
    }
  }
  return true;
}

template <Record T>
constexpr std::span<const Member> members_of() {
  static_assert(std::is_aggregate_v<T>, "a record is a plain struct");
  static_assert(each_member_once<T>(), "a member or a name is described twice");
  (void)&decompose<std::size(Description<T>::fields), T>;
  return Description<T>::fields;
}

}  // namespace astro::detail

namespace astro {

template <auto MemberPointer>
constexpr Member field(const char* name, FieldOptions options) {
  using Access = detail::Access<MemberPointer>;
  return {name, options, &Access::complete, &Access::read, &Access::cell, &Access::write, Access::spelled()};
}

template <Record T>
const Schema& schema_of() {
  static const Schema schema = [] {
    Schema made{detail::name_of<T>(), {}};
    const T defaults{};
    detail::complete_schema(made, detail::members_of<T>(), &defaults);
    return made;
  }();
  return schema;
}

template <Record T>
Value to_value(const T& record) {
  return detail::read_record(&record, detail::members_of<T>());
}

template <Record T>
T from_value(const Value& map) {
  T record{};
  detail::write_record(&record, detail::members_of<T>(), schema_of<T>(), map);
  return record;
}

template <Record T>
class RecordRows final : public Rows {
 public:
  explicit RecordRows(std::span<const T> records) noexcept : records_(records) {}
  std::size_t size() const noexcept override { return records_.size(); }
  Cell cell(std::size_t row, std::size_t column) const override {
    return detail::members_of<T>()[column].cell(&records_[row]);
  }

 private:
  std::span<const T> records_;
};

}  // namespace astro
