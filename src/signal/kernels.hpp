// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>

/// The loops that see every sample, in a file of their own, so that they can be compiled with more
/// optimisation than the rest. Arrays never overlap; `count` is in real numbers, two a sample.
namespace astro::signal {

/// Convert and taper in one pass. `window` holds each coefficient twice (real, imaginary), with the
/// scale of the integers already in it.
void window_f32(const float* in, const float* window, float* out, std::size_t count) noexcept;
void window_u8(const std::uint8_t* in, const float* window, float* out, std::size_t count) noexcept;
void window_i8(const std::int8_t* in, const float* window, float* out, std::size_t count) noexcept;
void window_i16(const std::int16_t* in, const float* window, float* out, std::size_t count) noexcept;

/// power[k] += |spectrum[k]|^2, of `channels` complex numbers.
void add_power(const float* spectrum, float* power, std::size_t channels) noexcept;

/// sum[k] += power[k], and power[k] = 0.
void flush_power(float* power, double* sum, std::size_t channels) noexcept;

}  // namespace astro::signal
