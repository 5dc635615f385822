// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "astro/field.hpp"
#include "astro/value.hpp"

/// \file
/// A record is a plain struct, described once beside it. Drivers' settings, commands' parameters,
/// requests and everything that rests in a store are records:
///
///     struct Settings {
///       std::string port;
///       int baud = 9600;
///     };
///
///     template <>
///     struct astro::Description<Settings> {
///       static constexpr std::array fields{
///           astro::field<&Settings::port>("port", {.says = "serial device of the controller"}),
///           astro::field<&Settings::baud>("baud", {.unit = "Bd", .min = 1200, .max = 115200, .says = "line speed"})};
///     };
///
/// From it come YAML with errors at line and column, `astro describe`, JSON, SQL, numpy and Python:
/// nobody writes a second list of fields, and a member that is not described does not compile.
///
/// Members: bool, integers, float, double, std::string, Angle, Frequency, Time, Duration, enums and
/// structs that are described, Bytes, Value; std::optional, std::vector and std::array of these. A
/// std::vector of float, double or fixed-width integers is an array of numbers (numpy). An enum
/// counts from zero and is described by `choices`:
///
///     template <>
///     struct astro::Description<Window> {
///       static constexpr std::array choices{"rectangular", "hann"};
///     };
namespace astro {

template <class T>
struct Description;

/// What one says about a member beyond its name and type; its default is the member's own.
struct FieldOptions {
  /// Of a plain number; angles, frequencies and durations know theirs. A text with the unit "path"
  /// is a file or folder: in a site file or request it counts from the folder of that file. One with
  /// the unit "target" is empty or what `parse_target` reads.
  const char* unit = "";
  double min =
      -std::numeric_limits<double>::infinity();  ///< inclusive; angles in deg, frequencies in Hz, durations in s
  double max = std::numeric_limits<double>::infinity();  ///< inclusive
  const char* says = "";                                 ///< one sentence
  bool required = false;                                 ///< must be given; whatever does not say so may be left out
  bool secret = false;                                   ///< never printed; in a file only as ${NAME}
  const char* names = "";   ///< a text that must name a device of this kind in the site: "mount", "store", ...
  const char* column = "";  ///< its name in SQL and Avro, where that differs
};

/// A described member of some struct: a constant, made by `field`.
struct Member {
  const char* name;
  FieldOptions options;
  void (*complete)(Field& field, const void* defaults);  ///< type, default, members into the run-time form
  Value (*read)(const void* record);                     ///< a copy, in the canonical form
  Cell (*cell)(const void* record);                      ///< a view, valid while the record lives unchanged
  void (*write)(void* record, const Value& canonical);   ///< throws `invalid_argument`
  const char* spelled;                                   ///< unlike that of any other member
};

/// Describes one member: `field<&Settings::baud>("baud", {.unit = "Bd"})`.
template <auto MemberPointer>
constexpr Member field(const char* name, FieldOptions options = {});

/// A struct with a `Description` that has `fields`. Using it checks that each member is described
/// exactly once, in order of declaration not required.
template <class T>
concept Record = requires { std::span<const Member>(Description<T>::fields); };

/// The run-time form. The name is `Description<T>::name` where there is one, else empty.
template <Record T>
const Schema& schema_of();

/// The struct as a map in the canonical form, keys as the fields are named.
template <Record T>
Value to_value(const T& record);

/// A struct from a map; what is absent keeps its default. Throws `invalid_argument` naming all
/// unknown keys, missing and bad values.
template <Record T>
T from_value(const Value& map);

/// Rows of one schema, read by index: how records travel into a store, whoever holds them.
class ASTRO_API Rows {
 public:
  virtual ~Rows();
  virtual std::size_t size() const noexcept = 0;
  /// Valid until a cell of another row is asked for: a store binds a whole row without a copy.
  /// `column` counts the schema's fields.
  virtual Cell cell(std::size_t row, std::size_t column) const = 0;
};

/// A cell as the canonical value of its field, and back; a store's and a codec's tools.
ASTRO_API Value value_of(const Field& field, const Cell& cell);
ASTRO_API Cell cell_of(const Field& field, const Value& canonical);

/// A range of structs as rows, without a copy.
template <Record T>
class RecordRows;

}  // namespace astro

#include "astro/detail/record.hpp"  // IWYU pragma: export
