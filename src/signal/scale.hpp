// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "astro/value.hpp"

namespace astro::signal {

/// What brings the integers of a sample to [-1, 1], after `zero_of` is taken off them.
inline double scale_of(Dtype dtype) noexcept {
  switch (dtype) {
    case Dtype::u8:
    case Dtype::cu8:
      return 1.0 / 127.5;
    case Dtype::i8:
    case Dtype::ci8:
      return 1.0 / 128.0;
    case Dtype::i16:
    case Dtype::ci16:
      return 1.0 / 32768.0;
    default:
      return 1.0;
  }
}

inline double zero_of(Dtype dtype) noexcept { return dtype == Dtype::u8 || dtype == Dtype::cu8 ? 127.5 : 0.0; }

}  // namespace astro::signal
