// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "astro/value.hpp"

namespace astro::files {

/// A type of an Avro schema, whoever wrote it, with what reads and writes its values. Reading trusts nothing: not the
/// schema, which may not contain itself, and not a length, which must lie in what is there.
class AvroType {
 public:
  /// Throws `invalid_file`.
  static AvroType of_schema(const std::string& json);

  /// A value from the front of `from`, which loses what was read. Throws `invalid_file`.
  Value read(std::span<const std::byte>& from) const;
  /// Throws `invalid_argument` where the value is not of the type, with the field.
  void write(const Value& value, Bytes& to) const;

 private:
  enum class Kind { null, boolean, whole, real32, real64, bytes, text, fixed, choice, list, map, record, variant };
  using Named = std::map<std::string, std::shared_ptr<const AvroType>>;

  /// Names without a dot are of the namespace `space`.
  static std::shared_ptr<const AvroType> made(const Value& schema, Named& known, const std::string& space, int depth);
  static std::shared_ptr<const AvroType> made_named(const Value& schema, const std::string& kind, Named& known,
                                                    const std::string& space, int depth);
  std::size_t least_bytes() const;
  bool takes(const Value& value) const;
  Value read_items(std::span<const std::byte>& from) const;
  /// `place` is that of the value, such as "candidate.jd", and the same again afterwards.
  void put(const Value& value, Bytes& to, std::string& place) const;
  void put_record(const Value& value, Bytes& to, std::string& place) const;
  void put_items(const Value& value, Bytes& to, std::string& place) const;

  Kind kind_ = Kind::null;
  std::string name_{};                 ///< for messages
  std::size_t size_ = 0;               ///< of what is fixed
  std::vector<std::string> labels_{};  ///< names of a record's members, or of choices
  std::vector<std::shared_ptr<const AvroType>> parts_{};
};

/// Numbers as Avro has them: 7 bits a byte, signs alternating.
std::int64_t read_avro_long(std::span<const std::byte>& from);
void write_avro_long(std::int64_t value, Bytes& to);
/// So many bytes from the front.
std::span<const std::byte> take_bytes(std::span<const std::byte>& from, std::int64_t count);

}  // namespace astro::files
