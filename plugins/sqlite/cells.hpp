// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sqlite3.h>

#include <string>

#include "astro/field.hpp"
#include "astro/record.hpp"

/// \file
/// How a field's value rests in a column:
///   boolean, integer, time (ns since 1970)   INTEGER
///   number, angle (deg), frequency (Hz), duration (s)   REAL
///   text, choice   TEXT          bytes, array   BLOB          list, record   TEXT, as JSON
///   any   without a type: a number as such, so that SQL can average it, everything else as JSON
/// SQLite has no NaN. In a field that is never null, NULL is NaN: SQL's means then leave it out. In
/// one that may be null, NaN is the text 'NaN', which a range never finds.
namespace astro::sqlite {

/// The type in CREATE TABLE; empty for `any`.
const char* column_type(FieldType type) noexcept;

/// Binds without a copy: the cell must live, unmoved, until the statement has run.
/// False: the column will be NULL.
bool bind_cell(sqlite3_stmt* statement, int index, const Field& field, const Cell& cell) noexcept;

/// A result's column as the field's canonical value.
Value read(sqlite3_stmt* statement, int column, const Field& field);

}  // namespace astro::sqlite
