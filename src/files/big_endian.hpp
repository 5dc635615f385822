// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace astro::files {

/// A number as FITS stores it.
template <class T>
T big_endian(const std::byte* at) noexcept {
  using Bits = std::conditional_t<sizeof(T) == 1, std::uint8_t,
                                  std::conditional_t<sizeof(T) == 2, std::uint16_t,
                                                     std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>>;
  static_assert(sizeof(Bits) == sizeof(T));
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) bits = bits << 8U | std::to_integer<std::uint64_t>(at[i]);
  return std::bit_cast<T>(static_cast<Bits>(bits));
}

}  // namespace astro::files
