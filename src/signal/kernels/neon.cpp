// SPDX-License-Identifier: BSD-3-Clause
// By hand: pairs are taken apart by the load itself, and bytes widened in two steps.
#include <arm_neon.h>

#include "signal/kernels/kernels.hpp"
#include "signal/kernels/loops.hpp"

namespace astro::signal {
namespace {

struct Eight {
  float32x4_t low;
  float32x4_t high;
};

inline Eight widened(int16x8_t values) noexcept {
  return {vcvtq_f32_s32(vmovl_s16(vget_low_s16(values))), vcvtq_f32_s32(vmovl_s16(vget_high_s16(values)))};
}

inline Eight load(const std::int16_t* in) noexcept { return widened(vld1q_s16(in)); }
inline Eight load(const std::int8_t* in) noexcept { return widened(vmovl_s8(vld1_s8(in))); }
inline Eight load(const float* in) noexcept { return {vld1q_f32(in), vld1q_f32(in + 4)}; }
inline Eight load(const std::uint8_t* in) noexcept {
  const Eight raw = widened(vreinterpretq_s16_u16(vmovl_u8(vld1_u8(in))));
  const float32x4_t zero = vdupq_n_f32(zero_of<std::uint8_t>);
  return {vsubq_f32(raw.low, zero), vsubq_f32(raw.high, zero)};
}

/// `Taps` rows at once, eight numbers at a time; the last few as any compiler does them.
template <class T, std::size_t Taps, bool Add>
inline void fold_rows(const void* const* rows, const float* taps, float* out, std::size_t count) noexcept {
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    Eight sum = Add ? load(out + i) : Eight{vdupq_n_f32(0.0F), vdupq_n_f32(0.0F)};
    for (std::size_t t = 0; t < Taps; ++t) {
      const Eight value = load(static_cast<const T*>(rows[t]) + i);
      const Eight tap = load(taps + t * count + i);
      sum = {vfmaq_f32(sum.low, value.low, tap.low), vfmaq_f32(sum.high, value.high, tap.high)};
    }
    vst1q_f32(out + i, sum.low);
    vst1q_f32(out + i + 4, sum.high);
  }
  for (; i < count; ++i) {
    float sum = Add ? out[i] : 0.0F;
    for (std::size_t t = 0; t < Taps; ++t) sum += number(static_cast<const T*>(rows[t])[i]) * taps[t * count + i];
    out[i] = sum;
  }
}

template <class T, bool Add>
inline std::size_t neon_pass(const void* const* rows, const float* taps, std::size_t left, float* out,
                             std::size_t count) noexcept {
  if (left >= 4) {
    fold_rows<T, 4, Add>(rows, taps, out, count);
    return 4;
  }
  if (left >= 2) {
    fold_rows<T, 2, Add>(rows, taps, out, count);
    return 2;
  }
  fold_rows<T, 1, Add>(rows, taps, out, count);
  return 1;
}

template <class T>
void neon_fold(const void* const* rows, const float* taps, std::size_t tap_count, float* out,
               std::size_t count) noexcept {
  std::size_t done = neon_pass<T, false>(rows, taps, tap_count, out, count);
  while (done < tap_count) done += neon_pass<T, true>(rows + done, taps + done * count, tap_count - done, out, count);
}

void neon_balance(float* samples, const float* m, std::size_t count) noexcept {
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    const float32x4x2_t in = vld2q_f32(samples + 2 * i);
    float32x4x2_t made;
    made.val[0] = vfmaq_n_f32(vfmaq_n_f32(vdupq_n_f32(m[2]), in.val[0], m[0]), in.val[1], m[1]);
    made.val[1] = vfmaq_n_f32(vfmaq_n_f32(vdupq_n_f32(m[5]), in.val[0], m[3]), in.val[1], m[4]);
    vst2q_f32(samples + 2 * i, made);
  }
  balance(samples + 2 * i, m, count - i);
}

inline float32x4_t power_of(const float* spectrum) noexcept {
  const float32x4x2_t in = vld2q_f32(spectrum);
  return vfmaq_f32(vmulq_f32(in.val[0], in.val[0]), in.val[1], in.val[1]);
}

void neon_add_power(const float* spectrum, float* power, std::size_t channels) noexcept {
  std::size_t k = 0;
  for (; k + 4 <= channels; k += 4) vst1q_f32(power + k, vaddq_f32(vld1q_f32(power + k), power_of(spectrum + 2 * k)));
  add_power(spectrum + 2 * k, power + k, channels - k);
}

void neon_add_moments(const float* spectrum, float* power, float* square, std::size_t channels) noexcept {
  std::size_t k = 0;
  for (; k + 4 <= channels; k += 4) {
    const float32x4_t one = power_of(spectrum + 2 * k);
    vst1q_f32(power + k, vaddq_f32(vld1q_f32(power + k), one));
    vst1q_f32(square + k, vfmaq_f32(vld1q_f32(square + k), one, one));
  }
  add_moments(spectrum + 2 * k, power + k, square + k, channels - k);
}

}  // namespace

extern const Kernels kernels_neon;
const Kernels kernels_neon{.name = "neon",
                           .fold_u8 = neon_fold<std::uint8_t>,
                           .fold_i8 = neon_fold<std::int8_t>,
                           .fold_i16 = neon_fold<std::int16_t>,
                           .fold_f32 = neon_fold<float>,
                           .balance = neon_balance,
                           .add_power = neon_add_power,
                           .add_moments = neon_add_moments,
                           .flush = flush};

}  // namespace astro::signal
