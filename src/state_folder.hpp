// SPDX-License-Identifier: BSD-3-Clause
#pragma once

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

}  // namespace astro::detail
