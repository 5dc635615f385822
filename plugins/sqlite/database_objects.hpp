// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "database.hpp"
#include "objects/objects.hpp"

namespace astro::sqlite {

/// Objects as rows of the file itself; those that are put within a transaction are part of it.
class DatabaseObjects final : public objects::Place {
 public:
  explicit DatabaseObjects(const Database& database) : database_(database) {}

  std::optional<Bytes> read(const ObjectId& id) override;
  /// One that was damaged is replaced: here is the content that it should have.
  void write(const ObjectId& id, std::span<const std::byte> content) override;
  std::string where(const ObjectId& id) const override;

 private:
  const Database& database_;
};

}  // namespace astro::sqlite
