// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "objects/objects.hpp"
#include "session.hpp"

namespace astro::postgres {

/// Objects as rows of the database itself; those that are put within a transaction are part of it.
class DatabaseObjects final : public objects::Place {
 public:
  explicit DatabaseObjects(Session& session) : session_(session) {}

  std::optional<Bytes> read(const ObjectId& id) override;
  /// One that was damaged is replaced: here is the content that it should have.
  void write(const ObjectId& id, std::span<const std::byte> content) override;
  std::string where(const ObjectId& id) const override;

 private:
  Session& session_;
};

}  // namespace astro::postgres
