// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "astro/store.hpp"

namespace astro::sqlite {

/// Files under the SHA-256 of their content: `aa/bb...`, whole or absent.
class Objects final {
 public:
  explicit Objects(std::filesystem::path folder);

  /// Returns when the object is on the disk.
  ObjectId put(std::span<const std::byte> content) const;
  Bytes get(const ObjectId& id) const;

 private:
  std::filesystem::path path_of(const ObjectId& id) const;
  void write(const std::filesystem::path& path, std::span<const std::byte> content) const;
  void remove_leftovers() const;

  std::filesystem::path folder_;
};

}  // namespace astro::sqlite
