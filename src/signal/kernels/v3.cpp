// SPDX-License-Identifier: BSD-3-Clause
#include "signal/kernels/kernels.hpp"
#include "signal/kernels/loops.hpp"

namespace astro::signal {

extern const Kernels kernels_v3;
const Kernels kernels_v3{.name = "x86-64-v3",
                         .fold_u8 = fold<std::uint8_t>,
                         .fold_i8 = fold<std::int8_t>,
                         .fold_i16 = fold<std::int16_t>,
                         .fold_f32 = fold<float>,
                         .balance = balance,
                         .add_power = add_power,
                         .add_moments = add_moments,
                         .flush = flush};

}  // namespace astro::signal
