// SPDX-License-Identifier: BSD-3-Clause
#include "signal/kernels/select.hpp"

#include <cstdlib>
#include <cstring>

namespace astro::signal {

extern const Kernels kernels_baseline;
#if defined(__x86_64__)
extern const Kernels kernels_v3;
extern const Kernels kernels_v4;
#elif defined(__aarch64__)
extern const Kernels kernels_neon;
#endif

namespace {

const Kernels& chosen() {
  const std::vector<const Kernels*> usable = usable_kernels();
  const char* wanted = std::getenv("ASTRO_KERNELS");
  for (const Kernels* one : usable) {
    if (wanted != nullptr && std::strcmp(one->name, wanted) == 0) return *one;
  }
  return *usable.back();
}

}  // namespace

std::vector<const Kernels*> usable_kernels() {
  std::vector<const Kernels*> usable{&kernels_baseline};
#if defined(__x86_64__)
  // All of a level that these loops could meet; the levels' own names are not known to each compiler.
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
                  __builtin_cpu_supports("bmi2");
  if (v3) usable.push_back(&kernels_v3);
  if (v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    usable.push_back(&kernels_v4);
  }
#elif defined(__aarch64__)
  usable.push_back(&kernels_neon);
#endif
  return usable;
}

const Kernels& kernels() noexcept {
  static const Kernels& best = chosen();
  return best;
}

}  // namespace astro::signal
