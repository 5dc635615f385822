// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

#include "astro/field.hpp"
#include "astro/record.hpp"
#include "connection.hpp"

/// \file
/// How a field's value rests in a column of PostgreSQL:
///   boolean   boolean            integer, time (ns since 1970)   bigint: a timestamptz has microseconds only
///   number, angle (deg), frequency (Hz), duration (s)   double precision
///   text, choice   text COLLATE "C", ordered by bytes on every server          bytes, array   bytea
///   list, record   jsonb         any, or what has an `any` in it   json: it keeps the order of keys, and 1e15 a double
/// In a field that is never null, NULL is NaN, so that means leave it out; in one that may be null, NaN is NaN.
namespace astro::postgres {

enum class SqlType { boolean, int2, int4, int8, float8, text, bytea, json, jsonb };

/// The column's type in a table of ours, and as CREATE TABLE writes it.
SqlType own_type(const Field& field);
std::string_view definition_of(SqlType type);
/// The type by PostgreSQL's name of it ("int4"), if a field of this type can rest there.
bool rests_in(FieldType type, std::string_view sql_name, SqlType& found) noexcept;
std::string_view name_of(SqlType type) noexcept;
Oid oid_of(SqlType type) noexcept;

/// Appends the cell in binary. False: it is NULL. Throws `invalid_argument` for what cannot rest there.
bool append_cell(std::string& out, const Field& field, SqlType type, const Cell& cell);
/// The field's canonical value from a column in binary; `is_null` wins.
Value read_cell(const Field& field, SqlType type, bool is_null, std::string_view bytes);
/// The field's default as SQL, or empty when it has none.
std::string default_of(const Field& field, SqlType type);

}  // namespace astro::postgres
