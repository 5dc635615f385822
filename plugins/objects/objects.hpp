// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "astro/record.hpp"
#include "astro/store.hpp"

namespace astro::objects {

/// Where a store keeps its objects.
enum class Keep : std::uint8_t { database, folder, s3 };

/// Where the bytes of objects rest, each under the hash of its content.
class Place {
 public:
  virtual ~Place() = default;
  /// What is there, whole or damaged, or nothing.
  virtual std::optional<Bytes> read(const ObjectId& id) = 0;
  /// Returns when the object is durable. One that is there already need not be written again.
  virtual void write(const ObjectId& id, std::span<const std::byte> content) = 0;
  /// As a message names it.
  virtual std::string where(const ObjectId& id) const = 0;
};

/// SHA-256 as 64 hexadecimal digits in small letters.
ObjectId hash_of(std::span<const std::byte> content);

ObjectId put(Place& place, std::span<const std::byte> content);
/// Throws `not_found`, `storage` when the content does not have its hash, `invalid_argument` for what is no id.
Bytes get(Place& place, const ObjectId& id);

}  // namespace astro::objects

template <>
struct astro::Description<astro::objects::Keep> {
  static constexpr std::array choices{"database", "folder", "s3"};
};
