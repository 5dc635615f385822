// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "astro/field.hpp"
#include "astro/store.hpp"

namespace astro::sql {

/// Whether a range of such values means something.
bool has_order(FieldType type) noexcept;
bool is_nan(const Value& value) noexcept;

/// The condition's value as the field rests, without the field's range: one may well ask for what lies beyond it.
/// Throws `invalid_argument` where a range has no end; `table` is for the message.
Value comparable(const Field& field, const Condition& condition, const std::string& table);

/// Whether rows are found by IS NULL: nothing, and NaN in a field that is never null.
bool rests_as_null(const Field& field, const Value& value) noexcept;

}  // namespace astro::sql
