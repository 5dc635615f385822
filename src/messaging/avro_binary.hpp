// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>

#include "astro/field.hpp"
#include "astro/record.hpp"
#include "astro/value.hpp"

/// Avro's binary encoding of records by our own schema: straight from and to values, by any number of threads. What
/// others wrote by theirs is read by Avro C.
namespace astro::messaging::avro {

/// A record in its canonical form.
Bytes written(const Schema& schema, const Value& record);

/// The same of a struct, without its values in between.
Bytes written(const Schema& schema, const void* record, std::span<const Member> members);

/// The whole body as a record whose values are of their fields' types; ranges are not looked at. Throws `invalid_file`.
Value read(const Schema& schema, std::span<const std::byte> body);

/// The same into a struct, which begins with its defaults. False where a value is not in the form of its field: the way
/// over values knows what to say. Throws `invalid_file`.
bool read(const Schema& schema, std::span<const std::byte> body, void* record, std::span<const Member> members);

/// A `timestamp-millis` as a time; null for one that nanoseconds since 1970 cannot say.
Value time_of(std::int64_t milliseconds);

}  // namespace astro::messaging::avro
