// SPDX-License-Identifier: BSD-3-Clause
#include "signal/kernels.hpp"

namespace astro::signal {
namespace {

constexpr float zero_of_u8 = 127.5F;

template <class T>
inline void window_integers(const T* __restrict in, const float* __restrict window, float* __restrict out,
                            std::size_t count, float zero) noexcept {
  for (std::size_t i = 0; i < count; ++i) out[i] = (static_cast<float>(in[i]) - zero) * window[i];
}

}  // namespace

void window_f32(const float* __restrict in, const float* __restrict window, float* __restrict out,
                std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i) out[i] = in[i] * window[i];
}

void window_u8(const std::uint8_t* in, const float* window, float* out, std::size_t count) noexcept {
  window_integers(in, window, out, count, zero_of_u8);
}

void window_i8(const std::int8_t* in, const float* window, float* out, std::size_t count) noexcept {
  window_integers(in, window, out, count, 0.0F);
}

void window_i16(const std::int16_t* in, const float* window, float* out, std::size_t count) noexcept {
  window_integers(in, window, out, count, 0.0F);
}

void add_power(const float* __restrict spectrum, float* __restrict power, std::size_t channels) noexcept {
  for (std::size_t k = 0; k < channels; ++k) {
    const float real = spectrum[2 * k];
    const float imaginary = spectrum[2 * k + 1];
    power[k] += real * real + imaginary * imaginary;
  }
}

void flush_power(float* __restrict power, double* __restrict sum, std::size_t channels) noexcept {
  for (std::size_t k = 0; k < channels; ++k) {
    sum[k] += static_cast<double>(power[k]);
    power[k] = 0.0F;
  }
}

}  // namespace astro::signal
