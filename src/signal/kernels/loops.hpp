// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>

/// The loops as any compiler vectorises them. Each file of kernels includes them under its own
/// options; all names are local to it.
namespace astro::signal {
namespace {

template <class T>
constexpr float zero_of = 0.0F;
template <>
constexpr float zero_of<std::uint8_t> = 127.5F;

template <class T>
inline float number(T value) noexcept {
  return static_cast<float>(value) - zero_of<T>;
}

template <class T, bool Add>
inline void fold_one(const T* __restrict a, const float* __restrict taps, float* __restrict out,
                     std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    if constexpr (Add) out[i] += number(a[i]) * taps[i];
    else out[i] = number(a[i]) * taps[i];
  }
}

template <class T, bool Add>
inline void fold_two(const T* __restrict a, const T* __restrict b, const float* __restrict taps,
                     const float* __restrict taps_b, float* __restrict out, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    const float sum = number(a[i]) * taps[i] + number(b[i]) * taps_b[i];
    out[i] = Add ? out[i] + sum : sum;
  }
}

template <class T, bool Add>
inline void fold_four(const T* __restrict a, const T* __restrict b, const T* __restrict c, const T* __restrict d,
                      const float* __restrict taps, float* __restrict out, std::size_t count) noexcept {
  const float* __restrict taps_b = taps + count;
  const float* __restrict taps_c = taps + 2 * count;
  const float* __restrict taps_d = taps + 3 * count;
  for (std::size_t i = 0; i < count; ++i) {
    const float sum =
        number(a[i]) * taps[i] + number(b[i]) * taps_b[i] + number(c[i]) * taps_c[i] + number(d[i]) * taps_d[i];
    out[i] = Add ? out[i] + sum : sum;
  }
}

/// The rows from `first` on, as many at once as a pass over the output takes; returns how many.
template <class T, bool Add>
inline std::size_t fold_pass(const void* const* rows, const float* taps, std::size_t left, float* out,
                             std::size_t count) noexcept {
  const auto row = [rows](std::size_t t) { return static_cast<const T*>(rows[t]); };
  if (left >= 4) {
    fold_four<T, Add>(row(0), row(1), row(2), row(3), taps, out, count);
    return 4;
  }
  if (left >= 2) {
    fold_two<T, Add>(row(0), row(1), taps, taps + count, out, count);
    return 2;
  }
  fold_one<T, Add>(row(0), taps, out, count);
  return 1;
}

template <class T>
void fold(const void* const* rows, const float* taps, std::size_t tap_count, float* out, std::size_t count) noexcept {
  std::size_t done = fold_pass<T, false>(rows, taps, tap_count, out, count);
  while (done < tap_count) done += fold_pass<T, true>(rows + done, taps + done * count, tap_count - done, out, count);
}

void balance(float* __restrict samples, const float* __restrict matrix, std::size_t count) noexcept {
  const float m[6] = {matrix[0], matrix[1], matrix[2], matrix[3], matrix[4], matrix[5]};
  for (std::size_t i = 0; i < count; ++i) {
    const float real = samples[2 * i];
    const float imaginary = samples[2 * i + 1];
    samples[2 * i] = m[0] * real + m[1] * imaginary + m[2];
    samples[2 * i + 1] = m[3] * real + m[4] * imaginary + m[5];
  }
}

void add_power(const float* __restrict spectrum, float* __restrict power, std::size_t channels) noexcept {
  for (std::size_t k = 0; k < channels; ++k) {
    const float real = spectrum[2 * k];
    const float imaginary = spectrum[2 * k + 1];
    power[k] += real * real + imaginary * imaginary;
  }
}

void add_moments(const float* __restrict spectrum, float* __restrict power, float* __restrict square,
                 std::size_t channels) noexcept {
  for (std::size_t k = 0; k < channels; ++k) {
    const float real = spectrum[2 * k];
    const float imaginary = spectrum[2 * k + 1];
    const float one = real * real + imaginary * imaginary;
    power[k] += one;
    square[k] += one * one;
  }
}

void flush(float* __restrict power, double* __restrict sum, std::size_t channels) noexcept {
  for (std::size_t k = 0; k < channels; ++k) {
    sum[k] += static_cast<double>(power[k]);
    power[k] = 0.0F;
  }
}

}  // namespace
}  // namespace astro::signal
