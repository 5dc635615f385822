// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <fftw3.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <vector>

#include "astro/signal/spectrometer.hpp"

/// The limit: what a spectrometer has to do, and nothing else. Convert, weight, transform, add, on one
/// block in cache, without blocks, gaps and times; compiled for x86-64-v3 where there is such a thing.
namespace limit {

#if defined(__x86_64__)
#define ASTRO_LIMIT_V3 __attribute__((target("avx2,fma,bmi,bmi2"), noinline))
#else
#define ASTRO_LIMIT_V3 __attribute__((noinline))
#endif

inline constexpr float zero_of(const float*) { return 0.0F; }
inline constexpr float zero_of(const std::uint8_t*) { return 127.5F; }

template <class T>
ASTRO_LIMIT_V3 void window(const T* __restrict in, const float* __restrict taps, float* __restrict out,
                           std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) out[i] = (static_cast<float>(in[i]) - zero_of(in)) * taps[i];
}

template <class T>
ASTRO_LIMIT_V3 void four_taps(const T* __restrict a, const T* __restrict b, const T* __restrict c,
                              const T* __restrict d, const float* __restrict taps, float* __restrict out,
                              std::size_t count) {
  const float* __restrict taps_b = taps + count;
  const float* __restrict taps_c = taps + 2 * count;
  const float* __restrict taps_d = taps + 3 * count;
  const auto value = [](T sample) { return static_cast<float>(sample) - zero_of(static_cast<const T*>(nullptr)); };
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = value(a[i]) * taps[i] + value(b[i]) * taps_b[i] + value(c[i]) * taps_c[i] + value(d[i]) * taps_d[i];
  }
}

ASTRO_LIMIT_V3 inline void add_power(const float* __restrict spectrum, float* __restrict sum, std::size_t channels) {
  for (std::size_t k = 0; k < channels; ++k) {
    sum[k] += spectrum[2 * k] * spectrum[2 * k] + spectrum[2 * k + 1] * spectrum[2 * k + 1];
  }
}

/// FFTW's buffers and plan, the taps and the sum. The plan is the one that the library measured, so
/// that both sides run the same transform.
class Spectrometer {
 public:
  Spectrometer(std::size_t channels, std::size_t taps)
      : channels_(channels), taps_(2 * channels * taps), sum_(channels) {
    const astro::Spectrometer measured({.channels = static_cast<std::uint32_t>(channels)});
    input_ = fftwf_alloc_real(2 * channels);
    output_ = fftwf_alloc_real(2 * channels);
    const auto plan = [&](unsigned flags) {
      return fftwf_plan_dft_1d(static_cast<int>(channels), reinterpret_cast<fftwf_complex*>(input_),
                               reinterpret_cast<fftwf_complex*>(output_), FFTW_FORWARD,
                               FFTW_MEASURE | FFTW_DESTROY_INPUT | flags);
    };
    plan_ = plan(FFTW_WISDOM_ONLY);
    if (plan_ == nullptr) plan_ = plan(0);  // on a busy machine the library ran out of the time it gives itself
    const auto length = static_cast<double>(channels * taps);
    for (std::size_t i = 0; i < channels * taps; ++i) {
      const auto at = static_cast<double>(i);
      const double x = std::numbers::pi * (at / static_cast<double>(channels) - 0.5 * static_cast<double>(taps));
      const double sinc = taps == 1 || x == 0.0 ? 1.0 : std::sin(x) / x;
      taps_[2 * i] = taps_[2 * i + 1] =
          static_cast<float>(sinc * (0.5 - 0.5 * std::cos(2.0 * std::numbers::pi * at / length)));
    }
  }
  ~Spectrometer() {
    fftwf_destroy_plan(plan_);
    fftwf_free(input_);
    fftwf_free(output_);
  }
  Spectrometer(const Spectrometer&) = delete;
  Spectrometer& operator=(const Spectrometer&) = delete;

  template <class T>
  void add_windowed(const T* in, std::size_t count) {
    for (std::size_t at = 0; at < count; at += 2 * channels_) {
      window(in + at, taps_.data(), input_, 2 * channels_);
      transform_and_add();
    }
  }

  /// The block as a ring: each row with the three before it, those of the first at its end.
  template <class T>
  void add_filtered(const T* in, std::size_t count) {
    const std::size_t row = 2 * channels_;
    const auto row_at = [&](std::size_t at, std::size_t back) { return in + (at + count - back * row) % count; };
    for (std::size_t at = 0; at < count; at += row) {
      four_taps(row_at(at, 3), row_at(at, 2), row_at(at, 1), in + at, taps_.data(), input_, row);
      transform_and_add();
    }
  }

  const float* sum() const { return sum_.data(); }

 private:
  void transform_and_add() {
    fftwf_execute(plan_);
    add_power(output_, sum_.data(), channels_);
  }

  std::size_t channels_;
  std::vector<float> taps_;
  std::vector<float> sum_;
  float* input_;
  float* output_;
  fftwf_plan plan_;
};

}  // namespace limit
