// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "astro/field.hpp"

namespace astro {

/// Brings the value into the field's canonical form. Returns what is wrong with it, or an empty text.
std::string bring_into_form(const Field& field, const Value& value, Value& canonical);

/// A map against its fields: `given[i]` is what the map has of `fields[i]` in canonical form, or
/// null where it has nothing.
struct CheckedMap {
  std::vector<Value> values;
  std::vector<bool> given;
  std::vector<std::string> problems;  ///< each begins with the key
};
CheckedMap check_map(std::span<const Field> fields, const Map& map);

/// "one problem" as it is, several numbered by their count and joined.
std::string joined(const std::vector<std::string>& problems);

/// The canonical map in the order of the fields, defaults filled in.
Value filled(std::span<const Field> fields, CheckedMap checked);

/// A field of a list's elements.
Field element_of(const Field& list);

}  // namespace astro
