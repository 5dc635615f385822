// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstdint>

#include "astro/block.hpp"

namespace astro::signal {

/// What of a stream went into an average, in items since its first one. The sample index is the
/// clock: the time of the first block counts, and everything after it comes from the index.
class Coverage {
 public:
  /// Takes note of a block before its items are used; returns whether it follows the last one
  /// without a gap. An index that runs backwards is a stream that began anew: it counts as a gap of
  /// what the block says was lost.
  bool follows(const Block& block) noexcept {
    if (!begun_) {
      begun_ = true;
      start_ = block.time;
      lost_ = block.lost;
      next_first_ = block.first;
      return true;
    }
    const std::uint64_t jump = block.first > next_first_ ? block.first - next_first_ : 0;
    const bool gap = block.lost > 0 || block.first != next_first_;
    const std::uint64_t missing = std::max(jump, block.lost);
    position_ += missing;
    lost_ += missing;
    next_first_ = block.first;
    return !gap;
  }

  /// Items of the block that were looked at, whether or not they are used in the end.
  void advance(std::uint64_t items) noexcept {
    position_ += items;
    next_first_ += items;
  }

  /// The last `items` that were looked at are part of the average.
  void use(std::uint64_t items) noexcept {
    const auto count = static_cast<double>(items);
    used_ += items;
    end_ = position_;
    middle_sum_ += count * (static_cast<double>(position_) - 0.5 * count);
  }

  Time start() const noexcept { return start_; }
  std::uint64_t used() const noexcept { return used_; }
  std::uint64_t lost() const noexcept { return lost_; }
  std::uint64_t length() const noexcept { return end_; }  ///< from the first item to the end of the last one used
  double middle() const noexcept { return used_ == 0 ? 0.0 : middle_sum_ / static_cast<double>(used_); }

 private:
  bool begun_ = false;
  Time start_{};
  std::uint64_t next_first_ = 0;  ///< index that the next block has if nothing is missing
  std::uint64_t position_ = 0;
  std::uint64_t used_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t end_ = 0;
  double middle_sum_ = 0.0;
};

}  // namespace astro::signal
