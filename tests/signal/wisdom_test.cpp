// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include "astro/signal/spectrometer.hpp"
#include "testing/testing.hpp"

namespace astro {
namespace {

/// The environment variable for as long as this lives.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    setenv(name, value.c_str(), 1);
  }
  ~Environment() {
    if (before_) setenv(name_, before_->c_str(), 1);
    else unsetenv(name_);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

std::optional<std::filesystem::path> wisdom_in(const std::filesystem::path& folder) {
  if (!std::filesystem::exists(folder / "astro")) return std::nullopt;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "astro")) {
    if (entry.path().extension() == ".wisdom") return entry.path();
  }
  return std::nullopt;
}

// Sizes that no other test plans: what is known already is not measured, nor kept again.
TEST(Wisdom, IsKeptInTheUsersCache) {
  const testing::TemporaryFolder folder;
  const Environment cache("XDG_CACHE_HOME", folder.path().string());
  const Spectrometer spectrometer({.channels = 1234});
  const auto kept = wisdom_in(folder.path());
  ASSERT_TRUE(kept);
  EXPECT_THAT(testing::read_file(*kept), ::testing::StartsWith("(fftw-"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(kept->parent_path()), {}), 1);
}

TEST(Wisdom, ThatCannotBeReadOrKeptIsDoneWithout) {
  const testing::TemporaryFolder folder;
  {
    const Environment cache("XDG_CACHE_HOME", folder.path().string());
    const Spectrometer spectrometer({.channels = 1236});
    const auto kept = wisdom_in(folder.path());
    ASSERT_TRUE(kept);
    folder.write(std::filesystem::relative(*kept, folder.path()).string(), "no wisdom at all");
    EXPECT_NO_THROW(Spectrometer({.channels = 1238}));
  }
  folder.write("a file", "");
  const Environment file("XDG_CACHE_HOME", (folder.path() / "a file").string());
  EXPECT_NO_THROW(Spectrometer({.channels = 1240}));
}

}  // namespace
}  // namespace astro
