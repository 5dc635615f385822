// SPDX-License-Identifier: BSD-3-Clause
#include "sky/kernels/kernels.hpp"
#include "sky/kernels/loops.hpp"

namespace astro::sky {

extern const Kernels kernels_v3;
const Kernels kernels_v3 = made("x86-64-v3");

}  // namespace astro::sky
