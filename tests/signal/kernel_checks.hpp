// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "signal/kernels/kernels.hpp"

/// Each kernel beside the same sum in double precision. Used by the tests of this machine and by the
/// program that is compiled for another processor, so that it needs nothing but the standard library.
namespace astro::testing {

using signal::Fold;
using signal::Kernels;

/// The largest error of a kernel over what the rounding of its operations allows: at most 1.
struct KernelCheck {
  std::string name;
  double worst = 0.0;
};

/// Half the distance of two floats: what one operation may lose of its result.
constexpr double rounding = 0x1p-24;

/// Lengths with and without a rest that no vector takes, and starts that are not aligned to one.
inline const std::vector<std::size_t> lengths{2, 6, 14, 30, 62, 126, 2048, 2050, 4102};

inline double compared(double got, double exact, double magnitude, double operations) {
  const double allowed = operations * rounding * magnitude;
  return allowed > 0.0 ? std::abs(got - exact) / allowed : (got == exact ? 0.0 : 1e9);
}

inline std::vector<float> normal_floats(std::size_t count, std::mt19937& random) {
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

template <class T>
std::vector<T> samples_for_kernels(std::size_t count, std::mt19937& random) {
  if constexpr (std::is_same_v<T, float>) return normal_floats(count, random);
  else {
    std::uniform_int_distribution<int> any(std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
    std::vector<T> values(count);
    for (T& value : values) value = static_cast<T>(any(random));
    return values;
  }
}

/// sum of taps times samples: each term is rounded once, each partial sum of at most `taps` once more.
template <class T>
double worst_fold(Fold fold, double zero, std::size_t taps, std::size_t count, std::mt19937& random) {
  std::vector<std::vector<T>> rows;
  std::vector<const void*> pointers;
  for (std::size_t t = 0; t < taps; ++t) rows.push_back(samples_for_kernels<T>(count + 1, random));
  for (const auto& row : rows) pointers.push_back(row.data() + 1);
  const std::vector<float> weights = normal_floats(taps * count, random);
  std::vector<float> out(count, 123.0F);
  fold(pointers.data(), weights.data(), taps, out.data(), count);
  double worst = 0.0;
  for (std::size_t i = 0; i < count; ++i) {
    double exact = 0.0;
    double magnitude = 0.0;
    for (std::size_t t = 0; t < taps; ++t) {
      const double term = (static_cast<double>(rows[t][i + 1]) - zero) * static_cast<double>(weights[t * count + i]);
      exact += term;
      magnitude += std::abs(term);
    }
    worst = std::max(worst, compared(out[i], exact, magnitude, 1.0 + static_cast<double>(taps)));
  }
  return worst;
}

template <class T>
KernelCheck check_fold(const char* name, Fold fold, double zero) {
  std::mt19937 random(1);
  KernelCheck check{name};
  for (const std::size_t taps : {1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U, 13U}) {
    for (const std::size_t count : lengths) {
      check.worst = std::max(check.worst, worst_fold<T>(fold, zero, taps, count, random));
    }
  }
  return check;
}

/// Two products and two additions of each number.
inline KernelCheck check_balance(const Kernels& kernels) {
  std::mt19937 random(2);
  KernelCheck check{"balance"};
  const std::vector<float> m{1.01F, -0.2F, 0.4F, 0.13F, 0.9F, -0.7F};
  for (const std::size_t count : lengths) {
    const std::vector<float> in = normal_floats(2 * count + 1, random);
    std::vector<float> made = in;
    kernels.balance(made.data() + 1, m.data(), count);
    for (std::size_t i = 0; i < 2 * count; ++i) {
      const double re = in[1 + i - i % 2];
      const double im = in[2 + i - i % 2];
      const float* row = m.data() + 3 * (i % 2);
      const double magnitude = std::abs(row[0] * re) + std::abs(row[1] * im) + std::abs(row[2]);
      check.worst = std::max(check.worst, compared(made[i + 1], row[0] * re + row[1] * im + row[2], magnitude, 3.0));
    }
  }
  return check;
}

/// Two squares, their sum, and what was there: four roundings at most, all terms positive. Of the
/// square, whose factors have three each, seven and one more.
inline std::vector<KernelCheck> check_powers(const Kernels& kernels) {
  std::mt19937 random(3);
  KernelCheck power_check{"add_power"};
  KernelCheck moments_check{"add_moments, power"};
  KernelCheck square_check{"add_moments, square"};
  for (const std::size_t channels : lengths) {
    const std::vector<float> spectrum = normal_floats(2 * channels, random);
    std::vector<float> before = normal_floats(channels, random);
    for (float& value : before) value = std::abs(value);
    std::vector<float> power = before;
    std::vector<float> power_too = before;
    std::vector<float> square = before;
    kernels.add_power(spectrum.data(), power.data(), channels);
    kernels.add_moments(spectrum.data(), power_too.data(), square.data(), channels);
    for (std::size_t k = 0; k < channels; ++k) {
      const double re = spectrum[2 * k];
      const double im = spectrum[2 * k + 1];
      const double one = re * re + im * im;
      const double sum = before[k] + one;
      const double squares = before[k] + one * one;
      power_check.worst = std::max(power_check.worst, compared(power[k], sum, sum, 4.0));
      moments_check.worst = std::max(moments_check.worst, compared(power_too[k], sum, sum, 4.0));
      square_check.worst = std::max(square_check.worst, compared(square[k], squares, squares, 8.0));
    }
  }
  return {power_check, moments_check, square_check};
}

/// A sum in double of a float is exact here: nothing at all may be lost.
inline KernelCheck check_flush(const Kernels& kernels) {
  std::mt19937 random(4);
  KernelCheck check{"flush"};
  for (const std::size_t channels : lengths) {
    std::vector<float> power = normal_floats(channels, random);
    const std::vector<float> added = power;
    std::vector<double> sum(channels, 3.0);
    kernels.flush(power.data(), sum.data(), channels);
    for (std::size_t k = 0; k < channels; ++k) {
      if (sum[k] != 3.0 + static_cast<double>(added[k]) || power[k] != 0.0F) check.worst = 1e9;
    }
  }
  return check;
}

inline std::vector<KernelCheck> check_kernels(const Kernels& kernels) {
  std::vector<KernelCheck> checks{check_fold<std::uint8_t>("fold_u8", kernels.fold_u8, 127.5),
                                  check_fold<std::int8_t>("fold_i8", kernels.fold_i8, 0.0),
                                  check_fold<std::int16_t>("fold_i16", kernels.fold_i16, 0.0),
                                  check_fold<float>("fold_f32", kernels.fold_f32, 0.0),
                                  check_balance(kernels),
                                  check_flush(kernels)};
  for (KernelCheck& check : check_powers(kernels)) checks.push_back(std::move(check));
  return checks;
}

}  // namespace astro::testing
