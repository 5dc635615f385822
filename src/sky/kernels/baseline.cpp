// SPDX-License-Identifier: BSD-3-Clause
#include "sky/kernels/kernels.hpp"
#include "sky/kernels/loops.hpp"

namespace astro::sky {

extern const Kernels kernels_baseline;
const Kernels kernels_baseline = made("baseline");

}  // namespace astro::sky
