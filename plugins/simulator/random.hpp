// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

namespace simulator {

/// Mixes 64 bits (the finaliser of SplitMix64: Steele, Lea, Flood 2014, OOPSLA, fig. 17).
constexpr std::uint64_t mix(std::uint64_t x) noexcept {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

/// A key from two: what is random at an index is a function of seed and index alone, so that it is
/// the same in whatever order and portions it is asked for.
constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept { return mix(mix(a) ^ b); }

constexpr std::uint64_t mix(std::uint64_t a, std::string_view text) noexcept {
  for (const char c : text) a = mix(a, static_cast<unsigned char>(c));
  return a;
}

/// A number in [0, 1) from 64 random bits.
constexpr double unit(std::uint64_t bits) noexcept { return static_cast<double>(bits >> 11) * 0x1p-53; }

/// xoshiro256++ (Blackman and Vigna 2021, ACM Trans. Math. Softw. 47, 36).
class Random {
 public:
  using result_type = std::uint64_t;

  explicit constexpr Random(std::uint64_t seed) noexcept {
    for (auto& word : state_) word = seed = mix(seed);
  }
  static constexpr result_type min() noexcept { return 0; }
  static constexpr result_type max() noexcept { return ~result_type{0}; }

  constexpr result_type operator()() noexcept {
    const std::uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }
  constexpr double uniform() noexcept { return unit((*this)()); }

 private:
  std::uint64_t state_[4]{};
};

}  // namespace simulator
