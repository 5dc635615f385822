// SPDX-License-Identifier: BSD-3-Clause
#include "files/rice.hpp"

#include <algorithm>

namespace astro::files {
namespace {

/// Bits from the highest of each byte on.
class Bits {
 public:
  explicit Bits(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::uint32_t take(unsigned count) {
    while (held_ < count) {
      is_over_ = is_over_ || at_ == bytes_.size();
      const std::uint64_t next = is_over_ ? 0 : std::to_integer<std::uint64_t>(bytes_[at_++]);
      bits_ = bits_ << 8U | next;
      held_ += 8;
    }
    held_ -= count;
    return static_cast<std::uint32_t>(bits_ >> held_ & ((std::uint64_t{1} << count) - 1));
  }

  /// Zeros before the next one, which is taken, too.
  std::uint32_t zeros() {
    std::uint32_t count = 0;
    while (!is_over_ && take(1) == 0) ++count;
    return count;
  }

  bool is_over() const noexcept { return is_over_; }

 private:
  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
  std::uint64_t bits_ = 0;
  unsigned held_ = 0;
  bool is_over_ = false;
};

struct Widths {
  unsigned choice;  ///< bits that say how the block is coded
  unsigned plain;   ///< which choice means that its differences are not coded
  unsigned bits;    ///< of a number
};

Widths widths_of(std::size_t bytes_each) noexcept {
  if (bytes_each == 1) return {3, 6, 8};
  if (bytes_each == 2) return {4, 14, 16};
  return {5, 25, 32};
}

/// Differences alternate in sign: 0, -1, 1, -2, ...
std::uint32_t unfolded(std::uint32_t folded) noexcept { return (folded & 1U) != 0 ? ~(folded >> 1U) : folded >> 1U; }

std::int32_t number_of(std::uint32_t bits, std::size_t bytes_each) noexcept {
  if (bytes_each == 1) return static_cast<std::uint8_t>(bits);
  if (bytes_each == 2) return static_cast<std::int16_t>(static_cast<std::uint16_t>(bits));
  return static_cast<std::int32_t>(bits);
}

}  // namespace

std::optional<std::vector<std::int32_t>> rice_decoded(std::span<const std::byte> code, std::size_t count,
                                                      std::size_t bytes_each, std::size_t block) {
  const Widths widths = widths_of(bytes_each);
  Bits bits(code);
  std::vector<std::int32_t> numbers(count);
  std::uint32_t last = bits.take(widths.bits);
  for (std::size_t begin = 0; begin < count && !bits.is_over(); begin += block) {
    // 0: all differences are 0; else the low bits that stand as they are, plus one.
    const std::uint32_t choice = bits.take(widths.choice);
    const std::uint32_t low = choice - 1;
    for (std::size_t i = begin; i < std::min(begin + block, count); ++i) {
      if (choice > widths.plain) {
        last += unfolded(bits.take(widths.bits));
      } else if (choice > 0) {
        const std::uint32_t high = bits.zeros();
        last += unfolded(high << low | bits.take(low));
      }
      numbers[i] = number_of(last, bytes_each);
    }
  }
  if (bits.is_over()) return std::nullopt;
  return numbers;
}

}  // namespace astro::files
