// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <complex>
#include <cstdint>
#include <span>

namespace simulator {

/// What an 8-bit receiver makes of samples: 127.5 at zero, full scale at 1, clipped beyond.
void to_cu8(std::span<const std::complex<float>> samples, std::span<std::uint8_t> out) noexcept;

}  // namespace simulator
