// SPDX-License-Identifier: BSD-3-Clause
#include "sql_kit/conditions.hpp"

#include <cmath>
#include <limits>

#include "astro/error.hpp"
#include "sql_kit/layout.hpp"

namespace astro::sql {

namespace {

Value as_it_rests(const Field& field, const Value& value) {
  Field free = field;
  free.min = -std::numeric_limits<double>::infinity();
  free.max = std::numeric_limits<double>::infinity();
  free.nullable = true;
  const double* number = value.get_if<double>();
  const bool is_not_finite = number != nullptr && !std::isfinite(*number);  // legal in a store, not in a setting
  if (value.is_null() || (is_not_finite && is_real(field.type))) return value;
  return canonical(free, value);
}

}  // namespace

bool has_order(FieldType type) noexcept {
  return type != FieldType::bytes && type != FieldType::array && type != FieldType::list && type != FieldType::record;
}

bool is_nan(const Value& value) noexcept {
  const double* number = value.get_if<double>();
  return number != nullptr && std::isnan(*number);
}

Value comparable(const Field& field, const Condition& condition, const std::string& table) {
  Value value = as_it_rests(field, condition.value);
  const bool is_range = condition.compare != Compare::equal;
  if (is_range && (value.is_null() || is_nan(value) || !has_order(field.type))) {
    throw Error(ErrorCode::invalid_argument, "looking for \"" + condition.field + "\" in " + table +
                                                 " of the store: a range needs a number, a time or a text as its end");
  }
  return value;
}

bool rests_as_null(const Field& field, const Value& value) noexcept {
  return value.is_null() || (is_nan(value) && !field.nullable);
}

}  // namespace astro::sql
