// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "astro/field.hpp"
#include "astro/record.hpp"

/// \file
/// How a schema lies in a table, whichever database it is.
namespace astro::sql {

/// An identifier as SQL reads it whatever is in it.
std::string identifier(std::string_view name);
/// As SQL compares names: A to Z like a to z.
std::string lower(std::string text);

/// The name of the field's column, bare.
std::string column_name(const Field& field);
/// What must stay the same for old rows to be understood: "array of f32".
std::string kind_of(const Field& field);
/// Whether it rests as a floating-point number, which may be NaN.
bool is_real(FieldType type) noexcept;

/// Whether a table of the one is the table of the other, as it is.
bool is_same_layout(const Schema& a, const Schema& b) noexcept;
/// Where the field stands. Throws `invalid_argument` with the nearest name: `purpose` "name" in `table` ...
std::size_t column_of(const Schema& schema, const std::string& field, const std::string& table, const char* purpose);

}  // namespace astro::sql
