// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>

namespace astro::detail {

/// The folder in which an observatory keeps what must survive it, locked against a second one. An
/// empty path: a folder of its own that is removed with it.
class StateFolder {
 public:
  explicit StateFolder(std::filesystem::path folder);
  ~StateFolder();
  StateFolder(const StateFolder&) = delete;
  StateFolder& operator=(const StateFolder&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  void lock();

  std::filesystem::path path_;
  bool is_temporary_ = false;
  int file_ = -1;
};

/// The number of a start, greater than that of any start before, also when the folder of those is gone: at least the
/// milliseconds since 1970. Kept in the folder; throws `storage`.
std::int64_t next_boot(const std::filesystem::path& folder);

}  // namespace astro::detail
