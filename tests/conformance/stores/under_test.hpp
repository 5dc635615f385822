// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <functional>
#include <ostream>
#include <string>

#include "conformance/stores/opened.hpp"
#include "testing/testing.hpp"

namespace astro::testing {

/// All that the tests know of a store: how to open one. To try another store, add it to `stores()`.
struct StoreUnderTest {
  std::string name;    ///< in the test's name
  std::string driver;  ///< as a site file names it
  /// Settings of a store that is new and empty for a new folder, and the same one again for the same folder.
  std::function<Value(const std::filesystem::path& folder)> settings;

  friend std::ostream& operator<<(std::ostream& stream, const StoreUnderTest& store) { return stream << store.name; }
};

/// Every store of this machine, each with the places where it can keep objects.
const std::vector<StoreUnderTest>& stores();

/// A test that is run with each of them.
class EveryStore : public ::testing::TestWithParam<StoreUnderTest> {
 protected:
  Value settings() const { return GetParam().settings(folder_.path()); }
  Opened open() const { return {GetParam().driver, settings()}; }

 private:
  TemporaryFolder folder_;
};

}  // namespace astro::testing

#define ASTRO_WITH_EVERY_STORE(Suite)                                                      \
  INSTANTIATE_TEST_SUITE_P(Stores, Suite, ::testing::ValuesIn(::astro::testing::stores()), \
                           [](const auto& each) { return each.param.name; })
