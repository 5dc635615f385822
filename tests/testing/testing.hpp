// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
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

/// Whether this is one of the long runs of scripts/soak: ASTRO_LONG is set.
bool is_long();

/// What everything random of a test begins with: the same for each change, another one in each long run;
/// ASTRO_SEED in the environment has a run once more. It is printed when it was drawn.
std::uint32_t first_seed();

}  // namespace astro::testing

#define ASTRO_NEEDS_RECORDINGS(name)                                                       \
  const auto name##_or_nothing = astro::testing::recordings();                             \
  if (!name##_or_nothing) GTEST_SKIP() << "ASTRO_TEST_DATA names no folder of recordings"; \
  const std::filesystem::path name = *name##_or_nothing
