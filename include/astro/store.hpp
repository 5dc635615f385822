// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "astro/device.hpp"
#include "astro/record.hpp"

namespace astro {

/// How a record's field compares with a value. Range ends: `from` is inclusive, `below` exclusive.
enum class Compare : std::uint8_t { equal, from, below };

struct Condition {
  std::string field{};
  Compare compare = Compare::equal;
  Value value{};
};

/// All conditions hold. Rows come in order of `order_by` (default: in which they were inserted).
struct Query {
  std::vector<Condition> where{};
  std::string order_by{};
  bool newest_first = false;
  std::size_t limit = 0;  ///< 0: all
};

/// SHA-256 of an object's content (FIPS 180-4), as 64 hexadecimal digits.
using ObjectId = std::string;

/// Keeps records and objects. A schema's first field is its key. See `Driver` for open and close;
/// the other functions are called one at a time. No joins, no sessions, no lazy loading.
class ASTRO_API Store : public Driver {
 public:
  ~Store() override;

  /// Makes room for this schema, or brings what is there up to it: fields that came are added with
  /// their default. A field whose type changed is `storage`, and nothing is touched.
  virtual void prepare(const Schema& schema) = 0;

  /// Inserts all rows whose key is not there yet, in one transaction; returns how many. When it
  /// returns they are durable.
  virtual std::size_t insert(const Schema& schema, const Rows& rows) = 0;

  /// Replaces the record of the same key if its `revision_field` (an integer) still is `expected`.
  /// False: it is not, and nothing changed.
  virtual bool replace(const Schema& schema, const Rows& row, const std::string& revision_field,
                       std::int64_t expected) = 0;

  /// Canonical values in the order of the schema's fields.
  virtual std::vector<List> find(const Schema& schema, const Query& query) = 0;
  /// Removes what the query finds; returns how many.
  virtual std::size_t erase(const Schema& schema, const Query& query) = 0;
  virtual std::size_t count(const Schema& schema, const Query& query) = 0;

  /// Objects are bytes under the hash of their content: putting twice keeps one.
  virtual ObjectId put_object(std::span<const std::byte> content) = 0;
  /// Throws `not_found`, and `storage` when the content no longer has its hash.
  virtual Bytes get_object(const ObjectId& id) = 0;

  /// What is between here and the end of the scope is one transaction: begin, then commit or roll back.
  virtual void begin() = 0;
  virtual void commit() = 0;
  virtual void roll_back() noexcept = 0;
};

}  // namespace astro
