// SPDX-License-Identifier: BSD-3-Clause
#include <cstdlib>

#include "conformance/kept.hpp"
#include "conformance/stores/under_test.hpp"

namespace astro::testing {
namespace {

class Stores : public EveryStore {};
ASTRO_WITH_EVERY_STORE(Stores);

TEST_P(Stores, KeepEveryPromise) {
  Map settings = this->settings().as_map();
  for (auto& [key, value] : settings) {
    if (value.find("secret_key") == nullptr) continue;  // a site file has secrets from the environment alone
    ::setenv("ASTRO_TEST_SECRET_KEY", value.find("secret_key")->as_text().c_str(), 1);
    value.set("secret_key", "${ASTRO_TEST_SECRET_KEY}");
  }
  std::vector<std::pair<std::string, std::string>> written;
  for (const auto& [key, value] : settings) written.emplace_back(key, to_json(value));
  expect_kept(conformance_subject(DeviceKind::store, GetParam().driver, written));
}

}  // namespace
}  // namespace astro::testing
