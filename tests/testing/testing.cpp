// SPDX-License-Identifier: BSD-3-Clause
#include "testing/testing.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>
#include <string_view>

#include "testing/leaks.hpp"

namespace astro::testing {

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "astro-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a temporary folder " + name);
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path TemporaryFolder::write(const std::string& name, const std::string& content) const {
  const auto file = path_ / name;
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << content;
  return file;
}

bool is_long() { return std::getenv("ASTRO_LONG") != nullptr; }

std::uint32_t first_seed() {
  if (const char* given = std::getenv("ASTRO_SEED")) return static_cast<std::uint32_t>(std::stoul(given));
  std::uint32_t seed = 2166136261U;  // FNV-1a of the test's name: the parts of a test differ
  if (const auto* test = ::testing::UnitTest::GetInstance()->current_test_info(); test != nullptr) {
    for (const std::string_view name : {test->test_suite_name(), test->name()})
      for (const char letter : name) seed = (seed ^ static_cast<unsigned char>(letter)) * 16777619U;
  }
  if (is_long()) seed ^= std::random_device()();
  std::printf("ASTRO_SEED=%u\n", seed);
  return seed;
}

std::optional<std::filesystem::path> recordings() {
  const char* folder = std::getenv("ASTRO_TEST_DATA");
  if (folder == nullptr || *folder == '\0' || !std::filesystem::is_directory(folder)) return std::nullopt;
  return std::filesystem::path(folder);
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  EXPECT_TRUE(stream) << "cannot read " << path;
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

}  // namespace astro::testing
