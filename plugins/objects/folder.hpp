// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>

#include "objects/objects.hpp"

namespace astro::objects {

/// Files under the SHA-256 of their content: `aa/bb...`, whole or absent.
class Folder final : public Place {
 public:
  explicit Folder(std::filesystem::path folder);

  std::optional<Bytes> read(const ObjectId& id) override;
  /// One that was damaged is replaced: here is the content that it should have.
  void write(const ObjectId& id, std::span<const std::byte> content) override;
  std::string where(const ObjectId& id) const override { return path_of(id).string(); }

 private:
  std::filesystem::path path_of(const ObjectId& id) const;
  void remove_leftovers() const;

  std::filesystem::path folder_;
};

}  // namespace astro::objects
