// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <span>
#include <string>

#include "astro/export.hpp"
#include "astro/field.hpp"
#include "astro/record.hpp"
#include "astro/value.hpp"

/// \file
/// Records in Avro (Apache Avro 1.11 specification), from their descriptions.
namespace astro::messaging {

/// The Avro schema of a record, as one line of JSON. Fields stand in the order of their description: a reader that
/// ignores the writer's schema depends on it. An integer is a `long`; a number, angle (deg), frequency (Hz) and
/// duration (s) a `double`; a time a `long` of logical type `timestamp-millis`; a choice an `enum`; an array and bytes
/// are `bytes`; what may be anything is a `string` of JSON; what may be null a union with null first. A field that is
/// required has no default. Throws `invalid_argument` for a record without a name.
ASTRO_API std::string avro_schema(const Schema& schema);

/// Between the canonical form of one record and Avro's binary encoding. May be used from any thread.
class ASTRO_API AvroCodec {
 public:
  explicit AvroCodec(const Schema& schema);
  ~AvroCodec();
  AvroCodec(AvroCodec&&) noexcept;
  AvroCodec& operator=(AvroCodec&&) noexcept;

  const Schema& schema() const noexcept;
  const std::string& schema_text() const noexcept;  ///< what `avro_schema` says

  /// Throws `invalid_argument` for a map that is not of the record.
  Bytes encode(const Value& record) const;
  /// The same of a struct, without a map in between. Throws `invalid_argument` where this codec is of another record.
  template <Record T>
  Bytes encode(const T& record) const {
    return encode(&record, schema_of<T>(), detail::members_of<T>());
  }
  /// What was written with our own schema. Throws `invalid_file` for bytes that are cut, longer, or not of it.
  Value decode(std::span<const std::byte> body) const;
  /// The same as a struct, without a map in between.
  template <Record T>
  T decode_as(std::span<const std::byte> body) const {
    T record{};
    if (decode(body, &record, schema_of<T>(), detail::members_of<T>())) return record;
    return from_value<T>(decode(body));
  }
  /// The same of what somebody wrote with `writer_schema`; straight into the struct where that is our own schema.
  template <Record T>
  T decode_as(std::span<const std::byte> body, const std::string& writer_schema) const {
    return writer_schema == schema_text() ? decode_as<T>(body) : from_value<T>(decode(body, writer_schema));
  }
  /// What somebody else wrote with `writer_schema` (JSON): fields are found by their names, what we do not know is
  /// passed by, what is missing takes its default; symbols of a choice may be in upper case. Throws `invalid_file`
  /// for a schema that cannot be read, a required field that is missing, or a value of another type.
  Value decode(std::span<const std::byte> body, const std::string& writer_schema) const;

 private:
  Bytes encode(const void* record, const Schema& schema, std::span<const Member> members) const;
  bool decode(std::span<const std::byte> body, void* record, const Schema& schema,
              std::span<const Member> members) const;
  void refuse_another(const Schema& schema) const;

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace astro::messaging
