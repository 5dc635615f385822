// SPDX-License-Identifier: BSD-3-Clause
#include "sky/kernels/kernels.hpp"

namespace astro::sky {

extern const Kernels kernels_baseline;

#if defined(__x86_64__)
extern const Kernels kernels_v3;
extern const Kernels kernels_v4;

namespace {

// The levels of the x86-64 psABI, by the features that these loops use.
const Kernels& best() noexcept {
  __builtin_cpu_init();
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
  if (v4) return kernels_v4;
  return v3 ? kernels_v3 : kernels_baseline;
}

}  // namespace

const Kernels& kernels() noexcept {
  static const Kernels& chosen = best();
  return chosen;
}
#else
// On aarch64 the baseline has vectors.
const Kernels& kernels() noexcept { return kernels_baseline; }
#endif

}  // namespace astro::sky
