// SPDX-License-Identifier: BSD-3-Clause
#include "files/packed.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace astro::files {
namespace {

static_assert(std::endian::native == std::endian::little, "the numbers in the file are little endian");

void unpack_small(std::span<const std::byte> packed, unsigned bits, std::span<float> into) {
  const unsigned mask = (1U << bits) - 1U;
  const std::size_t in_byte = 8 / bits;
  for (std::size_t i = 0; i < into.size(); ++i) {
    const auto shift = static_cast<unsigned>(i % in_byte) * bits;
    into[i] = static_cast<float>((std::to_integer<unsigned>(packed[i / in_byte]) >> shift) & mask);
  }
}

/// Rounded and cut to 0 ... largest.
unsigned whole(float number, float largest) {
  if (!(number > 0.0F)) return 0;
  return static_cast<unsigned>(std::lround(std::min(number, largest)));
}

}  // namespace

bool is_packed_width(long long bits) noexcept {
  return bits == 1 || bits == 2 || bits == 4 || bits == 8 || bits == 16 || bits == 32;
}

void unpack(std::span<const std::byte> packed, int bits, std::span<float> into) {
  if (bits == 32) {
    std::memcpy(into.data(), packed.data(), into.size_bytes());
  } else if (bits == 16) {
    for (std::size_t i = 0; i < into.size(); ++i) {
      std::uint16_t number = 0;
      std::memcpy(&number, packed.data() + 2 * i, sizeof number);
      into[i] = static_cast<float>(number);
    }
  } else {
    unpack_small(packed, static_cast<unsigned>(bits), into);
  }
}

std::vector<std::byte> pack(std::span<const float> numbers, int bits) {
  std::vector<std::byte> packed((numbers.size() * static_cast<std::size_t>(bits) + 7) / 8);
  if (bits == 32) {
    std::memcpy(packed.data(), numbers.data(), numbers.size_bytes());
    return packed;
  }
  const auto width = static_cast<unsigned>(bits);
  const auto largest = static_cast<float>((1U << width) - 1U);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const unsigned number = whole(numbers[i], largest);
    const std::size_t bit = i * width;
    packed[bit / 8] |= static_cast<std::byte>((number << (bit % 8)) & 0xFFU);
    if (bits == 16) packed[bit / 8 + 1] = static_cast<std::byte>(number >> 8U);
  }
  return packed;
}

}  // namespace astro::files
