// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "astro/export.hpp"
#include "astro/value.hpp"

namespace astro {

/// What a field holds. Angles, frequencies and durations are quantities of their own: as a `Value`
/// they are numbers in deg, Hz and s, and text with a unit is read too.
enum class FieldType : std::uint8_t {
  boolean,
  integer,
  number,
  text,
  angle,
  frequency,
  time,
  duration,
  choice,
  bytes,
  array,
  list,
  record,
  any
};

ASTRO_API std::string_view to_string(FieldType type) noexcept;

/// One setting, parameter, telemetry point or member of a record, at run time. This is the form
/// that crosses a plugin's border and a wire; in C++ it is made from a struct (see record.hpp).
struct Field {
  std::string name{};
  FieldType type = FieldType::any;
  std::string unit{};  ///< "deg", "Hz", "s" for the quantities; else as declared: "dB", "K", "m"
  double min = -std::numeric_limits<double>::infinity();  ///< inclusive, in `unit`
  double max = std::numeric_limits<double>::infinity();   ///< inclusive, in `unit`
  Value default_value{};                                  ///< null when it has none
  std::string says{};                                     ///< one sentence
  bool required = false;                                  ///< must be given
  bool nullable = false;                                  ///< may be null: null and absent are the same
  bool secret = false;                                    ///< never printed; in a file only as ${NAME}
  std::string names{};                                    ///< a text: the kind of device that it names, "mount"
  std::string column{};                                   ///< its name in SQL and Avro, where that differs
  FieldType element = FieldType::any;                     ///< of a list
  std::size_t length = 0;                                 ///< of a list of fixed length, else 0
  Dtype dtype = Dtype::f64;                               ///< of an array
  std::vector<std::string> choices{};                     ///< of a choice or a list of choices
  std::string type_name{};                                ///< of a choice or record: the name of its description
  std::vector<Field> members{};                           ///< of a record or a list of records

  bool operator==(const Field&) const = default;
};

/// The name with its unit, as JSON, SQL and the command line write it: an angle `azimuth` is
/// `azimuth_deg`, a frequency `frequency_hz`, a duration `timeout_s`; others stand as they are.
ASTRO_API std::string flat_name(const Field& field);

/// A record's fields under its name.
struct Schema {
  std::string name{};
  std::vector<Field> fields{};

  ASTRO_API const Field* find(std::string_view field) const noexcept;  ///< by its name, or nullptr
  bool operator==(const Schema&) const = default;
};

/// What is wrong with a value for a field, or an empty text: type, unit, range, choice, in one
/// sentence that says what was expected. Text is read as a quantity where one is asked for.
ASTRO_API std::string complaint(const Field& field, const Value& value);

/// The value in the field's canonical form (number in `unit`, `Time`, the choice's name, defaults
/// of a record filled in). Throws `invalid_argument` with the complaint.
ASTRO_API Value canonical(const Field& field, const Value& value);

/// The same for a whole map: unknown keys (with the nearest known one), missing and bad values are
/// all named in one `invalid_argument`. Returns every field in the schema's order.
ASTRO_API Value canonical(const Schema& schema, const Value& map);

/// The known name that is nearest to a misspelt one (Damerau-Levenshtein), or empty when none is near.
ASTRO_API std::string nearest(std::string_view name, const std::vector<std::string>& known);

}  // namespace astro
