// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace astro::files {

/// A file that grows under a hidden name beside its place and gets its own name when it is whole and
/// on the disk; else nothing of it stays. With `at_once` it has its name from the beginning, in place of what had it,
/// and stays as far as it came. A failure is `storage` with the reason.
class GrowingFile {
 public:
  explicit GrowingFile(const std::filesystem::path& path, bool at_once = false);
  ~GrowingFile();
  GrowingFile(const GrowingFile&) = delete;
  GrowingFile& operator=(const GrowingFile&) = delete;

  void append(std::span<const std::byte> content);
  /// Overwrites what is there already.
  void rewrite(std::size_t at, std::span<const std::byte> content);
  void finish();

 private:
  [[noreturn]] void fail(const char* doing) const;

  std::filesystem::path path_;
  std::filesystem::path temporary_;  ///< empty: it has its own name
  int descriptor_ = -1;
};

}  // namespace astro::files
