// SPDX-License-Identifier: BSD-3-Clause
#include "sky/kernels/kernels.hpp"
#include "sky/kernels/loops.hpp"

namespace astro::sky {

extern const Kernels kernels_v4;
const Kernels kernels_v4 = made("x86-64-v4");

}  // namespace astro::sky
