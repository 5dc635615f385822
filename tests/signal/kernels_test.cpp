// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "signal/kernel_checks.hpp"
#include "signal/kernels/select.hpp"

namespace astro {
namespace {

// Of the instruction sets that this processor has.
TEST(Kernels, AreAsExactAsTheirRoundingAllows) {
  for (const signal::Kernels* kernels : signal::usable_kernels()) {
    for (const auto& check : testing::check_kernels(*kernels)) {
      EXPECT_LE(check.worst, 1.0) << kernels->name << " " << check.name;
    }
  }
}

TEST(Kernels, AreTakenForTheBestInstructionSetUnlessAnotherIsNamed) {
  const auto usable = signal::usable_kernels();
  ASSERT_FALSE(usable.empty());
  EXPECT_STREQ(usable.front()->name, "baseline");
#if defined(__x86_64__)
  EXPECT_EQ(usable.size() > 1, __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"));
#endif
  const bool none_is_named = std::getenv("ASTRO_KERNELS") == nullptr;
  EXPECT_EQ(&signal::kernels() == usable.back(), none_is_named || usable.size() == 1);
}

}  // namespace
}  // namespace astro
