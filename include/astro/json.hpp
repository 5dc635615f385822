// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "astro/export.hpp"
#include "astro/record.hpp"
#include "astro/value.hpp"

/// \file
/// Records straight to and from JSON: what `to_json(to_value(record))` and `from_value<T>(parse_json(text))` make, in a
/// fraction of their time.
namespace astro {

namespace detail {

ASTRO_API std::string record_to_json(const void* record, std::span<const Member> members, const Schema& schema);
/// False for a text that is not in the canonical form of each field: the long way knows what to say of it.
ASTRO_API bool record_from_json(void* record, std::span<const Member> members, const Schema& schema,
                                std::string_view text);

}  // namespace detail

template <Record T>
std::string to_json(const T& record) {
  return detail::record_to_json(&record, detail::members_of<T>(), schema_of<T>());
}

/// Whether the text is in the canonical form of the record, which is then read into `record` (what is absent keeps its
/// value); else something of it may have been read. For who reads more than that form in a way of their own.
template <Record T>
bool read_json(std::string_view text, T& record) {
  return detail::record_from_json(&record, detail::members_of<T>(), schema_of<T>(), text);
}

/// Throws `invalid_argument` as `parse_json` and `from_value` do.
template <Record T>
T from_json(std::string_view text) {
  T record{};
  if (read_json(text, record)) return record;
  return from_value<T>(parse_json(text));
}

}  // namespace astro
