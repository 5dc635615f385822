// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace astro::testing {

/// A new folder under the system's temporary one, removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }
  /// Writes a file in it and returns its path.
  std::filesystem::path write(const std::string& name, const std::string& content) const;

 private:
  std::filesystem::path path_;
};

/// The folder of real recordings that ASTRO_TEST_DATA names, or nothing. A test that needs it
/// skips itself with `ASTRO_NEEDS_RECORDINGS`; .ci/run refuses to start without it.
std::optional<std::filesystem::path> recordings();

/// The whole file as text; fails the test when it cannot be read.
std::string read_file(const std::filesystem::path& path);

}  // namespace astro::testing

#define ASTRO_NEEDS_RECORDINGS(name)                                                       \
  const auto name##_or_nothing = astro::testing::recordings();                             \
  if (!name##_or_nothing) GTEST_SKIP() << "ASTRO_TEST_DATA names no folder of recordings"; \
  const std::filesystem::path name = *name##_or_nothing
