// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>

/// The loops that see every sample, once for each instruction set in a file of its own. This header
/// and those files use nothing of the standard library that would leave a function behind: compiled
/// for a newer processor, it might be the one that the linker keeps for all others.
namespace astro::signal {

/// out[i] = sum over t of taps[t * count + i] * (rows[t][i] - zero): one tap is a window, several
/// are a filterbank. `count` is in real numbers, two a complex sample. `out` overlaps nothing.
using Fold = void (*)(const void* const* rows, const float* taps, std::size_t tap_count, float* out,
                      std::size_t count) noexcept;

struct Kernels {
  const char* name;  ///< of the instruction set: "x86-64-v3"
  Fold fold_u8;      ///< zero is 127.5; of the others 0
  Fold fold_i8;
  Fold fold_i16;
  Fold fold_f32;
  /// Of interleaved complex samples, in place: re = m[0] re + m[1] im + m[2], im = m[3] re + m[4] im + m[5].
  void (*balance)(float* samples, const float* matrix, std::size_t count) noexcept;
  /// power[k] += |spectrum[k]|^2, of `channels` complex numbers.
  void (*add_power)(const float* spectrum, float* power, std::size_t channels) noexcept;
  /// The same, and square[k] += |spectrum[k]|^4.
  void (*add_moments)(const float* spectrum, float* power, float* square, std::size_t channels) noexcept;
  /// sum[k] += power[k], and power[k] = 0.
  void (*flush)(float* power, double* sum, std::size_t channels) noexcept;
};

}  // namespace astro::signal
