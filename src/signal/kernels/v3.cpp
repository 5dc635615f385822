// SPDX-License-Identifier: BSD-3-Clause
// The powers by hand: to take pairs apart g++ shuffles numbers across the halves of a register four
// times for eight channels, which takes twice as long. Here they stay within them, and only the powers cross.
#include <immintrin.h>

#include "signal/kernels/kernels.hpp"
#include "signal/kernels/loops.hpp"

namespace astro::signal {
namespace {

/// Of eight complex numbers.
inline __m256 power_of(const float* spectrum) noexcept {
  const __m256 low = _mm256_loadu_ps(spectrum);
  const __m256 high = _mm256_loadu_ps(spectrum + 8);
  const __m256 real = _mm256_shuffle_ps(low, high, 0b10'00'10'00);
  const __m256 imaginary = _mm256_shuffle_ps(low, high, 0b11'01'11'01);
  const __m256 power = _mm256_fmadd_ps(real, real, _mm256_mul_ps(imaginary, imaginary));
  // So far in pairs that begin with channels 0, 4, 2 and 6.
  return _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(power), 0b11'01'10'00));
}

void v3_add_power(const float* spectrum, float* power, std::size_t channels) noexcept {
  std::size_t k = 0;
  for (; k + 8 <= channels; k += 8) {
    _mm256_storeu_ps(power + k, _mm256_add_ps(_mm256_loadu_ps(power + k), power_of(spectrum + 2 * k)));
  }
  add_power(spectrum + 2 * k, power + k, channels - k);
}

void v3_add_moments(const float* spectrum, float* power, float* square, std::size_t channels) noexcept {
  std::size_t k = 0;
  for (; k + 8 <= channels; k += 8) {
    const __m256 one = power_of(spectrum + 2 * k);
    _mm256_storeu_ps(power + k, _mm256_add_ps(_mm256_loadu_ps(power + k), one));
    _mm256_storeu_ps(square + k, _mm256_fmadd_ps(one, one, _mm256_loadu_ps(square + k)));
  }
  add_moments(spectrum + 2 * k, power + k, square + k, channels - k);
}

}  // namespace

extern const Kernels kernels_v3;
const Kernels kernels_v3{.name = "x86-64-v3",
                         .fold_u8 = fold<std::uint8_t>,
                         .fold_i8 = fold<std::int8_t>,
                         .fold_i16 = fold<std::int16_t>,
                         .fold_f32 = fold<float>,
                         .balance = balance,
                         .add_power = v3_add_power,
                         .add_moments = v3_add_moments,
                         .flush = flush};

}  // namespace astro::signal
