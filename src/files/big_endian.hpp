// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>

namespace astro::files {

/// A number as FITS stores it.
template <class T>
T big_endian(const std::byte* at) noexcept {
  std::array<std::byte, sizeof(T)> bytes{};
  std::copy(at, at + sizeof(T), bytes.begin());
  if constexpr (std::endian::native == std::endian::little) std::reverse(bytes.begin(), bytes.end());
  return std::bit_cast<T>(bytes);
}

}  // namespace astro::files
